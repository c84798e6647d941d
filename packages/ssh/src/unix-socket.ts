/**
 * Streams to Unix sockets of the worker. The kernel takes a path of at most 107 bytes; a longer one is reached through a
 * short link in a directory of our own that nobody else can enter.
 */
import { randomBytes } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { InfrastructureFailure } from '@argonaut/contracts';
import type { Connection } from './connection.ts';
import { quote } from './quote.ts';
import type { Session } from './session.ts';
import { kindOfFile, Sftp, SftpRefusal } from './sftp.ts';
import type { Shell } from './shell.ts';

const longestPath = 107;

export class UnixSockets {
  readonly #connection: Connection;
  readonly #shell: Shell;
  readonly #shortcuts: string;

  /** `uid`: who we are on the worker. */
  constructor(connection: Connection, shell: Shell, uid: number) {
    this.#connection = connection;
    this.#shell = shell;
    this.#shortcuts = `/tmp/argonaut-ssh-${uid}`;
  }

  connect(path: string, signal: AbortSignal): Promise<Duplex> {
    return this.#connection.use(async (session) => {
      if (Buffer.byteLength(path) <= longestPath) return this.#forward(session, path, path, signal);
      const sftp = new Sftp(session, signal);
      const link = `${await this.#shortcutDirectory(sftp)}/${randomBytes(6).toString('hex')}`;
      await sftp.symlink(dirname(path), link);
      try {
        return await this.#forward(session, `${link}/${basename(path)}`, path, signal);
      } finally {
        // The connection is made, or never will be; a link that stays behind after a lost session leads nowhere soon.
        await sftp.unlink(link).catch(() => {});
      }
    }, signal);
  }

  async #forward(session: Session, address: string, path: string, signal: AbortSignal): Promise<Duplex> {
    try {
      const stream = await session.forward(address, signal);
      // Whoever uses the stream listens for errors; between now and then nobody does.
      stream.on('error', () => {});
      return asSocket(stream);
    } catch (cause) {
      if (session.isLost || signal.aborted) throw cause;
      throw await this.#explain(session, path, cause as Error, signal);
    }
  }

  /** The server says only that it failed: what is there tells why. */
  async #explain(session: Session, path: string, cause: Error, signal: AbortSignal): Promise<Error> {
    const name = this.#connection.name;
    const failure = (code: string, why: string) =>
      new InfrastructureFailure(`Cannot connect to ${path} on ${name}: ${why}`, { cause, details: { code } });
    try {
      const state = await new Sftp(session, signal).lstat(path);
      if (kindOfFile(state) !== 'socket' && kindOfFile(state) !== 'other') {
        return failure('ECONNREFUSED', 'it is not a socket.');
      }
    } catch (error) {
      if (!(error instanceof SftpRefusal)) throw error;
      return error.code === 'EACCES'
        ? failure('EACCES', 'this user may not look there.')
        : failure('ENOENT', 'there is no such socket.');
    }
    const { code } = await this.#shell.run(`[ -w ${quote(path)} ]`, signal);
    if (code !== 0)
      return failure('EACCES', 'this user may not open it; for Docker, add it to the group "docker".');
    return failure(
      'ECONNREFUSED',
      'nobody listens there, or sshd forbids it (AllowStreamLocalForwarding, DisableForwarding).',
    );
  }

  /** @throws InfrastructureFailure when somebody else was there before us. */
  async #shortcutDirectory(sftp: Sftp): Promise<string> {
    const path = this.#shortcuts;
    await sftp.mkdir(path, 0o700).catch((error: unknown) => {
      if (!(error instanceof SftpRefusal)) throw error;
    });
    const { mode, uid } = await sftp.lstat(path);
    if ((mode & 0o170777) !== 0o040700 || !path.endsWith(`-${uid}`)) {
      throw new InfrastructureFailure(
        `${path} on ${this.#connection.name} does not belong to this user alone. Remove it; it is made anew.`,
      );
    }
    return path;
  }
}

/** `node:http` takes any stream, but calls these on it as on a socket. */
function asSocket(stream: Duplex): Duplex {
  const ignored = () => stream;
  return Object.assign(stream, {
    setKeepAlive: ignored,
    setNoDelay: ignored,
    setTimeout: ignored,
    ref: ignored,
    unref: ignored,
  });
}
