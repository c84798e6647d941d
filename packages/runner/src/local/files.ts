/**
 * The file system of this machine. Writing is durable (file and directory are synced); reading never follows a
 * symbolic link in the last part of a path, because a step can put one there.
 */
import { close, constants, fstat, open, read, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { InfrastructureFailure } from '@argonaut/contracts';
import type { DiskSpace, FileState, Files, OpenFile, TreeEntry } from '../ports/files.ts';
import { DirectoryChanges } from './directory-changes.ts';
import { treeBelow } from './tree.ts';
import { connectUnix } from './unix-socket.ts';

const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export function createLocalFiles(): Files & AsyncDisposable {
  return new LocalFiles();
}

class LocalFiles implements Files, AsyncDisposable {
  readonly #changes = new DirectoryChanges();

  async makeDirectory(path: string, mode: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await attempt('create directory', path, async () => {
      await fs.mkdir(path, { recursive: true });
      await fs.chmod(path, mode);
    });
  }

  async writeFile(path: string, bytes: Uint8Array, mode: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await attempt('write', path, async () => {
      const beside = join(dirname(path), `.${basename(path)}.${process.pid}.${temporaries++}`);
      try {
        const file = await fs.open(beside, 'wx', mode);
        try {
          await file.writeFile(bytes);
          await file.chmod(mode);
          await file.sync();
        } finally {
          await file.close();
        }
        await fs.rename(beside, path);
      } catch (error) {
        await fs.rm(beside, { force: true });
        throw error;
      }
      await syncDirectory(dirname(path));
    });
  }

  async createFile(
    path: string,
    mode: number,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const file = await attempt('create', path, () => fs.open(path, 'wx', mode));
    try {
      for await (const chunk of content) {
        signal.throwIfAborted();
        await attempt('write', path, () => file.writeFile(chunk));
      }
      await attempt('write', path, () => file.chmod(mode));
    } finally {
      await file.close();
    }
  }

  async makeLink(path: string, target: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await attempt('make the link', path, () => fs.symlink(target, path));
  }

  async rename(from: string, to: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await attempt('rename', from, () => fs.rename(from, to));
  }

  async copy(from: string, to: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await attempt('copy', from, async () => {
      // Where the file system can, both share their blocks until one is written to.
      const mode = constants.COPYFILE_FICLONE;
      if ((await fs.lstat(from)).isDirectory()) {
        await fs.cp(from, to, { recursive: true, verbatimSymlinks: true, mode });
      } else await fs.copyFile(from, to, mode | constants.COPYFILE_EXCL);
    });
  }

  walk(directory: string, mostEntries: number, signal: AbortSignal): Promise<readonly TreeEntry[]> {
    return attempt('look through', directory, () => treeBelow(directory, mostEntries, signal));
  }

  async stat(path: string, signal: AbortSignal): Promise<FileState | undefined> {
    signal.throwIfAborted();
    return orMissing('look at', path, async () => {
      const stat = await fs.lstat(path);
      return {
        kind: stat.isFile()
          ? 'file'
          : stat.isDirectory()
            ? 'directory'
            : stat.isSocket()
              ? 'socket'
              : 'other',
        size: stat.size,
        modifiedMs: stat.mtimeMs,
      };
    });
  }

  async realPath(path: string, signal: AbortSignal): Promise<string | undefined> {
    signal.throwIfAborted();
    return orMissing('look at', path, () => fs.realpath(path));
  }

  async readFile(path: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    signal.throwIfAborted();
    await using file = await this.openFile(path, signal);
    const bytes = await file?.read(0, maxBytes + 1, signal);
    if (bytes && bytes.length > maxBytes) {
      throw new InfrastructureFailure(`${path} is larger than ${maxBytes} bytes.`);
    }
    return bytes;
  }

  async openFile(path: string, signal: AbortSignal): Promise<OpenFile | undefined> {
    signal.throwIfAborted();
    return orMissing('open', path, async () => {
      const descriptor = await openDescriptor(path, readFlags, 0);
      const file = new LocalFile(path, descriptor);
      if ((await stateOf(descriptor)).isFile()) return file;
      await file[Symbol.asyncDispose]();
      throw new InfrastructureFailure(`${path} is not a file.`);
    });
  }

  async list(path: string, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    return (await orMissing('list', path, () => fs.readdir(path))) ?? [];
  }

  async remove(path: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await attempt('remove', path, () => fs.rm(path, { recursive: true, force: true, maxRetries: 3 }));
  }

  waitForChange(directory: string, maxMs: number, signal: AbortSignal): Promise<void> {
    return this.#changes.wait(directory, maxMs, signal);
  }

  connect(path: string, signal: AbortSignal): Promise<Duplex> {
    return connectUnix(path, signal);
  }

  async space(path: string, signal: AbortSignal): Promise<DiskSpace | undefined> {
    signal.throwIfAborted();
    return orMissing('ask for space at', path, async () => {
      const { blocks, bavail, bsize } = await fs.statfs(path);
      return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#changes.close();
  }
}

/** On a plain descriptor: a `FileHandle` that somebody forgets to close ends the whole process when it is collected. */
class LocalFile implements OpenFile {
  readonly #path: string;
  #descriptor: number;
  readonly #using = new Set<Promise<void>>();

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  async read(offset: number, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    return this.#use('read', async (descriptor) => {
      const room = Math.min(maxBytes, (await stateOf(descriptor)).size - offset);
      if (room <= 0) return new Uint8Array(0);
      const buffer = Buffer.allocUnsafeSlow(room);
      const { bytesRead } = await readInto(descriptor, buffer, 0, room, offset);
      return buffer.subarray(0, bytesRead);
    });
  }

  async size(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    return this.#use('look at', async (descriptor) => (await stateOf(descriptor)).size);
  }

  async #use<T>(what: string, work: (descriptor: number) => Promise<T>): Promise<T> {
    const using = attempt(what, this.#path, () => work(this.#descriptor));
    const settled = using.then(
      () => {},
      () => {},
    );
    this.#using.add(settled);
    try {
      return await using;
    } finally {
      this.#using.delete(settled);
    }
  }

  /** Waits for reads that are under way: once it is closed, the number may be another file's. */
  async [Symbol.asyncDispose](): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    await Promise.all(this.#using);
    if (descriptor >= 0) await closeDescriptor(descriptor);
  }
}

const openDescriptor = promisify(open);
const closeDescriptor = promisify(close);
const stateOf: (descriptor: number) => Promise<Stats> = promisify(fstat);
const readInto: (
  descriptor: number,
  buffer: Uint8Array,
  at: number,
  length: number,
  position: number,
) => Promise<{ readonly bytesRead: number }> = promisify(read);

let temporaries = 0;

/** Makes a rename or a new file in the directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

const missing = new Set(['ENOENT', 'ENOTDIR']);

async function orMissing<T>(what: string, path: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (missing.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw failure(what, path, error);
  }
}

async function attempt<T>(what: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failure(what, path, error);
  }
}

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space.',
  EDQUOT: "the disk quota is used up; free some space or raise the user's quota.",
  EACCES: 'this user may not; check owner and mode.',
  EPERM: 'this user may not; check owner and mode.',
  EROFS: 'the file system is read-only.',
};

function failure(what: string, path: string, cause: unknown): InfrastructureFailure {
  if (cause instanceof InfrastructureFailure) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const why = remedies[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new InfrastructureFailure(`Cannot ${what} ${path}: ${why}`, { cause, details: { code } });
}
