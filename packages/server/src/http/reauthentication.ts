/** A connection that stays open is asked again and again whether it may still be: a request is asked only once. */
import { ArgonautError } from '@argonaut/contracts';

/** Between two questions; a terminal of somebody who was disabled stays open no longer. */
export const ASK_AGAIN_MS = 30_000;

export interface Reauthentication extends Disposable {
  /** Aborted with the refusal, an `ArgonautError`, once there is one. */
  readonly signal: AbortSignal;
}

/**
 * Asks `admit` every `everyMs` until it refuses, one question at a time. Where it cannot answer (the database is away)
 * that goes to `onProblem`, and the next answer counts.
 */
export function askAgain(
  admit: () => Promise<void>,
  onProblem: (error: unknown) => void,
  everyMs = ASK_AGAIN_MS,
): Reauthentication {
  const refused = new AbortController();
  let isAsking = false;
  const timer = setInterval(async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      await admit();
    } catch (error) {
      if (isRefusal(error)) refused.abort(error);
      else onProblem(error);
    } finally {
      isAsking = false;
    }
  }, everyMs);
  return { signal: refused.signal, [Symbol.dispose]: () => clearInterval(timer) };
}

/** NotFound: the space is gone. */
function isRefusal(error: unknown): boolean {
  return error instanceof ArgonautError && ['Unauthorised', 'Forbidden', 'NotFound'].includes(error.kind);
}
