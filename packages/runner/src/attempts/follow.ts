/**
 * `follow`: the log of an attempt from a position on, masked and parsed, then its outcome: `ended` as soon as init says
 * so and the log is handed over, `confirmed` when the place that ran it agrees.
 */
import { NotFound } from '@argonaut/contracts';
import type { AttemptEvent, FollowOptions, Outcome } from '@argonaut/contracts/attempt';
import { type ExitRecord, ExitRecordError, parseExitRecord } from '@argonaut/init';
import { crashPoint } from '../crash-point.ts';
import { orAborted } from '../or-aborted.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { DiskWatch } from './disk-watch.ts';
import { letGo } from './end.ts';
import { LogOutput } from './log-output.ts';
import { LogReader } from './log-reader.ts';
import { outcomeOf, type Witness } from './outcome.ts';
import { placeOf } from './places.ts';
import { ServiceWatch } from './services/service-watch.ts';
import { StagingDirectory } from './staging-directory.ts';
import { type AttemptRoom, wasOpened } from './surroundings.ts';

/** A change wakes us; this is for what no watch can tell. */
const idleMs = 500;
const maxExitBytes = 64 * 1024;
/** init writes `exit` and then, at once, `held`. */
const heldPollMs = 50;
/** Longer than any grace that makes sense; what has not ended by then is killed when the attempt is removed. */
const serviceEndMs = 15 * 60_000;

export async function* followAttempt(
  room: AttemptRoom,
  attempt: string,
  epoch: number,
  options: FollowOptions,
  signal: AbortSignal,
): AsyncGenerator<AttemptEvent> {
  const { book, files } = room;
  book.require(attempt);
  await book.admitUnlocked(attempt, epoch);
  const entry = book.require(attempt);
  const directory = new StagingDirectory(entry.directory);
  await using log = new LogReader(files, directory, room.logs.get(attempt));
  const output = new LogOutput(log, entry, options, room.secrets);
  using lesson = room.learnt.follow(attempt, output.secrets);
  const leaving = new AbortController();
  const disk = new DiskWatch(room, directory);
  const listening = AbortSignal.any([signal, leaving.signal]);
  const watch = new PlaceWatch(room, entry, listening);
  const beside = new ServiceWatch(room, entry, listening);
  try {
    const badly = output.badlyMasked;
    if (badly) yield badly;
    let exit: ExitRecord | undefined;
    for (let last = false; !last; ) {
      // Looked for before the log is read: what the log holds after that is all of it.
      const over = watch.witness !== undefined;
      exit = await readExit(room, directory, signal);
      last = exit !== undefined || over;
      let stands = true;
      while (await output.read(signal)) {
        stands = false;
        const chunk = output.due(room.clock.monotonic());
        if (chunk) yield chunk;
      }
      lesson.caughtUp();
      const settled = last || (await output.settle(room, directory, signal));
      const chunk = last ? output.end(room.clock.monotonic()) : output.due(room.clock.monotonic());
      if (chunk) yield chunk;
      // The log is read up to here: what the script has declared secret by now is hidden in the service's log, too.
      const service = last ? undefined : await beside.next(output.secrets, signal);
      if (service) yield { type: 'service-ended', service };
      const notice = stands && !last ? await disk.notice(signal) : undefined;
      if (notice) yield notice;
      if (!last && !(settled && output.waits))
        await Promise.race([files.waitForChange(directory.attempt, idleMs, signal), watch.ended]);
    }
    lesson.complete();
    const ended = judge(room, attempt, exit, undefined, watch.witness, output.told);
    crashPoint('follow.before-ended');
    await remember(room, attempt, ended);
    crashPoint('follow.after-ended');
    const services = (await room.services?.report(entry, ended, output.secrets, signal)) ?? [];
    const servicesOver = endServices(room, entry, ended);
    yield { type: 'ended', outcome: ended, ...(services.length > 0 ? { services } : {}) };

    const witness = await watch.confirmation(directory, ended);
    const again = exit && (await readExit(room, directory, signal));
    const confirmed = judge(room, attempt, exit, again, witness, output.told);
    await remember(room, attempt, confirmed);
    crashPoint('follow.confirmed');
    // A task is over, and a cancelled one cancelled, when nothing of it runs any more.
    await orAborted(servicesOver, signal);
    yield { type: 'confirmed', outcome: confirmed, ...(watch.held ? { held: true } : {}) };
  } finally {
    leaving.abort(new Error('nobody follows any more'));
    await Promise.all([watch.closed, beside.closed]);
  }
}

/** Resolves when they have ended, or could not be: whoever removes the attempt ends them once more. */
async function endServices(room: AttemptRoom, entry: JournalEntry, { result }: Outcome): Promise<void> {
  // A person who looks into a held step finds its services, too.
  const held = entry.spec.holdOnFailureMs > 0 && (result === 'Failed' || result === 'TimedOut');
  if (!held) await room.services?.end(entry, AbortSignal.timeout(serviceEndMs)).catch(room.onProblem);
}

