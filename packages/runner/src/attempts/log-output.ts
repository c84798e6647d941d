/**
 * The raw log turned into masked chunks. A script that declares a value secret on stdout and prints it on stderr at once
 * finds no order kept between the two: init may read stderr first (17 of 3,000 times, measured). What is read of stderr is
 * therefore masked only when it is certain that whatever was written before it has been read, too.
 */
import {
  type AttemptNotice,
  accountedBytes,
  type FollowOptions,
  type LogChunk,
  type NamedSecret,
} from '@argonaut/contracts/attempt';
import type { LogChunk as LogPiece } from '@argonaut/init';
import { SecretSet } from '../masking/index.ts';
import { OutputReader } from '../messages/index.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { Chunks } from './chunks.ts';
import { type LogReader, streamOf } from './log-reader.ts';
import type { Evidence } from './outcome.ts';
import type { StagingDirectory } from './staging-directory.ts';
import type { AttemptRoom } from './surroundings.ts';

/** Large enough for speed, small enough that a slow reader is not flooded. */
const readBytes = 256 * 1024;
/** Init reads 64 KiB of a pipe at a time, as much as a pipe holds: what was in one stands within so much of the log. */
const lookAheadBytes = 128 * 1024;
/** Between two questions to init. */
const askEveryMs = 10;
/** For an init that cannot be asked: its socket was removed. */
const guessMs = 250;
/** Of secrets that are masked badly. */
const namedAtMost = 10;

export class LogOutput {
  /** What it is masked with; grows with what the script declares. */
  readonly secrets = new SecretSet();
  readonly #log: LogReader;
  readonly #reader: OutputReader;
  readonly #chunks: Chunks;
  #partlyMasked: readonly string[] = [];
  /** Read, and not masked yet. Begins with something of stderr. */
  #held: LogPiece[] = [];
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(log: LogReader, entry: JournalEntry, options: FollowOptions, ofWorker: readonly NamedSecret[]) {
    this.#log = log;
    const { cursor, ahead = { stdout: 0, stderr: 0 } } = options;
    const { partlyMasked } = this.secrets.add([...options.secrets, ...ofWorker]);
    if (cursor === 0) this.#partlyMasked = partlyMasked;
    this.#reader = new OutputReader(this.secrets, {
      serviceMessages: entry.spec.serviceMessages,
      // The log is read from 0 again, in silence: what the script declared secret is learnt anew.
      resume: { cursor, ahead },
    });
    this.#chunks = new Chunks(accountedBytes(options));
  }

  /** For whoever reads the log from its beginning. */
  get badlyMasked(): AttemptNotice | undefined {
    const names = this.#partlyMasked;
    if (names.length === 0) return undefined;
    const more = names.length > namedAtMost ? ` and ${names.length - namedAtMost} more` : '';
    const which = `${names.slice(0, namedAtMost).join(', ')}${more}`;
    return {
      type: 'notice',
      level: 'Warning',
      message: this.secrets.mask(
        `Not in every encoding, though as they are, these secrets are masked, because there are too many or too long ones: ${which}. Give the step only those that it needs: scope the others to other steps, or mark as sensitive only what is.`,
      ),
    };
  }

  get told(): Pick<Evidence, 'logBytes' | 'wroteErrors'> {
    return { logBytes: this.#log.offset, wroteErrors: this.#reader.wroteErrors };
  }

  /** True while there may be more at once. */
  async read(signal: AbortSignal): Promise<boolean> {
    const pieces = await this.#log.next(readBytes, signal);
    for (const piece of pieces) this.#reader.foresee(streamOf(piece.stream), piece.bytes);
    this.#held.push(...pieces);
    this.#mask(this.#log.offset - lookAheadBytes);
    return pieces.length > 0;
  }

  /** Something was read and is not masked yet. */
  get waits(): boolean {
    return this.#held.length > 0;
  }

  /**
   * Masks what was read by now, once init says that it has read all that was written before; leaves that to the end of the log
   * where init has written it. False: init cannot tell now.
   */
  async settle(
    { gates, clock, files }: Pick<AttemptRoom, 'gates' | 'clock' | 'files'>,
    directory: StagingDirectory,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!this.waits) return true;
    const { offset } = this.#log;
    await clock.sleep(Math.max(0, this.#askedMs + askEveryMs - clock.monotonic()), signal);
    // Init answers from the loop in which it reads the pipes, after it has read them.
    const state = await gates.status(directory, signal);
    this.#askedMs = clock.monotonic();
    if (state?.logBlocked) return false;
    for (let waited = 0; state === undefined && waited < guessMs; waited += askEveryMs) {
      if (await files.stat(directory.exit, signal)) return true;
      await clock.sleep(askEveryMs, signal);
    }
    await this.read(signal);
    this.#mask(offset);
    return true;
  }

  /** In the order of the log; of stderr only what lies before an offset. */
  #mask(safeTo: number): void {
    const unsafe = this.#held.findIndex(
      ({ stream, offset, bytes }) => streamOf(stream) === 'stderr' && offset + bytes.length > safeTo,
    );
    for (const { stream, bytes, timeNs } of this.#held.splice(
      0,
      unsafe === -1 ? this.#held.length : unsafe,
    )) {
      this.#reader.write(streamOf(stream), bytes, timeNs === null ? 0 : Number(timeNs / 1_000_000n));
    }
  }

  due(nowMs: number): LogChunk | undefined {
    this.#chunks.add(this.#reader.take(), nowMs);
    return this.#chunks.due(nowMs);
  }

  end(nowMs: number): LogChunk | undefined {
    this.#mask(Number.POSITIVE_INFINITY);
    this.#reader.end();
    this.#chunks.add(this.#reader.take(), nowMs);
    return this.#chunks.due(nowMs, true);
  }
}
