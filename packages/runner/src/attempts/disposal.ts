/**
 * Removes what attempts leave: in the background, as often as it takes, and never by removal alone. A container can live
 * on after the engine has said that it is removed (an engine that was killed while it started one), so whatever may still
 * wait at a gate is cancelled through its socket first.
 */
import { messageOf } from '@argonaut/contracts';
import { crashPoint } from '../crash-point.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { JournalEntry } from '../ports/journal.ts';
import type { AttemptBook } from './book.ts';
import type { Gates } from './gate.ts';
import { type Places, placeOf } from './places.ts';
import type { Services } from './services/services.ts';
import { StagingDirectory } from './staging-directory.ts';

const stepDeadlineMs = 180_000;
const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** TERM at the gate ends init in 50 ms. */
const gateEndMs = 3_000;

export interface DisposalOptions {
  readonly book: AttemptBook;
  readonly files: Files;
  readonly clock: Clock;
  readonly gates: Gates;
  readonly places: Places;
  readonly services: Services | undefined;
  readonly onProblem: (error: unknown) => void;
  readonly onRemoved: (removed: RemovedAttempt) => void;
}

/** An attempt of which nothing is left. */
export interface RemovedAttempt {
  readonly attempt: string;
  readonly task: string;
  /** Milliseconds from when it might go until it was gone. */
  readonly ms: number;
}

export class Disposal {
  readonly #options: DisposalOptions;
  /** By attempt: the removals that are under way. */
  readonly #running = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: DisposalOptions) {
    this.#options = options;
  }

  /** Begins to remove everything of this staging, and forgets the attempt when that is done. */
  begin(entry: JournalEntry): void {
    const { attempt } = entry.spec;
    const before = this.#running.get(attempt) ?? Promise.resolve();
    const now = before.then(() => this.#untilDone(entry));
    this.#running.set(attempt, now);
    now.then(() => {
      if (this.#running.get(attempt) === now) this.#running.delete(attempt);
    });
  }

  /** Resolves when nothing is left of earlier stagings of the attempt. */
  async settled(attempt: string): Promise<void> {
    await this.#running.get(attempt);
  }

  async allSettled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** What is not removed yet will be when the runner starts again. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.allSettled();
  }

  async #untilDone(entry: JournalEntry): Promise<void> {
    const { clock, onProblem, onRemoved } = this.#options;
    const begun = clock.monotonic();
    for (
      let pause = firstPauseMs;
      !this.#closing.signal.aborted;
      pause = Math.min(pause * 2, longestPauseMs)
    ) {
      try {
        await this.#once(entry);
        const { attempt, task } = entry.spec;
        onRemoved({ attempt, task, ms: Math.round((clock.monotonic() - begun) * 100) / 100 });
        return;
      } catch (error) {
        onProblem(
          new Error(`Removing attempt ${entry.spec.attempt} will be tried again: ${messageOf(error)}`),
        );
      }
      await clock.sleep(pause, this.#closing.signal).catch(() => {});
    }
  }

  async #once(entry: JournalEntry): Promise<void> {
    const { book, files, places, services } = this.#options;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(stepDeadlineMs)]);
    crashPoint('removal.begun');
    const directory = new StagingDirectory(entry.directory);
    if (!entry.outcome) await endThroughGate(this.#options, directory, signal);
    await services?.remove(entry, signal);
    await placeOf(places, entry.spec).remove(entry, signal);
    // Once more: what the engine started behind our back may have come to its gate only now.
    if (!entry.outcome) await endThroughGate(this.#options, directory, signal);
    crashPoint('removal.container-gone');
    await files.remove(entry.directory, signal);
    crashPoint('removal.directory-gone');
    const known = book.get(entry.spec.attempt);
    if (known?.directory === entry.directory) await book.forget(entry.spec.attempt);
    crashPoint('removal.forgotten');
  }
}

/** Ends whatever listens in the directory, and waits for a moment until it is gone. */
export async function endThroughGate(
  { files, gates, clock }: Pick<DisposalOptions, 'files' | 'gates' | 'clock'>,
  directory: StagingDirectory,
  signal: AbortSignal,
): Promise<void> {
  if (!(await gates.isThere(directory, signal))) return;
  if (!(await gates.cancel(directory, 0, signal))) return;
  const end = clock.monotonic() + gateEndMs;
  while (clock.monotonic() < end && (await gates.isThere(directory, signal))) {
    await files.waitForChange(directory.attempt, 100, signal);
  }
}
