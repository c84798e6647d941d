/** A Unix socket in front of an engine's, which tells of the calls that change a container while they are in flight. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';

export const CONTAINER_CALLS = ['create', 'start', 'remove'] as const;
export type ContainerCall = (typeof CONTAINER_CALLS)[number];

const REQUESTS: readonly (readonly [ContainerCall, RegExp])[] = [
  ['create', /^POST \S*\/containers\/create\b/],
  ['start', /^POST \S*\/containers\/[^/ ]+\/start\b/],
  ['remove', /^DELETE \S*\/containers\/[^/ ]+[ ?]/],
];

export interface WatchedSocket extends AsyncDisposable {
  readonly host: string;
  /** Resolves with a signal that is aborted when the next such call has been answered; rejects with `signal`. */
  next(call: ContainerCall, signal: AbortSignal): Promise<AbortSignal>;
}

/** Every request of ours has a connection of its own, so its first bytes say what it is. */
export async function watchSocket(target: string, path: string): Promise<WatchedSocket> {
  const waiting = new Map<ContainerCall, (answered: AbortSignal) => void>();
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: target, allowHalfOpen: true });
    const answered = new AbortController();
    client.once('data', (head: Buffer) => {
      const call = REQUESTS.find(([, request]) => request.test(head.toString('latin1', 0, 400)))?.[0];
      if (call === undefined) return;
      waiting.get(call)?.(answered.signal);
      waiting.delete(call);
    });
    engine.once('data', () => answered.abort());
    for (const socket of [client, engine]) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        open.delete(socket);
        answered.abort();
        client.destroy();
        engine.destroy();
      });
    }
    client.pipe(engine);
    engine.pipe(client);
  }).listen(path);
  await once(server, 'listening');
  return {
    host: `unix://${path}`,
    next: (call, signal) =>
      new Promise((resolve, reject) => {
        waiting.set(call, resolve);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await rm(path, { force: true });
    },
  };
}
