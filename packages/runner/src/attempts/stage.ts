/** `stage`: everything up to the gate. No user code runs, so this may be thrown away and done anew at any time. */
import { randomBytes } from 'node:crypto';
import { Conflict, InfrastructureFailure, TimedOut } from '@argonaut/contracts';
import type { AttemptSpec, StagedAttempt } from '@argonaut/contracts/attempt';
import { crashPoint } from '../crash-point.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { SandboxLost } from './container-place.ts';
import type { AttemptPlace, StagedPlace, Timings } from './place.ts';
import { StagingDirectory } from './staging-directory.ts';
import { type AttemptRoom, placeOf, wasOpened } from './surroundings.ts';

const gateDeadlineMs = 30_000;
const tries = 2;

export class Staging {
  readonly #room: AttemptRoom;
  /** What this process has staged: asked for again, it is the same. */
  readonly #staged = new Map<string, StagedAttempt>();

  constructor(room: AttemptRoom) {
    this.#room = room;
  }

  /** To be called under the attempt's lock. */
  async stage(spec: AttemptSpec, epoch: number, signal: AbortSignal): Promise<StagedAttempt> {
    const { attempt } = spec;
    await this.#room.book.admit(attempt, epoch);
    const known = this.#room.book.get(attempt);
    if (known && (wasOpened(known.phase) || known.outcome)) {
      throw new Conflict(`Attempt ${attempt} has been started already; an attempt starts at most once.`);
    }
    const again = this.#staged.get(attempt);
    if (known?.phase === 'staged' && again) return again;
    // Staged by a process that is gone, or half-made: it never ran, so it is made anew.
    if (known && known.phase !== 'finished') await this.throwAway(known);
    await waitWith(this.#room.disposal.settled(attempt), signal);

    for (let tried = 1; ; tried++) {
      try {
        const staged = await this.#once(spec, epoch, signal);
        this.#staged.set(attempt, staged);
        return staged;
      } catch (error) {
        if (!(error instanceof SandboxLost) || tried === tries) throw error;
        await waitWith(this.#room.disposal.settled(attempt), signal);
      }
    }
  }

  async #once(spec: AttemptSpec, epoch: number, signal: AbortSignal): Promise<StagedAttempt> {
    const { book, files, clock, attemptsDirectory, places } = this.#room;
    const place = placeOf(places, spec);
    const timings: Timings = {};
    const begun = clock.monotonic();
    const name = `${spec.attempt}.${randomBytes(12).toString('hex')}`;
    const directory = new StagingDirectory(`${attemptsDirectory}/${name}`);
    crashPoint('stage.before-accepted');
    // Both at once: a directory that no journal knows is removed at the next start.
    const making = directory.make(files, signal);
    making.catch(() => {});
    const entry: JournalEntry = await book.put({ spec, epoch, phase: 'accepted', directory: directory.root });
    crashPoint('stage.after-accepted');
    let made: StagedPlace = {};
    try {
      await making;
      timings.accept = Math.round((clock.monotonic() - begun) * 100) / 100;
      const note = (what: StagedPlace): void => {
        made = { ...made, ...what };
      };
      await place.start(spec, directory, note, timings, signal);
      const beforeGate = clock.monotonic();
      await this.#gateIsThere(place, made, directory, signal);
      timings.gate = Math.round((clock.monotonic() - beforeGate) * 100) / 100;
      await this.#room.logs.keep(spec.attempt, directory, signal);
      await book.put({ ...entry, ...made, phase: 'staged' });
    } catch (error) {
      await this.throwAway({ ...entry, ...made });
      throw error;
    }
    crashPoint('stage.after-staged');
    return {
      attempt: spec.attempt,
      ...(made.interpreter === undefined ? {} : { interpreter: made.interpreter }),
      timings,
    };
  }

  /** The engine has said that it runs; now init must say so too, or the place tell why not. */
  async #gateIsThere(
    place: AttemptPlace,
    made: StagedPlace,
    directory: StagingDirectory,
    signal: AbortSignal,
  ): Promise<void> {
    const { files, gates, clock } = this.#room;
    const end = clock.monotonic() + gateDeadlineMs;
    let failure: string | undefined;
    while (!(await gates.isThere(directory, signal))) {
      if (failure !== undefined) throw new InfrastructureFailure(`The step was never started: ${failure}.`);
      if (clock.monotonic() > end) {
        throw new TimedOut(`argonaut-init did not make its gate within ${gateDeadlineMs / 1000} s.`);
      }
      await files.waitForChange(directory.attempt, 100, signal);
      // Looked at before the socket is looked for once more: an init that was quick is not a failure.
      if (!(await gates.isThere(directory, signal))) failure = await place.startFailure(made, signal);
    }
  }

  /** Durable first: from here on nobody can open it. What it left is removed in the background. */
  async throwAway(entry: JournalEntry): Promise<void> {
    this.#staged.delete(entry.spec.attempt);
    await this.#room.logs.drop(entry.spec.attempt);
    crashPoint('discard.before-entry');
    const gone = await this.#room.book.put({ ...entry, phase: 'finished' });
    crashPoint('discard.after-entry');
    this.#room.disposal.begin(gone);
  }

  forget(attempt: string): void {
    this.#staged.delete(attempt);
  }
}

/** Waits for work that goes on whatever happens to the one who waits. */
async function waitWith(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    if (abort) signal.removeEventListener('abort', abort);
  }
}
