/**
 * A file that is open on the worker. Its handle belongs to one session; after a reconnect it is opened again by its path,
 * because nothing of the old one is left on the worker.
 */
import { InfrastructureFailure } from '@argonaut/contracts';
import type { OpenFile } from '@argonaut/runner/ports';
import type { Connection } from './connection.ts';
import type { Session } from './session.ts';
import { Sftp } from './sftp.ts';

/** Opens the file on this session without following a link; `undefined` when it is not there. */
export type OpenHandle = (session: Session, signal: AbortSignal) => Promise<Buffer | undefined>;

interface Opened {
  readonly session: Session;
  readonly handle: Buffer;
}

const closeDeadlineMs = 5_000;

export class SshFile implements OpenFile {
  readonly #connection: Connection;
  readonly #path: string;
  readonly #open: OpenHandle;
  #opened: Opened;
  #reopening: Promise<Opened> | undefined;

  constructor(connection: Connection, path: string, opened: Opened, open: OpenHandle) {
    this.#connection = connection;
    this.#path = path;
    this.#opened = opened;
    this.#open = open;
  }

  read(offset: number, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    return this.#use(signal, async (sftp, handle) => {
      // A reader that has caught up asks often: no buffer of its own size for nothing.
      const room = Math.min(maxBytes, (await sftp.fstat(handle)).size - offset);
      return room <= 0 ? new Uint8Array(0) : sftp.read(handle, offset, room);
    });
  }

  size(signal: AbortSignal): Promise<number> {
    return this.#use(signal, async (sftp, handle) => (await sftp.fstat(handle)).size);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { session, handle } = this.#opened;
    if (session.isLost) return;
    // The server forgets handles with the session; one that is not closed now is no loss.
    await new Sftp(session, AbortSignal.timeout(closeDeadlineMs)).close(handle).catch(() => {});
  }

  #use<T>(signal: AbortSignal, work: (sftp: Sftp, handle: Buffer) => Promise<T>): Promise<T> {
    return this.#connection.use(async (session) => {
      if (this.#opened.session !== session) {
        this.#reopening ??= this.#reopen(session, signal).finally(() => {
          this.#reopening = undefined;
        });
        this.#opened = await this.#reopening;
      }
      return work(new Sftp(session, signal), this.#opened.handle);
    }, signal);
  }

  async #reopen(session: Session, signal: AbortSignal): Promise<Opened> {
    const handle = await this.#open(session, signal);
    if (handle) return { session, handle };
    throw new InfrastructureFailure(
      `${this.#path} on ${this.#connection.name} was deleted while the connection was lost.`,
    );
  }
}
