/** A task log in a file of this machine. Bytes count once their length has been committed elsewhere. */
import { type FileHandle, open } from 'node:fs/promises';
import { InfrastructureFailure } from '@argonaut/contracts';
import { MAGIC } from './frames.ts';
import type { LogSource } from './reader.ts';

export class LogFile implements LogSource, AsyncDisposable {
  readonly #file: FileHandle;
  #length: number;

  private constructor(file: FileHandle, length: number) {
    this.#file = file;
    this.#length = length;
  }

  /** For writing: cuts off what was never committed. `committed` is 0 for a new log. */
  static async openForAppend(path: string, committed: number): Promise<LogFile> {
    const file = await open(path, committed === 0 ? 'w+' : 'r+', 0o600);
    try {
      const { size } = await file.stat();
      if (size < committed) {
        throw new InfrastructureFailure(
          `The task log ${path} has ${size} bytes, but ${committed} were stored. The disk lost data; ` +
            'restore the file from a backup, or start the task anew.',
        );
      }
      await file.truncate(committed);
      if (committed > 0) return new LogFile(file, committed);
      await file.write(MAGIC, 0, MAGIC.length, 0);
      return new LogFile(file, MAGIC.length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** For reading up to a committed length. */
  static async openForReading(path: string, committed: number): Promise<LogFile> {
    return new LogFile(await open(path, 'r'), committed);
  }

  /** Appends and makes durable; returns the length to commit. */
  async append(bytes: Uint8Array): Promise<number> {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        written,
        bytes.length - written,
        this.#length + written,
      );
      written += bytesWritten;
    }
    await this.#file.datasync();
    this.#length += bytes.length;
    return this.#length;
  }

  async length(): Promise<number> {
    return this.#length;
  }

  async read(offset: number, maxBytes: number): Promise<Uint8Array> {
    const buffer = Buffer.alloc(Math.max(0, Math.min(maxBytes, this.#length - offset)));
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, offset);
    return buffer.subarray(0, bytesRead);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
