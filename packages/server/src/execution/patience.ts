/** Repeats a call to a worker that may be away for a while, and gives up after a stated time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ArgonautError, InfrastructureFailure, kindOf, messageOf } from '@argonaut/contracts';

/** The worker has been away for too long. */
export class WorkerLost extends InfrastructureFailure {}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5_000;

export interface Patience {
  readonly worker: string;
  readonly lostAfterMs: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Which errors may pass by themselves; the others are thrown at once. */
  readonly mayPass: (error: unknown) => boolean;
  /** Called before each repetition, once this has lasted for longer than a blink. */
  readonly onWait?: (error: unknown) => void;
}

/** What is over sooner is nothing that people need to hear of. */
const BLINK_MS = 3_000;
/** No call waits for so long for an answer: one that lasted longer has had some. */
const LONGEST_SILENCE_MS = 2 * 60_000;

/** Nobody could be reached: the call had no effect, or one that a repetition finds. */
export function isAway(error: unknown): boolean {
  return kindOf(error) === 'Unavailable';
}

/** How the way to a worker behind SSH breaks off, or is not there for a while (`SshFault`). */
const BROKEN_WAYS: ReadonlySet<unknown> = new Set(['lost', 'unreachable', 'handshake']);

/** Away, or the way to it broke off in the middle: for what may be repeated after a part of it was done. */
export function isOutOfReach(error: unknown): boolean {
  return isAway(error) || (error instanceof ArgonautError && BROKEN_WAYS.has(error.details.ssh));
}

/** Away, or answering that its own machine has trouble (an engine that restarts). */
export function isTrouble(error: unknown): boolean {
  const kind = kindOf(error);
  return (
    kind === 'Unavailable' || kind === 'InfrastructureFailure' || kind === 'TimedOut' || kind === undefined
  );
}

/**
 * What is given up is a worker that has not answered for so long, not a call that took so long: one that follows a step lasts
 * for hours, and then finds all of the patience.
 * @param call may say, by what it is given, that it was answered by something new
 */
export async function withPatience<T>(
  patience: Patience,
  call: (answered: () => void) => Promise<T>,
): Promise<T> {
  const { lostAfterMs, now } = patience;
  let since: number | undefined;
  let wait = FIRST_WAIT_MS;
  const answered = (): void => {
    since = undefined;
    wait = FIRST_WAIT_MS;
  };
  for (;;) {
    const began = now();
    try {
      return await call(answered);
    } catch (error) {
      if (patience.signal.aborted || !patience.mayPass(error)) throw error;
      if (since === undefined || now() - began >= LONGEST_SILENCE_MS) since = now();
      if (now() - since >= lostAfterMs) {
        const seconds = Math.round(lostAfterMs / 1000);
        throw new WorkerLost(
          `Worker "${patience.worker}" has not answered for ${seconds} s: ${messageOf(error)} ` +
            'What ran there may have gone on. Look at the worker before you run the step again.',
          { cause: error },
        );
      }
      if (now() - since >= BLINK_MS) patience.onWait?.(error);
      await sleep(wait, undefined, { signal: patience.signal });
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }
}

/** Another process has taken the task over: what this one holds is worthless now. */
export function isFenced(error: unknown): boolean {
  return kindOf(error) === 'Conflict' && /epoch/.test(messageOf(error));
}
