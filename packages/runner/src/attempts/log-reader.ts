/**
 * Reads the log of an attempt as it grows, with the stream and the time of every byte. The files stay open, so a script
 * that deletes them takes nothing away from us.
 */
import { InfrastructureFailure } from '@argonaut/contracts';
import { decodeIndex, type IndexRecord, type LogChunk, tagLog } from '@argonaut/init';
import type { Files, OpenFile } from '../ports/files.ts';
import type { StagingDirectory } from './staging-directory.ts';

const recordBytes = 16;
const indexReadBytes = 64 * 1024;

export class LogReader implements AsyncDisposable {
  readonly #files: Files;
  readonly #directory: StagingDirectory;
  #log: OpenFile | undefined;
  #index: OpenFile | undefined;
  #offset = 0;
  #indexOffset = 0;
  /** Records from the one that covers the offset on. */
  #records: IndexRecord[] = [];
  #unreadable = false;

  constructor(files: Files, directory: StagingDirectory) {
    this.#files = files;
    this.#directory = directory;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** The next bytes, at most `maxBytes`, cut where stream or time change; empty when there are none now. */
  async next(maxBytes: number, signal: AbortSignal): Promise<readonly LogChunk[]> {
    this.#log ??= await this.#open(this.#directory.log, signal);
    const bytes = await this.#log?.read(this.#offset, maxBytes, signal);
    if (!bytes || bytes.length === 0) return [];
    const end = this.#offset + bytes.length;
    // Init writes a record before its bytes: an index read after the log covers it.
    await this.#readIndex(end, signal);
    const chunks = tagLog(this.#offset, bytes, this.#records);
    this.#offset = end;
    const covering = this.#records.findLastIndex((record) => record.start <= end);
    if (covering > 0) this.#records.splice(0, covering);
    return chunks;
  }

  async #readIndex(end: number, signal: AbortSignal): Promise<void> {
    this.#index ??= await this.#open(this.#directory.index, signal);
    if (!this.#index) return;
    while ((this.#records.at(-1)?.start ?? -1) < end) {
      const bytes = await this.#index.read(this.#indexOffset, indexReadBytes, signal);
      const whole = bytes.length - (bytes.length % recordBytes);
      if (whole === 0) return;
      for (const record of decodeIndex(bytes.subarray(0, whole))) this.#records.push(record);
      this.#indexOffset += whole;
    }
  }

  /** A script can put a link or a directory in the place of its log; then there is no log to read, and nothing fails. */
  async #open(path: string, signal: AbortSignal): Promise<OpenFile | undefined> {
    if (this.#unreadable) return undefined;
    try {
      return await this.#files.openFile(path, signal);
    } catch (error) {
      if (!(error instanceof InfrastructureFailure)) throw error;
      this.#unreadable = true;
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log?.[Symbol.asyncDispose]();
    await this.#index?.[Symbol.asyncDispose]();
  }
}
