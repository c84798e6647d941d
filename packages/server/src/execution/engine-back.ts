/** An engine that is restarted is away for some seconds: what could not be prepared on it meanwhile waits for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ArgonautError } from '@argonaut/contracts';
import type { Call } from './call.ts';
import { sayLine } from './say-line.ts';

/** Long enough for a restart; an engine that is gone for longer fails the step. */
const PATIENCE_MS = 30_000;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 2_000;

/** The worker's engine could not be reached, or broke off. */
export function isEngineAway(error: unknown): boolean {
  return error instanceof ArgonautError && error.details.connection !== undefined;
}

/**
 * Resolves when the engine answers again, or when there is no use in waiting any longer. That it waits is told once, in the
 * activity: half a minute of silence looks like a server that hangs. `isWanted`: false once nobody needs what is waited for.
 */
export async function engineBack(
  { execution, lease, signal }: Pick<Call, 'execution' | 'lease' | 'signal'>,
  activity: string,
  isWanted: () => boolean = () => true,
): Promise<void> {
  const end = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  let told = false;
  for (let wait = FIRST_WAIT_MS; !end.aborted && isWanted(); wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    const description = await lease.connection.describe(end).catch(() => undefined);
    if (description !== undefined && description.engineProblem === undefined) return;
    if (!told) {
      told = true;
      const seconds = PATIENCE_MS / 1000;
      const message = `The container engine of the worker "${lease.name}" does not answer. Waiting up to ${seconds} s for it: is it being restarted, or not running?`;
      sayLine(execution, activity, { level: 'Warning', message });
    }
    await sleep(wait, undefined, { signal: end }).catch(() => {});
  }
}
