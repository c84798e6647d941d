/** Reads the log of an attempt as it grows, with the stream and the time of every byte. */
import { decodeIndex, type IndexRecord, type LogChunk, type StreamTag, tagLog } from '@argonaut/init';
import type { Files } from '../ports/files.ts';
import { closeLogFiles, type LogFiles, openLogFiles } from './log-files.ts';
import type { StagingDirectory } from './staging-directory.ts';

const recordBytes = 16;
const indexReadBytes = 64 * 1024;

export class LogReader implements AsyncDisposable {
  readonly #files: Files;
  readonly #directory: StagingDirectory;
  /** Somebody else's to close. */
  readonly #kept: LogFiles | undefined;
  #own: LogFiles = { log: undefined, index: undefined };
  #offset = 0;
  #indexOffset = 0;
  /** Records from the one that covers the offset on. */
  #records: IndexRecord[] = [];

  constructor(files: Files, directory: StagingDirectory, kept: LogFiles | undefined) {
    this.#files = files;
    this.#directory = directory;
    this.#kept = kept;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** The next bytes, at most `maxBytes`, cut where stream or time change; empty when there are none now. */
  async next(maxBytes: number, signal: AbortSignal): Promise<readonly LogChunk[]> {
    const { log, index } = await this.#open(signal);
    const bytes = await log?.read(this.#offset, maxBytes, signal);
    if (!bytes || bytes.length === 0) return [];
    const end = this.#offset + bytes.length;
    // Init writes a record before its bytes: an index read after the log covers it.
    await this.#readIndex(index, end, signal);
    const chunks = tagLog(this.#offset, bytes, this.#records);
    this.#offset = end;
    const covering = this.#records.findLastIndex((record) => record.start <= end);
    if (covering > 0) this.#records.splice(0, covering);
    return chunks;
  }

  async #readIndex(index: LogFiles['index'], end: number, signal: AbortSignal): Promise<void> {
    while (index && (this.#records.at(-1)?.start ?? -1) < end) {
      const bytes = await index.read(this.#indexOffset, indexReadBytes, signal);
      const whole = bytes.length - (bytes.length % recordBytes);
      if (whole === 0) return;
      for (const record of decodeIndex(bytes.subarray(0, whole))) this.#records.push(record);
      this.#indexOffset += whole;
    }
  }

  async #open(signal: AbortSignal): Promise<LogFiles> {
    if (this.#kept?.log) return this.#kept;
    if (!this.#own.log) {
      await closeLogFiles(this.#own);
      this.#own = await openLogFiles(this.#files, this.#directory, signal);
    }
    return this.#own;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeLogFiles(this.#own);
  }
}

/** With one pipe for both, or without an index, there is one stream. */
export function streamOf(tag: StreamTag): 'stdout' | 'stderr' {
  return tag === 'stderr' ? 'stderr' : 'stdout';
}
