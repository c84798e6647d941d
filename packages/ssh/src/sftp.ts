/** SFTP in promises: what the server refuses has the name that systems give it, and what breaks is a lost connection. */
import type { DiskSpace } from '@argonaut/runner/ports';
import type { Attributes, FileEntryWithStats, InputAttributes, Stats } from 'ssh2';
import { sshFailure } from './errors.ts';
import type { Session } from './session.ts';

/** The server refused. `code` is POSIX's name where SFTP has one for it. */
export class SftpRefusal extends Error {
  readonly code: 'ENOENT' | 'EACCES' | 'FAILURE';

  constructor(code: SftpRefusal['code'], cause: Error) {
    super(cause.message, { cause });
    this.code = code;
  }
}

/** Version 3 of the protocol knows few reasons (draft-ietf-secsh-filexfer-02, 7); everything else is `FAILURE`. */
const codes: Readonly<Record<number, SftpRefusal['code']>> = { 2: 'ENOENT', 3: 'EACCES' };
const endOfFile = 1;

type Done<T> = (error: Error | null | undefined, value: T) => void;

export class Sftp {
  readonly #session: Session;
  readonly #signal: AbortSignal;

  constructor(session: Session, signal: AbortSignal) {
    this.#session = session;
    this.#signal = signal;
  }

  lstat(path: string): Promise<Stats> {
    return this.#call((done: Done<Stats>) => this.#wrapper.lstat(path, done));
  }

  mkdir(path: string, mode: number): Promise<void> {
    return this.#call((done: Done<void>) =>
      this.#wrapper.mkdir(path, { mode } as InputAttributes, (error) => done(error, undefined)),
    );
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.#call((done: Done<void>) =>
      this.#wrapper.chmod(path, mode, (error) => done(error, undefined)),
    );
  }

  async readdir(path: string): Promise<readonly FileEntryWithStats[]> {
    const all = await this.#call((done: Done<FileEntryWithStats[]>) => this.#wrapper.readdir(path, done));
    return all.filter(({ filename }) => filename !== '.' && filename !== '..');
  }

  unlink(path: string): Promise<void> {
    return this.#call((done: Done<void>) => this.#wrapper.unlink(path, (error) => done(error, undefined)));
  }

  symlink(target: string, path: string): Promise<void> {
    return this.#call((done: Done<void>) =>
      this.#wrapper.symlink(target, path, (error) => done(error, undefined)),
    );
  }

  /** Renames as POSIX does: over what is there. */
  rename(from: string, to: string): Promise<void> {
    return this.#call((done: Done<void>) =>
      this.#wrapper.ext_openssh_rename(from, to, (error) => done(error, undefined)),
    );
  }

  space(path: string): Promise<DiskSpace> {
    return this.#call((done: Done<{ f_blocks: number; f_bavail: number; f_frsize: number }>) =>
      this.#wrapper.ext_openssh_statvfs(path, done),
    ).then(({ f_blocks, f_bavail, f_frsize }) => {
      const block = Number(f_frsize);
      return { totalBytes: Number(f_blocks) * block, freeBytes: Number(f_bavail) * block };
    });
  }

  openToRead(path: string): Promise<Buffer> {
    return this.#call((done: Done<Buffer>) => this.#wrapper.open(path, 'r', done));
  }

  /** A new file, which must not be there. */
  create(path: string, mode: number): Promise<Buffer> {
    return this.#call((done: Done<Buffer>) => this.#wrapper.open(path, 'wx', mode, done));
  }

  fstat(handle: Buffer): Promise<Stats> {
    return this.#call((done: Done<Stats>) => this.#wrapper.fstat(handle, done));
  }

  setMode(handle: Buffer, mode: number): Promise<void> {
    return this.#call((done: Done<void>) =>
      this.#wrapper.fchmod(handle, mode, (error) => done(error, undefined)),
    );
  }

  /** Up to `length` bytes; fewer at the end of the file, or when the server gives fewer. */
  read(handle: Buffer, offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(length);
    return this.#call((done: Done<Buffer>) =>
      this.#wrapper.read(handle, buffer, 0, length, offset, (error, count) => {
        if (statusOf(error) === endOfFile) done(undefined, buffer.subarray(0, 0));
        else done(error, buffer.subarray(0, count));
      }),
    );
  }

  write(handle: Buffer, bytes: Uint8Array, offset = 0): Promise<void> {
    if (bytes.length === 0) return Promise.resolve();
    const buffer = Buffer.from(bytes);
    return this.#call((done: Done<void>) =>
      this.#wrapper.write(handle, buffer, 0, buffer.length, offset, (error) => done(error, undefined)),
    );
  }

  sync(handle: Buffer): Promise<void> {
    return this.#call((done: Done<void>) =>
      this.#wrapper.ext_openssh_fsync(handle, (error) => done(error, undefined)),
    );
  }

  close(handle: Buffer): Promise<void> {
    return this.#call((done: Done<void>) => this.#wrapper.close(handle, (error) => done(error, undefined)));
  }

  get #wrapper() {
    return this.#session.sftp;
  }

  async #call<T>(start: (done: Done<T>) => void): Promise<T> {
    try {
      return await this.#session.ask('answer over SFTP', start, this.#signal, undefined);
    } catch (error) {
      const status = statusOf(error);
      if (status === undefined) throw this.#broken(error);
      throw new SftpRefusal(codes[status] ?? 'FAILURE', error as Error);
    }
  }

  /** ssh2 ends requests of a dead channel with an error of its own, sometimes before it says that the connection is gone. */
  #broken(error: unknown): unknown {
    if (!(error instanceof Error) || error.message !== 'No response from server') return error;
    this.#session.abandon('The SFTP channel ended.');
    return sshFailure('lost', 'The SFTP channel ended.', error);
  }
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as Error & { readonly code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

export function kindOfFile(attributes: Attributes): 'file' | 'directory' | 'socket' | 'other' {
  const type = attributes.mode & 0o170000;
  if (type === 0o100000) return 'file';
  if (type === 0o040000) return 'directory';
  return type === 0o140000 ? 'socket' : 'other';
}
