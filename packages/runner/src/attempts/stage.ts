/** `stage`: everything up to the gate. No user code runs, so this may be thrown away and done anew at any time. */
import { randomBytes } from 'node:crypto';
import { Conflict, Invalid } from '@argonaut/contracts';
import type { AttemptSpec, StagedAttempt } from '@argonaut/contracts/attempt';
import { crashPoint } from '../crash-point.ts';
import { orAborted } from '../or-aborted.ts';
import { placePackages } from '../packages/place.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { SandboxLost } from './container-place.ts';
import { waitForGate } from './gate-wait.ts';
import type { StagedPlace, Timings } from './place.ts';
import { placeOf } from './places.ts';
import { servicesOf } from './services/services.ts';
import { StagingDirectory } from './staging-directory.ts';
import { type AttemptRoom, wasOpened } from './surroundings.ts';

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
    await orAborted(this.#room.disposal.settled(attempt), signal);

    for (let tried = 1; ; tried++) {
      try {
        const staged = await this.#once(spec, epoch, signal);
        this.#staged.set(attempt, staged);
        return staged;
      } catch (error) {
        if (!(error instanceof SandboxLost) || tried === tries) throw error;
        await orAborted(this.#room.disposal.settled(attempt), signal);
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
      await this.#bringPackages(spec, directory, timings, signal);
      await place.start(spec, directory, note, timings, signal);
      const beforeGate = clock.monotonic();
      await waitForGate(this.#room, place, made, directory, signal);
      timings.gate = Math.round((clock.monotonic() - beforeGate) * 100) / 100;
      await this.#services({ ...entry, ...made }, timings, signal);
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
      work: place.work(directory),
      timings,
    };
  }

  /** Before anything of the step exists that could put something into their way. */
  async #bringPackages(
    { packages = [] }: AttemptSpec,
    { work }: StagingDirectory,
    timings: Timings,
    signal: AbortSignal,
  ): Promise<void> {
    if (packages.length === 0) return;
    const { files, clock } = this.#room;
    const begun = clock.monotonic();
    await placePackages(files, this.#room.packages, work, packages, signal);
    timings.packages = Math.round((clock.monotonic() - begun) * 100) / 100;
    crashPoint('stage.packages-placed');
  }

  /** Beside the step's container, in its network: it must be there first. */
  async #services(entry: JournalEntry, timings: Timings, signal: AbortSignal): Promise<void> {
    if (servicesOf(entry).length === 0) return;
    const { services, clock } = this.#room;
    if (!services || entry.containerId === undefined) {
      throw new Invalid(
        `"${entry.spec.title}" has services, which need a container engine and an image for the step itself.`,
      );
    }
    const before = clock.monotonic();
    await services.stage(entry, entry.containerId, signal);
    timings.services = Math.round((clock.monotonic() - before) * 100) / 100;
  }

  /** Durable first: from here on nobody can open it. What it left is removed in the background. */
  async throwAway(entry: JournalEntry): Promise<void> {
    this.#staged.delete(entry.spec.attempt);
    await this.#room.logs.drop(entry.spec.attempt);
    crashPoint('discard.before-entry');
    const gone = await this.#room.book.put({ ...entry, phase: 'finished' });
    crashPoint('discard.after-entry');
    this.#room.services?.interrupt(entry.spec.attempt);
    this.#room.disposal.begin(gone);
  }

  forget(attempt: string): void {
    this.#staged.delete(attempt);
  }
}
