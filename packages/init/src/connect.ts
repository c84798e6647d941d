/** Connects to the control socket of an attempt directory on this machine. */
import { type FileHandle, open } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { attemptFiles } from './facts.ts';
import { GateError } from './gate-client.ts';

/**
 * Waits until `ctl` in `directory` accepts a connection, and returns it. A unix socket's path may hold 107 bytes only,
 * so the way leads through /proc/self/fd of the opened directory (Linux). Throws a `GateError` of kind `Unreachable`
 * after `deadlineMs`, or the signal's reason.
 */
export async function connectControl(
  directory: string,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal },
): Promise<Socket> {
  const end = performance.now() + options.deadlineMs;
  let last: unknown;
  do {
    options.signal?.throwIfAborted();
    let handle: FileHandle | undefined;
    try {
      handle = await open(directory, 'r');
      return await connectOnce(`/proc/self/fd/${handle.fd}/${attemptFiles.control}`);
    } catch (error) {
      last = error;
    } finally {
      await handle?.close();
    }
    await delay(5, undefined, options.signal === undefined ? {} : { signal: options.signal });
  } while (performance.now() < end);
  throw new GateError(
    'Unreachable',
    `the gate in ${directory} did not answer within ${options.deadlineMs} ms; init has not begun, or has ended`,
    { cause: last },
  );
}

function connectOnce(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
