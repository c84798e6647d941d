/**
 * Where an engine is reached: a Unix socket, a TCP address, or a stream that somebody else makes (an SSH tunnel).
 * Every request has a connection of its own: connecting costs a tenth of a millisecond on a Unix socket, and a
 * connection that the engine has closed in the meantime can then never make a call fail whose effect is unknown.
 */
import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { Invalid } from '@argonaut/contracts';

export type EngineEndpoint =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'stream';
      /** How messages name it, such as `worker-3 over SSH`. */
      readonly name: string;
      readonly connect: () => Promise<Duplex>;
    };

const defaultSocket = '/var/run/docker.sock';

/** Reads `DOCKER_HOST` as the docker command does: `unix://`, `tcp://`, `http://`; empty means the usual socket. */
export function endpointFromDockerHost(dockerHost: string | undefined): EngineEndpoint {
  if (!dockerHost) return { kind: 'socket', path: defaultSocket };
  if (dockerHost.startsWith('unix://')) return { kind: 'socket', path: dockerHost.slice('unix://'.length) };
  const url = URL.parse(dockerHost.replace(/^tcp:/, 'http:'));
  if (url?.protocol !== 'http:') {
    throw new Invalid(
      `DOCKER_HOST=${dockerHost} is not understood: use unix:///path/to/docker.sock or tcp://host:port.`,
    );
  }
  return { kind: 'tcp', host: url.hostname, port: Number(url.port || 2375) };
}

export function describeEndpoint(endpoint: EngineEndpoint): string {
  if (endpoint.kind === 'socket') return endpoint.path;
  return endpoint.kind === 'tcp' ? `${endpoint.host}:${endpoint.port}` : endpoint.name;
}

/** An agent that makes its connections from a function; `http` accepts any duplex stream. */
class StreamAgent extends Agent {
  readonly #connect: () => Promise<Duplex>;

  constructor(connect: () => Promise<Duplex>) {
    super({ keepAlive: false });
    this.#connect = connect;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#connect().then(
      (stream) => callback?.(null, stream),
      // The stream is not looked at when there is an error, but the type asks for one.
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
  }
}

/** What `http.request` needs to reach the endpoint. */
export function connectionOptions(endpoint: EngineEndpoint): ClientRequestArgs {
  if (endpoint.kind === 'socket') return { socketPath: endpoint.path, agent: false };
  if (endpoint.kind === 'tcp') return { host: endpoint.host, port: endpoint.port, agent: false };
  return { agent: new StreamAgent(endpoint.connect) };
}
