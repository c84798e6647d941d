/** One pull per digest (or transfer per hash), however many wait for it. It ends early only when nobody waits any more. */
import { ArgonautError, kindOf } from '@argonaut/contracts';
import type { AcquiredImage, AcquireProgress, TellProgress } from '@argonaut/contracts/attempt';
import { orAborted } from '../or-aborted.ts';

/** Who wants it, and where from: what went wrong for one need not for another. */
export interface Asker {
  /** Tells credentials apart: a refusal holds for everybody with equal ones, and those with others try theirs. */
  readonly who: string;
  /** The repository: whatever is wrong with one says nothing about another that has the same content. */
  readonly from: string;
}

interface Pull<T> {
  /** Whose credentials it is tried with, and where. */
  readonly asker: Asker;
  readonly result: Promise<T>;
  readonly listeners: Set<TellProgress>;
  readonly stop: AbortController;
  /** For those who come later: they want to know at once what they wait for. */
  last: AcquireProgress | undefined;
}

export class SharedPulls<T = AcquiredImage> {
  readonly #pulls = new Map<string, Pull<T>>();

  async share(
    digest: string,
    tell: TellProgress,
    signal: AbortSignal,
    work: (tell: TellProgress, signal: AbortSignal) => Promise<T>,
    asker: Asker = { who: '', from: '' },
  ): Promise<T> {
    signal.throwIfAborted();
    const joined = this.#pulls.get(digest);
    const pull = joined ?? this.#begin(digest, asker, work);
    // Each waiter is a listener of its own, also when two of them use the same function.
    const listener: TellProgress = (line) => tell(line);
    pull.listeners.add(listener);
    try {
      const waiting = orAborted(pull.result, signal);
      if (pull.last) tell(pull.last);
      return await waiting;
    } catch (error) {
      if (holdsFor(error, pull.asker, asker)) throw error;
      signal.throwIfAborted();
    } finally {
      pull.listeners.delete(listener);
      if (pull.listeners.size === 0) pull.stop.abort(new Error('nobody waits for this any more'));
    }
    return this.share(digest, tell, signal, work, asker);
  }

  #begin(
    digest: string,
    asker: Asker,
    work: (tell: TellProgress, signal: AbortSignal) => Promise<T>,
  ): Pull<T> {
    const listeners = new Set<TellProgress>();
    const stop = new AbortController();
    const tell: TellProgress = (line) => {
      pull.last = line;
      for (const listener of listeners) listener(line);
    };
    // Not at once: `tell` speaks of the pull.
    const result = Promise.resolve().then(() => work(tell, stop.signal));
    const pull: Pull<T> = { asker, result, listeners, stop, last: undefined };
    this.#pulls.set(digest, pull);
    const forget = (): void => {
      if (this.#pulls.get(digest) === pull) this.#pulls.delete(digest);
    };
    result.then(forget, forget);
    // A pull that is being stopped is nobody's to join.
    stop.signal.addEventListener('abort', forget, { once: true });
    return pull;
  }
}

/** Whether what failed for one would fail for the other. */
function holdsFor(error: unknown, one: Asker, other: Asker): boolean {
  // A full disk is the same for all registries.
  if (error instanceof ArgonautError && error.details.ofWorker === true) return true;
  if (one.from !== other.from) return false;
  const kind = kindOf(error);
  return one.who === other.who || (kind !== 'Unauthorised' && kind !== 'Forbidden');
}
