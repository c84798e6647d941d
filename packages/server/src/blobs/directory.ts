/**
 * Blobs as files in one directory. `put` is all or nothing (written beside, synced, renamed); `append` returns when
 * the bytes are on disk, and appends that arrive together share one sync.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { InfrastructureFailure, Invalid, NotFound } from '@argonaut/contracts';
import { Appender, syncDirectory } from './appender.ts';

/**
 * Keys are made by us from ids and hashes (`logs/ServerTasks-1/3`), never from a name that a user chose.
 * Calls on different keys may run at the same time; appends to one key keep their order.
 */
export interface BlobStore {
  /** Stores the whole content, replacing what was there. Returns its size in bytes. */
  put(key: string, content: Readable | Uint8Array): Promise<number>;
  /** Adds to the end; resolved when durable, with the size that the blob then has. */
  append(key: string, bytes: Uint8Array): Promise<number>;
  /**
   * Cuts off what is behind `size`: bytes that were appended but whose place was never stored elsewhere, because the
   * server died in between. @throws InfrastructureFailure when fewer bytes are there: the disk has lost some.
   */
  truncate(key: string, size: number): Promise<void>;
  /** The bytes from `start` up to but not including `end`. @throws NotFound */
  get(key: string, range?: { readonly start?: number; readonly end?: number }): Promise<Readable>;
  /** In bytes; undefined when there is no such blob. */
  size(key: string): Promise<number | undefined>;
  /** The keys that begin with `prefix` followed by a slash. */
  list(prefix: string): Promise<readonly string[]>;
  /** Those of them that were written last before a moment, by the clock of the disk. */
  older(prefix: string, before: Date): Promise<readonly string[]>;
  /** Removes what was begun, never completed, and not been written to since a moment; returns how many there were. */
  deleteUnfinished(before: Date): Promise<number>;
  /** Removes a blob, or all below a prefix; nothing happens when there is none. */
  delete(key: string): Promise<void>;
  close(): Promise<void>;
}

/** Letters, digits, dot, dash and underscore in up to eight segments, none of them starting with a dot. */
const KEY_FORM = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}){0,7}$/;

/** How the names of files end that are not complete; no key ends so. */
const UNFINISHED = '.part';

/** Open files that are kept for appending; a task that runs appends several times a second. */
const OPEN_FILES = 64;

export class DirectoryBlobStore implements BlobStore {
  readonly #root: string;
  readonly #appenders = new Map<string, Appender>();
  #temporary = 0;

  constructor(directory: string) {
    this.#root = resolve(directory);
  }

  async put(key: string, content: Readable | Uint8Array): Promise<number> {
    const path = this.#path(key);
    await this.#closeAppender(key);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    this.#temporary += 1;
    const temporary = `${path}.${process.pid}-${this.#temporary}${UNFINISHED}`;
    const file = await open(temporary, 'wx', 0o600);
    try {
      if (content instanceof Uint8Array) await file.writeFile(content);
      // Not a pipeline into a write stream: on Node 26 it never ends for some sources, and holds the file.
      else for await (const chunk of content) await file.writeFile(chunk);
      await file.sync();
      const { size } = await file.stat();
      await file.close();
      await rename(temporary, path);
      await syncDirectory(dirname(path));
      return size;
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async append(key: string, bytes: Uint8Array): Promise<number> {
    const path = this.#path(key);
    let appender = this.#appenders.get(key);
    if (!appender) {
      await this.#makeRoom();
      appender = this.#appenders.get(key) ?? new Appender(path);
      this.#appenders.set(key, appender);
    }
    return appender.append(bytes);
  }

  async truncate(key: string, size: number): Promise<void> {
    await this.#closeAppender(key);
    const present = (await this.size(key)) ?? 0;
    if (present < size) {
      throw new InfrastructureFailure(
        `The stored file ${key} has ${present} bytes, but ${size} were stored. The disk lost data; restore it from a backup.`,
      );
    }
    if (present === size) return;
    const file = await open(this.#path(key), 'r+');
    try {
      await file.truncate(size);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async get(key: string, range: { readonly start?: number; readonly end?: number } = {}): Promise<Readable> {
    const size = await this.size(key);
    if (size === undefined) throw new NotFound(`The stored file ${key} does not exist.`);
    const start = range.start ?? 0;
    const end = Math.min(range.end ?? size, size);
    // An empty range cannot be said in `end` (it is inclusive there).
    if (start >= end) return createReadStream('/dev/null');
    return createReadStream(this.#path(key), { start, end: end - 1 });
  }

  async size(key: string): Promise<number | undefined> {
    try {
      const found = await stat(this.#path(key));
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    const files = await this.#files(this.#path(prefix));
    return files
      .filter((path) => !path.endsWith(UNFINISHED))
      .map((path) => this.#keyOf(path))
      .sort();
  }

  async older(prefix: string, before: Date): Promise<readonly string[]> {
    const files = (await this.#files(this.#path(prefix))).filter((path) => !path.endsWith(UNFINISHED));
    return (await writtenBefore(files, before)).map((path) => this.#keyOf(path)).sort();
  }

  async deleteUnfinished(before: Date): Promise<number> {
    const files = (await this.#files(this.#root)).filter((path) => path.endsWith(UNFINISHED));
    const old = await writtenBefore(files, before);
    for (const path of old) await rm(path, { force: true });
    return old.length;
  }

  async delete(key: string): Promise<void> {
    for (const open of [...this.#appenders.keys()]) {
      if (open === key || open.startsWith(`${key}/`)) await this.#closeAppender(open);
    }
    await rm(this.#path(key), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    for (const key of [...this.#appenders.keys()]) await this.#closeAppender(key);
  }

  /** With their whole paths, in no order; also those that are not complete. */
  async #files(directory: string): Promise<readonly string[]> {
    try {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  #keyOf(path: string): string {
    return path.slice(this.#root.length + 1);
  }

  #path(key: string): string {
    const path = join(this.#root, key);
    if (!KEY_FORM.test(key) || !path.startsWith(this.#root + sep)) {
      throw new Invalid(`"${key.slice(0, 100)}" cannot be the key of a stored file.`);
    }
    return path;
  }

  async #makeRoom(): Promise<void> {
    for (const [key, appender] of this.#appenders) {
      if (this.#appenders.size < OPEN_FILES) return;
      if (appender.isIdle) await this.#closeAppender(key);
    }
  }

  async #closeAppender(key: string): Promise<void> {
    const appender = this.#appenders.get(key);
    this.#appenders.delete(key);
    await appender?.close();
  }
}

async function writtenBefore(files: readonly string[], moment: Date): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of files) {
    try {
      if ((await stat(path)).mtime < moment) found.push(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return found;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
