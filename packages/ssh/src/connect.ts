/** Opens a worker over SSH. */
import type { Duplex } from 'node:stream';
import type { Files, Processes } from '@argonaut/runner/ports';
import { Connection } from './connection.ts';
import { askFacts, type WorkerFacts } from './facts.ts';
import { SshFiles } from './files.ts';
import { type SshOptions, settingsOf } from './options.ts';
import { SshProcesses } from './processes.ts';
import { Shell } from './shell.ts';
import { UnixSockets } from './unix-socket.ts';

/** A worker behind one SSH connection, which is made anew whenever it was lost and somebody needs it. */
export interface SshWorker extends AsyncDisposable {
  /** How messages name it: `user@host:port`. */
  readonly name: string;
  readonly facts: WorkerFacts;
  readonly files: Files;
  readonly processes: Processes;
  /** One more stream to the engine's socket, for an endpoint of kind `stream`. */
  readonly engineConnect: () => Promise<Duplex>;
  /** It is of no use any more: it is closed, or the machine has shown another host key. Another one may be opened. */
  readonly isOver: () => boolean;
  close(): Promise<void>;
}

/** A stream that is not there after this long never comes: the engine client has a deadline of its own for its answers. */
const engineConnectMs = 60_000;

/**
 * Logs in, checks the host key, and asks the machine whether it has what we need; nothing is installed there. Tries once.
 * @throws InfrastructureFailure with `details.ssh` (a `SshFault`), Invalid for a key or fingerprint that cannot be read.
 */
export async function connectSsh(options: SshOptions, signal: AbortSignal): Promise<SshWorker> {
  const settings = settingsOf(options);
  const connection = await Connection.open(settings, signal);
  try {
    const shell = new Shell(connection);
    const facts = await askFacts(shell, settings.name, signal);
    const sockets = new UnixSockets(connection, shell, facts.uid);
    const files = new SshFiles(connection, shell, sockets);
    const close = async (): Promise<void> => {
      files.close();
      connection.close();
    };
    return {
      name: settings.name,
      facts,
      files,
      processes: new SshProcesses(connection, shell, facts),
      engineConnect: () => sockets.connect(settings.engineSocket, AbortSignal.timeout(engineConnectMs)),
      isOver: () => connection.isOver,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}