/** Listens to the place beside the log. */
class PlaceWatch {
  witness: Witness | undefined;
  /** Found by `confirmation`: it failed, and init stays. */
  held = false;
  /** Resolves when the place has spoken, or never will. */
  readonly ended: Promise<void>;
  /** Resolves when nobody listens any more. */
  readonly closed: Promise<void>;
  readonly #room: AttemptRoom;
  readonly #entry: JournalEntry;
  readonly #signal: AbortSignal;
  #failure: unknown;

  constructor(room: AttemptRoom, entry: JournalEntry, signal: AbortSignal) {
    this.#room = room;
    this.#entry = entry;
    this.#signal = signal;
    const listening = placeOf(room.places, entry.spec)
      .ended(entry, signal)
      .then(
        (witness) => {
          this.witness = witness;
        },
        (error: unknown) => {
          this.#failure = error;
        },
      );
    this.closed = listening;
    this.ended = listening.then(() => this.#orNever());
  }

  /** A place that failed to answer must not make the follower spin: it goes on by the log alone. */
  #orNever(): Promise<void> {
    if (this.#failure === undefined) return Promise.resolve();
    if (!this.#signal.aborted) this.#room.onProblem(this.#failure);
    return new Promise(() => {});
  }

  /**
   * What the place says of an attempt whose record is there. `undefined` where it has nothing to say about the code, or
   * while the attempt is held: then its container goes on. Init holds whatever wrote to stderr where that may be a failure;
   * one that was none is let go here, where that is known.
   */
  async confirmation(directory: StagingDirectory, { result }: Outcome): Promise<Witness | undefined> {
    const { files, places, clock } = this.#room;
    const mayBeHeld = this.#entry.spec.holdOnFailureMs > 0;
    const waits = mayBeHeld || placeOf(places, this.#entry.spec).knowsExitCode;
    if (this.witness || !waits) return this.witness;
    for (let letsGo = false; !this.witness; ) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#signal.throwIfAborted();
      if (mayBeHeld && !letsGo && (await files.stat(directory.held, this.#signal))) {
        this.held = result !== 'Succeeded';
        if (this.held) return undefined;
        await letGo(this.#room, this.#entry, this.#signal);
        letsGo = true;
      }
      await Promise.race([this.closed, ...(mayBeHeld ? [clock.sleep(heldPollMs, this.#signal)] : [])]);
    }
    return this.witness;
  }
}

async function readExit(
  room: AttemptRoom,
  directory: StagingDirectory,
  signal: AbortSignal,
): Promise<ExitRecord | undefined> {
  try {
    const bytes = await room.files.readFile(directory.exit, maxExitBytes, signal);
    return bytes && parseExitRecord(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    signal.throwIfAborted();
    // The script can put anything there; init replaces it in the end.
    if (error instanceof ExitRecordError || (error as { kind?: string }).kind === 'InfrastructureFailure')
      return undefined;
    throw error;
  }
}

function judge(
  room: AttemptRoom,
  attempt: string,
  exit: ExitRecord | undefined,
  again: ExitRecord | undefined,
  witness: Witness | undefined,
  told: LogOutput['told'],
): Outcome {
  const entry = room.book.require(attempt);
  const { spec, phase } = entry;
  const evidence = {
    title: spec.title,
    cancelRequested: entry.cancelRequested ?? false,
    opened: wasOpened(phase),
    ...told,
    failOnErrorOutput: spec.failOnErrorOutput ?? false,
    mayLinger: spec.place.kind === 'host' && spec.leftovers === 'linger',
    killSent: entry.killSent ?? false,
    ...(witness ? { witness } : {}),
    ...(spec.limits.memoryBytes === undefined ? {} : { memoryLimitBytes: spec.limits.memoryBytes }),
  };
  const outcome = outcomeOf({ ...evidence, ...(exit ? { exit } : {}) });
  if (!exit || !again || sameRecord(exit, again)) return outcome;
  return {
    ...outcomeOf({ ...evidence, exit: again }),
    result: 'Unknown',
    cause: 'disagreement',
    infrastructure: true,
    message:
      'Outcome unknown: the exit record changed after it was read, so the step wrote one itself while it still ran. Look at what it did before running it again.',
  };
}

function sameRecord(a: ExitRecord, b: ExitRecord): boolean {
  return a.code === b.code && a.signal === b.signal && a.reason === b.reason && a.endNs === b.endNs;
}

async function remember(room: AttemptRoom, attempt: string, outcome: Outcome): Promise<void> {
  await room.book.change(attempt, (entry) => {
    if (!entry || entry.phase === 'finished') {
      throw new NotFound(`Attempt ${attempt} was finished or discarded while it was followed.`);
    }
    const isKnown = JSON.stringify(entry.outcome) === JSON.stringify(outcome);
    return isKnown ? undefined : { ...entry, phase: 'ended', outcome };
  });
}
