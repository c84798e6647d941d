/** An archive on the worker, read through the port: as a stream from anywhere in it. */
import type { OpenFile } from '../ports/files.ts';

const CHUNK = 512 * 1024;

export class ArchiveFile {
  readonly size: number;
  readonly #file: OpenFile;
  readonly #signal: AbortSignal;

  private constructor(file: OpenFile, size: number, signal: AbortSignal) {
    this.#file = file;
    this.size = size;
    this.#signal = signal;
  }

  static async of(file: OpenFile, signal: AbortSignal): Promise<ArchiveFile> {
    return new ArchiveFile(file, await file.size(signal), signal);
  }

  /** From `start` up to `end`, which is not read any more. */
  async *bytes(start = 0, end = this.size): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end; ) {
      const chunk = await this.#file.read(at, Math.min(CHUNK, end - at), this.#signal);
      if (chunk.length === 0) return;
      at += chunk.length;
      yield chunk;
    }
  }

  head(length: number): Promise<Uint8Array> {
    return this.#file.read(0, length, this.#signal);
  }
}
