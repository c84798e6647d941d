/** One file that grows. While a sync runs, further bytes gather and share the next one. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

export class Appender {
  readonly #path: string;
  #file: FileHandle | undefined;
  #size = 0;
  #waiting: Uint8Array[] = [];
  #next: Promise<number> | undefined;
  #current: Promise<unknown> = Promise.resolve();
  #pending = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get isIdle(): boolean {
    return this.#pending === 0;
  }

  /** The size after these bytes, once they are durable. */
  async append(bytes: Uint8Array): Promise<number> {
    this.#pending += 1;
    try {
      this.#waiting.push(bytes);
      this.#next ??= this.#schedule();
      const batchEnd = this.#next;
      const behind = () => this.#waiting.length;
      const position = behind();
      const batch = this.#waiting;
      const end = await batchEnd;
      const after = batch.slice(position).reduce((sum, part) => sum + part.length, 0);
      return end - after;
    } finally {
      this.#pending -= 1;
    }
  }

  async close(): Promise<void> {
    await this.#current.catch(() => undefined);
    await this.#next?.catch(() => undefined);
    await this.#file?.close();
    this.#file = undefined;
  }

  #schedule(): Promise<number> {
    const turn = this.#current.catch(() => undefined).then(() => this.#write());
    this.#current = turn;
    return turn;
  }

  async #write(): Promise<number> {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    if (!this.#file) {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      this.#file = await open(this.#path, 'a', 0o600);
      this.#size = (await this.#file.stat()).size;
      await syncDirectory(dirname(this.#path));
    }
    const before = this.#size;
    try {
      await this.#file.appendFile(Buffer.concat(batch));
      await this.#file.datasync();
      this.#size += batch.reduce((sum, part) => sum + part.length, 0);
      return this.#size;
    } catch (error) {
      // Half a batch may be in the file (full disk): cut it off, so that what is there is what was promised.
      await this.#file.truncate(before).catch(() => undefined);
      throw error;
    }
  }
}

/** A new name in a directory is durable only when the directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
