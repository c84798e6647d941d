/**
 * A step whose log finds no room on the worker's disk waits, and goes on by itself when there is some. From outside it looks
 * like a step that has nothing to say, so whoever follows it is told.
 */
import type { AttemptNotice } from '@argonaut/contracts/attempt';
import type { StagingDirectory } from './staging-directory.ts';
import type { AttemptRoom } from './surroundings.ts';

/** How often the disk is looked at while a log stands still. */
const everyMs = 2_000;
/** Init is asked only when less than this is free: one call to the system, where the question is a connection. */
const littleBytes = 16 * 1024 ** 2;

export class DiskWatch {
  readonly #room: AttemptRoom;
  readonly #directory: StagingDirectory;
  #lookedAt: number;
  #told = false;

  constructor(room: AttemptRoom, directory: StagingDirectory) {
    this.#room = room;
    this.#directory = directory;
    this.#lookedAt = room.clock.monotonic();
  }

  /** To be asked whenever the log stands still; a notice when a wait has begun, once for each. */
  async notice(signal: AbortSignal): Promise<AttemptNotice | undefined> {
    const { clock, files, gates, attemptsDirectory } = this.#room;
    if (clock.monotonic() - this.#lookedAt < everyMs) return undefined;
    this.#lookedAt = clock.monotonic();
    const free = (await files.space(attemptsDirectory, signal))?.freeBytes;
    const waits =
      free !== undefined &&
      free < littleBytes &&
      (await gates.status(this.#directory, signal))?.logBlocked === true;
    const begun = waits && !this.#told;
    this.#told = waits;
    if (!begun) return undefined;
    return {
      type: 'notice',
      level: 'Warning',
      message: `The worker's disk is full: the log of this step cannot be written to ${attemptsDirectory}, so the step waits. Free some space there; it goes on by itself, and nothing of its log is lost. Its time-out goes on, too.`,
    };
  }
}
