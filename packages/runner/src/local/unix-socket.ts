/**
 * Connects to Unix sockets. The kernel takes a path of at most 107 bytes, and Node says ENOENT to a longer one; through
 * the descriptor of the directory every path is short.
 */
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { InfrastructureFailure } from '@argonaut/contracts';

const longestPath = 107;

export async function connectUnix(path: string, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  if (Buffer.byteLength(path) <= longestPath) return open(path, path, signal);
  const directory = await fs
    .open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
    .catch((cause: NodeJS.ErrnoException) => {
      throw failure(path, cause);
    });
  try {
    return await open(`/proc/self/fd/${directory.fd}/${basename(path)}`, path, signal);
  } finally {
    await directory.close();
  }
}

function open(address: string, path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: address });
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    const settled = (): void => signal.removeEventListener('abort', abort);
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      settled();
      reject(failure(path, cause));
    });
    socket.once('connect', () => {
      settled();
      resolve(socket);
    });
  });
}

function failure(path: string, cause: NodeJS.ErrnoException): InfrastructureFailure {
  return new InfrastructureFailure(`Cannot connect to ${path}: ${cause.message}`, {
    cause,
    details: { code: cause.code ?? '' },
  });
}
