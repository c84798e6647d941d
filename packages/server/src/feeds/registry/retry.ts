/**
 * When to ask again. Only for faults that may pass by themselves (no connection, 5xx, 429), a bounded number of
 * times, with growing waits that are spread by chance, so that many tasks do not come back in step. A wait that
 * the registry asks for is honoured, or not begun at all when it would outlast the call.
 */

import { RateLimited, RegistryError, ServerError, type Subject } from './errors.ts';
import type { Answer, Call, Clock } from './transport.ts';

export interface RetryPolicy {
  /** Further attempts after the first. Octopus's `DownloadAttempts` counts the first as well. */
  readonly retries: number;
  /** Longest first wait in milliseconds; it doubles each time. Octopus's `DownloadRetryBackoffSeconds`. */
  readonly backoff: number;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

/** The longest wait that we choose by ourselves, in milliseconds. */
const longestBackoff = 30_000;

/**
 * Runs `attempt` until it succeeds, fails for good, or the retries or the call's time are used up.
 * @throws what the last attempt threw, its message ending in the number of attempts if there were several
 */
export async function withRetries<T>(policy: RetryPolicy, call: Call, attempt: () => Promise<T>): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RegistryError) || !error.transient) throw error;
      const wait = waitAfter(error, made, policy);
      const outlasts = policy.clock.now() + wait > call.deadline;
      if (made > policy.retries || outlasts || call.signal.aborted) {
        if (made > 1) error.message += ` Tried ${made} times.`;
        throw error;
      }
      await sleepIn(call, policy.clock, wait, error);
    }
  }
}

function waitAfter(error: RegistryError, made: number, policy: RetryPolicy): number {
  const spread = policy.random();
  const chosen = spread * Math.min(longestBackoff, policy.backoff * 2 ** (made - 1));
  if (error instanceof RateLimited && error.until !== null) {
    // A little after the moment: the registry's seconds are rounded, and everybody else waits for it too.
    return Math.max(0, error.until.getTime() - policy.clock.now()) + spread * Math.min(1_000, policy.backoff);
  }
  return error instanceof ServerError && error.retryAfter !== null
    ? Math.max(error.retryAfter, chosen)
    : chosen;
}

async function sleepIn(call: Call, clock: Clock, wait: number, because: RegistryError): Promise<void> {
  try {
    await clock.sleep(wait, call.signal);
  } catch {
    call.caller?.throwIfAborted();
    throw because;
  }
}

/**
 * Milliseconds from now that an answer asks us to wait, or `null`. `Retry-After` holds seconds or a date
 * (RFC 9110, 10.2.3); Docker Hub adds `X-Retry-After`, a Unix time in seconds.
 */
export function retryAfter(headers: Headers, now: number): number | null {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = value === '' ? Number.NaN : Date.parse(value);
  if (!Number.isNaN(date)) return Math.max(0, date - now);
  const unix = headers.get('x-retry-after')?.trim() ?? '';
  return /^\d{9,11}$/.test(unix) ? Math.max(0, Number(unix) * 1000 - now) : null;
}

/** Throws for the statuses that mean the same everywhere, in the registry as in its token service: 429 and 5xx. */
export function refuseBusyAnswers(
  answer: Answer,
  subject: Subject,
  now: number,
  anonymous: boolean,
  said: string,
): void {
  if (answer.status === 429) {
    const wait = retryAfter(answer.headers, now);
    throw new RateLimited(subject, wait === null ? null : new Date(now + wait), anonymous, said);
  }
  if (answer.status >= 500) {
    throw new ServerError(subject, answer.status, retryAfter(answer.headers, now), said);
  }
}
