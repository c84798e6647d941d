/**
 * What the log of an attempt is masked with, the values included that its script declared secret while it ran: for those
 * who show something else of the attempt, such as a person's terminal. These values are kept nowhere but in the raw log, so
 * whoever follows it knows them; when nobody does, it is read for them.
 */
import type { NamedSecret } from '@argonaut/contracts/attempt';
import { SecretSet } from '../masking/index.ts';
import { OutputReader } from '../messages/index.ts';
import { orAborted } from '../or-aborted.ts';
import type { Files } from '../ports/files.ts';
import type { JournalEntry } from '../ports/journal.ts';
import type { KeptLogs } from './log-files.ts';
import { LogReader, streamOf } from './log-reader.ts';
import { StagingDirectory } from './staging-directory.ts';

const readBytes = 256 * 1024;

/** Where logs are found, and who reads them. */
interface LogRoom {
  readonly files: Files;
  readonly logs: KeptLogs;
  readonly learnt: LearntSecrets;
  /** Hidden in every log of this worker. */
  readonly secrets: readonly NamedSecret[];
}

/** Of one follower. */
interface Learning {
  readonly secrets: SecretSet;
  /** Resolves when it knows what the log holds by now, or never will. */
  readonly caughtUp: PromiseWithResolvers<void>;
}

/** What a follower tells. Disposed when it stops. */
export interface Lesson extends Disposable {
  /** It has read what there is of the log. */
  caughtUp(): void;
  /** Nothing more will come. */
  complete(): void;
}

export class LearntSecrets {
  readonly #learning = new Map<string, Learning>();

  /** `secrets` is what the log is masked with, and grows. */
  follow(attempt: string, secrets: SecretSet): Lesson {
    const learning: Learning = { secrets, caughtUp: Promise.withResolvers<void>() };
    this.#learning.set(attempt, learning);
    let isComplete = false;
    return {
      caughtUp: () => learning.caughtUp.resolve(),
      complete: () => {
        isComplete = true;
      },
      [Symbol.dispose]: () => {
        learning.caughtUp.resolve();
        if (!isComplete && this.#learning.get(attempt) === learning) this.#learning.delete(attempt);
      },
    };
  }

  /** Of whoever follows the attempt, or has followed it to its end. `undefined`: nobody. */
  async of(attempt: string, signal: AbortSignal): Promise<SecretSet | undefined> {
    for (;;) {
      const learning = this.#learning.get(attempt);
      if (learning === undefined) return undefined;
      await orAborted(learning.caughtUp.promise, signal);
      if (this.#learning.get(attempt) === learning) return learning.secrets;
    }
  }

  drop(attempt: string): void {
    this.#learning.delete(attempt);
  }
}

/** What the worker hides always, and what the script has declared by now; with a follower the set goes on growing. */
export async function learntSecrets(
  room: LogRoom,
  entry: JournalEntry,
  signal: AbortSignal,
): Promise<SecretSet> {
  return (await room.learnt.of(entry.spec.attempt, signal)) ?? (await fromLog(room, entry, signal));
}

async function fromLog(room: LogRoom, { spec, directory }: JournalEntry, signal: AbortSignal) {
  const secrets = new SecretSet(room.secrets);
  const resume = { cursor: Number.POSITIVE_INFINITY, ahead: { stdout: 0, stderr: 0 } };
  const reader = new OutputReader(secrets, { serviceMessages: spec.serviceMessages, resume });
  await using log = new LogReader(room.files, new StagingDirectory(directory), room.logs.get(spec.attempt));
  for (;;) {
    const pieces = await log.next(readBytes, signal);
    if (pieces.length === 0) return secrets;
    for (const { stream, bytes } of pieces) reader.write(streamOf(stream), bytes, 0);
    reader.take();
  }
}
