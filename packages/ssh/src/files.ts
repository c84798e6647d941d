/**
 * The worker's file system over SFTP; what SFTP cannot do (trees, files without following links) does a short script.
 * Writing is durable as far as SFTP can say: the file is synced before its rename, the directory is not.
 */
import { randomBytes } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { InfrastructureFailure } from '@argonaut/contracts';
import type { DiskSpace, FileState, Files, OpenFile, TreeEntry } from '@argonaut/runner/ports';
import type { Connection, UseOptions } from './connection.ts';
import { DirectoryChanges } from './directory-changes.ts';
import { SshFile } from './open-file.ts';
import { quote } from './quote.ts';
import type { Session } from './session.ts';
import { kindOfFile, Sftp, SftpRefusal } from './sftp.ts';
import type { Shell } from './shell.ts';
import { treeBelow } from './tree.ts';
import type { UnixSockets } from './unix-socket.ts';
import { holdVerified, missingCode, readVerified } from './verified-open.ts';

export class SshFiles implements Files {
  readonly #connection: Connection;
  readonly #shell: Shell;
  readonly #sockets: UnixSockets;
  readonly #changes: DirectoryChanges;

  constructor(connection: Connection, shell: Shell, sockets: UnixSockets) {
    this.#connection = connection;
    this.#shell = shell;
    this.#sockets = sockets;
    this.#changes = new DirectoryChanges(connection);
  }

  makeDirectory(path: string, mode: number, signal: AbortSignal): Promise<void> {
    return this.#use('create directory', path, signal, async (sftp) => {
      await makeWithParents(sftp, path, mode);
      await sftp.chmod(path, mode);
    });
  }

  writeFile(path: string, bytes: Uint8Array, mode: number, signal: AbortSignal): Promise<void> {
    return this.#use('write', path, signal, async (sftp) => {
      const beside = `${dirname(path)}/.${basename(path)}.${randomBytes(6).toString('hex')}`;
      try {
        const handle = await sftp.create(beside, mode);
        try {
          await writeParts(sftp, handle, bytes, 0);
          await sftp.setMode(handle, mode);
          await sftp.sync(handle);
        } finally {
          await sftp.close(handle);
        }
        await sftp.rename(beside, path);
      } catch (error) {
        await sftp.unlink(beside).catch(() => {});
        throw error;
      }
    });
  }

  /** A lost connection ends it: what has been read of the content cannot be read again. */
  async createFile(
    path: string,
    mode: number,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void> {
    const write = async (sftp: Sftp): Promise<void> => {
      const handle = await sftp.create(path, mode);
      try {
        let offset = 0;
        for await (const chunk of content) {
          await writeParts(sftp, handle, chunk, offset);
          offset += chunk.length;
        }
        await sftp.setMode(handle, mode);
      } finally {
        await sftp.close(handle);
      }
    };
    await this.#use('create', path, signal, write, { repeatable: false });
  }

  makeLink(path: string, target: string, signal: AbortSignal): Promise<void> {
    return this.#use('make the link', path, signal, (sftp) => sftp.symlink(target, path));
  }

  rename(from: string, to: string, signal: AbortSignal): Promise<void> {
    return this.#use('rename', from, signal, (sftp) => sftp.rename(from, to));
  }

  /** On the worker itself: nothing of it travels. */
  async copy(from: string, to: string, signal: AbortSignal): Promise<void> {
    const [source, target] = [quote(from), quote(to)];
    const script = `if [ -d ${source} ]; then cp -pPR ${source}/. ${target}; else [ ! -e ${target} ] && cp -pPR ${source} ${target}; fi </dev/null`;
    const { code, stderr } = await this.#shell.run(script, signal, { mayTakeLong: true });
    if (code !== 0) throw this.#failure('copy', from, stderr || `${to} exists already.`);
  }

  walk(directory: string, mostEntries: number, signal: AbortSignal): Promise<readonly TreeEntry[]> {
    return this.#use('look through', directory, signal, (sftp) => treeBelow(sftp, directory, mostEntries));
  }

  stat(path: string, signal: AbortSignal): Promise<FileState | undefined> {
    return this.#orMissing('look at', path, signal, async (sftp) => {
      const attributes = await sftp.lstat(path);
      return { kind: kindOfFile(attributes), size: attributes.size, modifiedMs: attributes.mtime * 1000 };
    });
  }

  async realPath(path: string, signal: AbortSignal): Promise<string | undefined> {
    const { code, stdout, stderr } = await this.#shell.run(
      `[ -e ${quote(path)} ] || exit ${missingCode}; readlink -f -- ${quote(path)} </dev/null`,
      signal,
    );
    if (code === missingCode) return undefined;
    if (code !== 0) throw this.#failure('look at', path, stderr);
    return Buffer.from(stdout).toString('utf8').replace(/\n$/, '');
  }

  async readFile(path: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (!(await this.#isFile(path, signal))) return undefined;
    const script = readVerified(path, maxBytes + 1);
    const { code, stdout, stderr } = await this.#shell.run(script, signal, { maxBytes: maxBytes + 1 });
    if (code === missingCode) return undefined;
    if (code !== 0) throw this.#failure('read', path, stderr || 'it was replaced by something else.');
    if (stdout.length > maxBytes) {
      throw new InfrastructureFailure(
        `${path} on ${this.#connection.name} is larger than ${maxBytes} bytes.`,
      );
    }
    return stdout;
  }

  async openFile(path: string, signal: AbortSignal): Promise<OpenFile | undefined> {
    if (!(await this.#isFile(path, signal))) return undefined;
    const open = (session: Session, within: AbortSignal) => this.#openVerified(session, path, within);
    return this.#connection.use(async (session) => {
      const handle = await open(session, signal);
      return handle && new SshFile(this.#connection, path, { session, handle }, open);
    }, signal);
  }

  async list(path: string, signal: AbortSignal): Promise<readonly string[]> {
    const found = await this.#orMissing('list', path, signal, (sftp) => sftp.readdir(path));
    return (found ?? []).map(({ filename }) => filename);
  }

  /** `rm` keeps to the tree even while somebody changes it. */
  async remove(path: string, signal: AbortSignal): Promise<void> {
    const script = `rm -rf -- ${quote(path)} </dev/null`;
    const { code, stderr } = await this.#shell.run(script, signal, { mayTakeLong: true });
    if (code !== 0) throw this.#failure('remove', path, stderr);
  }

  waitForChange(directory: string, maxMs: number, signal: AbortSignal): Promise<void> {
    return this.#changes.wait(directory, maxMs, signal);
  }

  connect(path: string, signal: AbortSignal): Promise<Duplex> {
    return this.#sockets.connect(path, signal);
  }

  space(path: string, signal: AbortSignal): Promise<DiskSpace | undefined> {
    return this.#orMissing('ask for space at', path, signal, (sftp) => sftp.space(path));
  }

  close(): void {
    this.#changes.close();
  }

  async #openVerified(session: Session, path: string, signal: AbortSignal): Promise<Buffer | undefined> {
    const opened = await this.#shell.during(
      session,
      holdVerified(path),
      (held) => new Sftp(session, signal).openToRead(held),
      signal,
    );
    if ('used' in opened) return opened.used;
    if (opened.code === missingCode) return undefined;
    throw this.#failure('open', path, opened.stderr || 'it was replaced by something else.');
  }

  async #isFile(path: string, signal: AbortSignal): Promise<boolean> {
    const state = await this.stat(path, signal);
    if (!state) return false;
    if (state.kind === 'file') return true;
    throw new InfrastructureFailure(`${path} on ${this.#connection.name} is not a file.`);
  }

  async #use<T>(
    what: string,
    path: string,
    signal: AbortSignal,
    work: (sftp: Sftp) => Promise<T>,
    options: UseOptions = { repeatable: true },
  ): Promise<T> {
    return this.#connection.use(
      async (session) => {
        try {
          return await work(new Sftp(session, signal));
        } catch (error) {
          throw error instanceof SftpRefusal ? this.#failure(what, path, error) : error;
        }
      },
      signal,
      options,
    );
  }

  #orMissing<T>(
    what: string,
    path: string,
    signal: AbortSignal,
    work: (sftp: Sftp) => Promise<T>,
  ): Promise<T | undefined> {
    return this.#use(what, path, signal, async (sftp) => {
      try {
        return await work(sftp);
      } catch (error) {
        if (error instanceof SftpRefusal && error.code === 'ENOENT') return undefined;
        throw error;
      }
    });
  }

  #failure(what: string, path: string, why: SftpRefusal | string): InfrastructureFailure {
    const code = typeof why === 'string' ? '' : why.code;
    const reason = typeof why === 'string' ? why : (remedies[why.code] ?? why.message);
    return new InfrastructureFailure(`Cannot ${what} ${path} on ${this.#connection.name}: ${reason}`, {
      details: { code },
      ...(typeof why === 'string' ? {} : { cause: why }),
    });
  }
}

