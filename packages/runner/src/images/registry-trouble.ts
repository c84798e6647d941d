/** What to do when a registry does not give what it was asked for: which trouble passes, and what to say about the rest. */
import { ArgonautError, type ErrorDetails, kindOf, messageOf } from '@argonaut/contracts';
import type { TellProgress } from '@argonaut/contracts/attempt';
import { engineMessageOf, statusOf } from '../docker/errors.ts';
import type { Clock } from '../ports/clock.ts';

const tries = 4;
const firstPauseMs = 500;
/** A registry that says 429 counts in minutes; the engine does not pass on until when. */
const rateLimitPauseMs = 15_000;

type Trouble = 'passing' | 'rate-limit' | 'lasting';

/** Tries again with growing, jittered pauses, and only what may pass. Refused credentials are never tried again. */
export async function withRetries<T>(
  clock: Clock,
  signal: AbortSignal,
  tell: TellProgress,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const trouble = troubleOf(error);
      if (trouble === 'lasting' || tried === tries) throw error;
      const base = trouble === 'rate-limit' ? rateLimitPauseMs : firstPauseMs;
      const pause = base * 2 ** (tried - 1) * (0.5 + clock.random());
      tell({
        level: 'Warning',
        message: `${what} failed (${engineMessageOf(error)}); trying again in ${(pause / 1000).toFixed(1)} s`,
      });
      await clock.sleep(pause, signal);
    }
  }
}

export function troubleOf(error: unknown): Trouble {
  const status = statusOf(error);
  const message = messageOf(error);
  if (status === 429 || /toomanyrequests|too many requests/i.test(message)) return 'rate-limit';
  if (kindOf(error) === 'TimedOut') return 'passing';
  if (status === undefined || status < 500) return 'lasting';
  return isLasting(message) ? 'lasting' : 'passing';
}

/** Engines answer 500 also for what no waiting cures. */
function isLasting(message: string): boolean {
  return (
    isRefused(message) ||
    /connection refused|no such host|server misbehaving|certificate|HTTP response to HTTPS|no route to host|network is unreachable/i.test(
      message,
    ) ||
    isMissing(message)
  );
}

function isRefused(message: string): boolean {
  return /unauthorized|authentication required|no basic auth credentials|incorrect username or password|denied/i.test(
    message,
  );
}

function isMissing(message: string): boolean {
  return /manifest unknown|not found|name unknown|repository .* does not exist/i.test(message);
}

/** The error that people see: which reference, what is wrong, what to do. */
export function registryError(error: unknown, reference: string, withCredentials: boolean): unknown {
  if (!(error instanceof ArgonautError) || error.details.engineMessage === undefined) return error;
  const status = statusOf(error);
  const said = engineMessageOf(error);
  const options: ErrorDetails = { cause: error, details: { ...error.details, reference } };
  if (status === 429 || troubleOf(error) === 'rate-limit') {
    return new ArgonautError(
      'Unavailable',
      `The registry limits how often ${reference} may be asked for (429): ${said}. Wait, or give the feed credentials with a higher limit.`,
      options,
    );
  }
  if (status === 403 && !/401/.test(said)) {
    return new ArgonautError(
      'Forbidden',
      `The registry does not allow ${reference} to ${withCredentials ? "the feed's user" : 'an anonymous user'} (403): ${said}.`,
      options,
    );
  }
  if (status === 401 || isRefused(said)) {
    return new ArgonautError(
      'Unauthorised',
      withCredentials
        ? `The registry refuses the feed's user name or password for ${reference}: ${said}. They are not tried again; correct them on the feed.`
        : `The registry wants a user name and a password for ${reference}: ${said}. Give the feed credentials. (Some registries say so also when the image does not exist.)`,
      options,
    );
  }
  if (status === 404 || isMissing(said)) {
    return new ArgonautError(
      'NotFound',
      `The registry has no ${reference}: ${said}. Check the name and the tag.`,
      options,
    );
  }
  return new ArgonautError(
    'InfrastructureFailure',
    `The registry of ${reference} cannot be used by the worker's engine: ${said}.`,
    options,
  );
}
