/** The verbs that end an attempt: `cancel`, `discard`, `release`, `finish`. To be called under the attempt's lock. */
import { Conflict, messageOf } from '@argonaut/contracts';
import { crashPoint } from '../crash-point.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { placeOf } from './places.ts';
import type { Staging } from './stage.ts';
import { StagingDirectory } from './staging-directory.ts';
import { type AttemptRoom, wasOpened } from './surroundings.ts';

/** What init itself may take beyond the grace: it drains pipes for 2 s and ends stragglers for 1 s. */
const initEndMs = 10_000;

/**
 * TERM to the program's group, KILL after the grace; at the gate the end at once. The request is durable before the
 * signal: a TERM that is not in the journal was not ours.
 */
export async function cancelAttempt(
  room: AttemptRoom,
  attempt: string,
  epoch: number,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { book, gates, places, services } = room;
  book.require(attempt);
  await book.admit(attempt, epoch);
  const entry = book.require(attempt);
  if (entry.phase === 'ended' || entry.phase === 'drained') return;
  if (entry.phase === 'accepted') throw new Conflict(`Attempt ${attempt} is not staged yet.`);
  crashPoint('cancel.before-entry');
  if (!entry.cancelRequested) await book.put({ ...entry, cancelRequested: true });
  crashPoint('cancel.after-entry');
  // Not before the entry: whoever begins to wait for services looks into it first, and never again.
  services?.interrupt(attempt);
  const directory = new StagingDirectory(entry.directory);
  // A script can remove the socket; init takes the signal just as well.
  if (!(await gates.cancel(directory, graceMs, signal))) {
    await placeOf(places, entry.spec).kill(entry, 'SIGTERM', signal);
  }
  crashPoint('cancel.after-signal');
  insist(room, entry, graceMs);
}

/** Should init itself not end, the place ends everything. */
function insist(room: AttemptRoom, entry: JournalEntry, graceMs: number): void {
  const { files, clock, places, onProblem } = room;
  const directory = new StagingDirectory(entry.directory);
  const deadline = AbortSignal.timeout(graceMs + 2 * initEndMs);
  const work = async (): Promise<void> => {
    const end = clock.monotonic() + graceMs + initEndMs;
    while (clock.monotonic() < end) {
      if (await files.stat(directory.exit, deadline)) return;
      if (room.book.get(entry.spec.attempt)?.phase !== entry.phase) return;
      await clock.sleep(250, deadline);
    }
    // Durable before the signal: a KILL that is not in the journal was not ours.
    const killed = await room.book.change(entry.spec.attempt, (now) =>
      now?.phase === entry.phase ? { ...now, killSent: true } : undefined,
    );
    if (killed === undefined) return;
    await placeOf(places, entry.spec).kill(entry, 'SIGKILL', deadline);
  };
  work().catch((error: unknown) => {
    onProblem(new Error(`Ending attempt ${entry.spec.attempt} by force failed: ${messageOf(error)}`));
  });
}

export async function discardAttempt(
  room: AttemptRoom,
  staging: Staging,
  attempt: string,
  epoch: number,
): Promise<void> {
  const { book } = room;
  const known = book.get(attempt);
  if (!known || known.phase === 'finished') return;
  await book.admit(attempt, epoch);
  const entry = book.require(attempt);
  if (wasOpened(entry.phase)) {
    throw new Conflict(`Attempt ${attempt} has been opened; it can be cancelled, not discarded.`);
  }
  await staging.throwAway(entry);
}

export async function releaseAttempt(
  room: AttemptRoom,
  attempt: string,
  epoch: number,
  signal: AbortSignal,
): Promise<void> {
  const { book } = room;
  book.require(attempt);
  await book.admit(attempt, epoch);
  await letGo(room, book.require(attempt), signal);
}

/** Lifts the hold of an attempt; no effect on one that is not held. */
export async function letGo(
  { gates, places }: Pick<AttemptRoom, 'gates' | 'places'>,
  entry: JournalEntry,
  signal: AbortSignal,
): Promise<void> {
  if (await gates.release(new StagingDirectory(entry.directory), signal)) return;
  // The socket is gone, perhaps by the script's doing; a held init leaves on TERM. One that has left ignores it.
  await placeOf(places, entry.spec).kill(entry, 'SIGTERM', signal);
}

/** Everything is stored; what is left is removed in the background. */
export async function finishAttempt(
  room: AttemptRoom,
  staging: Staging,
  attempt: string,
  epoch: number,
): Promise<void> {
  const { book, disposal, learnt, logs } = room;
  const known = book.get(attempt);
  if (!known || known.phase === 'finished') return;
  await book.admit(attempt, epoch);
  const entry = book.require(attempt);
  if (entry.phase !== 'ended' && entry.phase !== 'drained') {
    throw new Conflict(
      `Attempt ${attempt} has not ended, as far as this worker has been told to look: follow it to its end, or discard it.`,
    );
  }
  crashPoint('finish.before-entry');
  const finished = await book.put({ ...entry, phase: 'finished' });
  crashPoint('finish.after-entry');
  staging.forget(attempt);
  await logs.drop(attempt);
  learnt.drop(attempt);
  disposal.begin(finished);
}
