/** What to do when a registry does not give what it was asked for: which trouble passes, and what to say about the rest. */
import { ArgonautError, type ErrorDetails, kindOf } from '@argonaut/contracts';
import type { TellProgress } from '@argonaut/contracts/attempt';
import { engineMessageOf, statusOf } from '../docker/errors.ts';
import type { Clock } from '../ports/clock.ts';

const tries = 4;
const firstPauseMs = 500;
/** A registry that says 429 counts in minutes; the engine does not pass on until when. */
const rateLimitPauseMs = 15_000;

type Trouble = 'passing' | 'rate-limit' | 'no-space' | 'lasting';

/**
 * What the engine was doing. While it pulls, the errors are also those of unpacking layers, in which "denied" and "not
 * found" are about files.
 */
export type Doing = 'asking' | 'pulling';

/** Tries again with growing, jittered pauses, and only what may pass. Refused credentials are never tried again. */
export async function withRetries<T>(
  clock: Clock,
  signal: AbortSignal,
  tell: TellProgress,
  [doing, what]: readonly [Doing, string],
  work: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const trouble = troubleOf(error, doing);
      if ((trouble !== 'passing' && trouble !== 'rate-limit') || tried === tries) throw error;
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

export function troubleOf(error: unknown, doing: Doing = 'asking'): Trouble {
  const status = statusOf(error);
  const message = wordsOf(error);
  if (status === 429 || /toomanyrequests|too many requests/i.test(message)) return 'rate-limit';
  if (/no space left on device|disk quota exceeded/i.test(message)) return 'no-space';
  if (kindOf(error) === 'TimedOut') return 'passing';
  if (status === undefined || status < 500) return 'lasting';
  return isLasting(message, doing) ? 'lasting' : 'passing';
}

/** What the engine said, without addresses and references: an image may be named `certificate-manager`. */
function wordsOf(error: unknown): string {
  return engineMessageOf(error).replace(/https?:\/\/\S+|reference "[^"]*"/g, '');
}

/** Engines answer 500 also for what no waiting cures. */
function isLasting(message: string, doing: Doing): boolean {
  return (
    isRefused(message, doing) ||
    isMissing(message, doing) ||
    isUnreachable(message) ||
    /certificate|HTTP response to HTTPS/i.test(message) ||
    (doing === 'pulling' && isUnstorable(message))
  );
}

function isUnreachable(message: string): boolean {
  return /connection refused|no such host|server misbehaving|no route to host|network is unreachable/i.test(
    message,
  );
}

function isRefused(message: string, doing: Doing): boolean {
  return (
    /unauthorized|authentication required|no basic auth credentials|incorrect username or password/i.test(
      message,
    ) || (doing === 'asking' ? /denied/i : /pull access denied|denied: requested access/i).test(message)
  );
}

function isMissing(message: string, doing: Doing): boolean {
  return (
    /manifest unknown|name unknown|repository .* does not exist/i.test(message) ||
    (doing === 'asking'
      ? /not found/i
      : /blob unknown|manifest for .* not found|content at .* not found/i
    ).test(message)
  );
}

/** The layers came; the engine cannot write what is in them. */
function isUnstorable(message: string): boolean {
  return /permission denied|operation not permitted|read-only file system/i.test(message);
}

/** True: the registry need not be asked what it thinks, and must not be where it has refused the credentials. */
export function isSettled(pullError: unknown): boolean {
  const words = wordsOf(pullError);
  return (
    statusOf(pullError) === 401 ||
    isRefused(words, 'pulling') ||
    isUnstorable(words) ||
    troubleOf(pullError, 'pulling') === 'no-space'
  );
}

/** The error that people see: which reference, what is wrong, what to do. */
export function registryError(
  error: unknown,
  reference: string,
  withCredentials: boolean,
  doing: Doing = 'asking',
): unknown {
  if (!(error instanceof ArgonautError) || error.details.engineMessage === undefined) return error;
  const status = statusOf(error);
  const said = engineMessageOf(error);
  const words = wordsOf(error);
  const trouble = troubleOf(error, doing);
  const because = (more: Readonly<Record<string, unknown>> = {}): ErrorDetails => ({
    cause: error,
    details: { ...error.details, reference, ...more },
  });
  if (trouble === 'rate-limit') {
    return new ArgonautError(
      'Unavailable',
      `The registry limits how often ${reference} may be asked for (429): ${said}. Wait, or give the feed credentials with a higher limit.`,
      because(),
    );
  }
  if (trouble === 'no-space') {
    return new ArgonautError(
      'InfrastructureFailure',
      `The disk of the worker's engine has no room for ${reference}: ${said}. Free space there ("docker system df" tells what takes it), or have images removed earlier (ARGONAUT_IMAGE_CLEAN_UP, or ImageCleanUp of the machine policy).`,
      because({ ofWorker: true }),
    );
  }
  if (doing === 'pulling' && isUnstorable(words)) {
    return new ArgonautError(
      'InfrastructureFailure',
      `The worker's engine cannot store ${reference}: ${said}. Look at its log, and at the file system that holds its images.`,
      because({ ofWorker: true }),
    );
  }
  if (status === 403 && !/401/.test(said)) {
    return new ArgonautError(
      'Forbidden',
      `The registry does not allow ${reference} to ${withCredentials ? "the feed's user" : 'an anonymous user'} (403): ${said}.`,
      because(),
    );
  }
  if (status === 401 || isRefused(words, doing)) {
    return new ArgonautError(
      'Unauthorised',
      withCredentials
        ? `The registry refuses the feed's user name or password for ${reference}: ${said}. They are not tried again; correct them on the feed.`
        : `The registry wants a user name and a password for ${reference}: ${said}. Give the feed credentials. (Some registries say so also when the image does not exist.)`,
      because(withCredentials ? { credentialsRefused: true } : {}),
    );
  }
  if (status === 404 || isMissing(words, doing)) {
    return new ArgonautError(
      'NotFound',
      `The registry has no ${reference}: ${said}. Check the name and the tag.`,
      because(),
    );
  }
  const remedy = isUnreachable(words)
    ? " Check the image's name and the worker's network and DNS, or choose a feed."
    : '';
  return new ArgonautError(
    'InfrastructureFailure',
    `The registry of ${reference} cannot be used by the worker's engine: ${said}.${remedy}`,
    because(),
  );
}