const remedies: Readonly<Partial<Record<SftpRefusal['code'], string>>> = {
  ENOENT: 'there is no such directory.',
  EACCES: 'this user may not; check owner and mode.',
  // SFTP does not tell a full disk from anything else.
  FAILURE: 'the worker refuses it without a reason; the disk may be full, or the file system read-only.',
};

/** What every server takes in one packet (draft-ietf-secsh-filexfer-02, 3). */
const partBytes = 32 * 1024;

/** On their way at once. Each has a deadline from then on, which the last one of many would miss on a slow line. */
const partsAtOnce = 16;

/** Many parts at once: otherwise a way of 20 ms would mean 1.6 MB a second. */
async function writeParts(sftp: Sftp, handle: Buffer, chunk: Uint8Array, offset: number): Promise<void> {
  const most = partsAtOnce * partBytes;
  for (let from = 0; from < chunk.length; from += most) {
    const parts: Promise<void>[] = [];
    for (let at = from; at < Math.min(from + most, chunk.length); at += partBytes) {
      parts.push(sftp.write(handle, chunk.subarray(at, at + partBytes), offset + at));
    }
    await Promise.all(parts);
  }
}

async function makeWithParents(sftp: Sftp, path: string, mode: number): Promise<void> {
  try {
    await sftp.mkdir(path, mode);
  } catch (error) {
    if (!(error instanceof SftpRefusal)) throw error;
    if (error.code === 'ENOENT' && dirname(path) !== path) {
      await makeWithParents(sftp, dirname(path), 0o755);
      await makeWithParents(sftp, path, mode);
      return;
    }
    // An existing one is refused without a reason.
    if (kindOfFile(await sftp.lstat(path)) !== 'directory') throw error;
  }
}
