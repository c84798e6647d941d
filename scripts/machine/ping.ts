/**
 * Answers whether a Docker engine is reachable: exit code 0 when `/_ping` says OK within two seconds.
 * Reads DOCKER_HOST as the docker command does (`unix://`, `tcp://`, `http://`); default /var/run/docker.sock.
 */
import { type RequestOptions, request } from 'node:http';

function address(dockerHost: string | undefined): RequestOptions {
  if (!dockerHost) return { socketPath: '/var/run/docker.sock' };
  if (dockerHost.startsWith('unix://')) return { socketPath: dockerHost.slice('unix://'.length) };
  const url = new URL(dockerHost.replace(/^tcp:/, 'http:'));
  if (url.protocol !== 'http:') {
    console.error(`DOCKER_HOST=${dockerHost}: only unix://, tcp:// and http:// are understood here`);
    process.exit(2);
  }
  return { host: url.hostname, port: url.port || 2375 };
}

const ping = request(
  { ...address(process.env.DOCKER_HOST), path: '/_ping', signal: AbortSignal.timeout(2_000) },
  (response) => {
    response.resume();
    response.on('end', () => process.exit(response.statusCode === 200 ? 0 : 1));
  },
);
ping.on('error', () => process.exit(1));
ping.end();
