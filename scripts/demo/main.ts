/**
 * `npm run demo`: an empty server, a project whose three steps run in containers, a release, its deployment, and the log
 * as it comes. Leaves the server running until it is interrupted; with `--once` it stops it and ends with the
 * deployment's result.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes, followTask, TerminalDisplay } from '@argonaut/cli';
import { Secret } from '@argonaut/contracts';
import { createApi } from './api.ts';
import { demoImages } from './images.ts';
import { makeRelease } from './project.ts';

const PREFERRED_PORT = 8080;
const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 20_000;

const stopAfterwards = process.argv.includes('--once');
const say = (line: string) => process.stdout.write(`${line}\n`);

const images = await demoImages(say);
const data = await mkdtemp(join(tmpdir(), 'argonaut-demo-'));
const port = (await isFree(PREFERRED_PORT)) ? PREFERRED_PORT : await freePort();
const address = `http://127.0.0.1:${port}`;
const apiKey = new Secret(`API-${randomBytes(16).toString('hex').toUpperCase()}`);
const server = startServer();
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

let code: number = exitCodes.error;
try {
  await answering();
  say(`The server runs on ${address}; its data is in ${data}`);
  code = await deploy();
  if (!stopAfterwards && !interrupted.signal.aborted) {
    say(`\nServer:       ${address}`);
    say(`API key:      ${apiKey.reveal()}`);
    say(`The API page: ${address}/api/docs`);
    say('Interrupt (Ctrl-C) to stop it and remove its data.');
    await Promise.race([once(interrupted.signal, 'abort'), once(server, 'exit')]);
  }
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
} finally {
  await stop();
}
process.exit(code);

function startServer(): ChildProcess {
  const command = join(import.meta.dirname, '../../packages/cli/bin/argonaut.js');
  return spawn(process.execPath, [command, 'server'], {
    // A group of its own: an interrupt at the terminal reaches us first, and we stop it in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      ARGONAUT_DATA: data,
      ARGONAUT_HOST: '127.0.0.1',
      ARGONAUT_PORT: String(port),
      ARGONAUT_ADMIN_API_KEY: apiKey.reveal(),
    },
  });
}

async function answering(): Promise<void> {
  const deadline = Date.now() + START_WITHIN_MS;
  while (Date.now() < deadline && server.exitCode === null && !interrupted.signal.aborted) {
    const answer = await fetch(`${address}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error(`The server did not answer on ${address} within ${START_WITHIN_MS / 1000} s.`);
}

/** Makes the release, deploys it and shows its log. Resolves with the exit code. */
async function deploy(): Promise<number> {
  const api = createApi(address, apiKey);
  const { release, environment } = await makeRelease(api, images);
  const began = Date.now();
  const deployment = await api.post('/deployments', { ReleaseId: release.Id, EnvironmentId: environment.Id });
  const task = String(deployment.TaskId);
  say(`${deployment.Name}, as ${task}\n`);
  const display = new TerminalDisplay({
    write: (text) => process.stdout.write(text),
    colours: process.stdout.isTTY === true,
    verbose: false,
  });
  const end = await followTask({ server: address, apiKey, task, signal: interrupted.signal }, display);
  display.end(end.state, end.errorMessage, Date.now() - began);
  return end.state === 'Success' ? exitCodes.success : exitCodes.scriptFailed;
}

async function stop(): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const gone = once(server, 'exit');
    server.kill('SIGTERM');
    await Promise.race([gone, sleep(STOP_WITHIN_MS).then(() => server.kill('SIGKILL'))]);
  }
  await rm(data, { recursive: true, force: true });
}

async function isFree(wanted: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(wanted, '127.0.0.1');
    await once(probe, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const bound = probe.address();
  probe.close();
  if (bound === null || typeof bound === 'string') throw new Error('No free port can be found.');
  return bound.port;
}
