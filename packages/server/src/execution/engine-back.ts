/** An engine that is restarted is away for some seconds: what could not be prepared on it meanwhile waits for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ArgonautError } from '@argonaut/contracts';
import type { WorkerConnection } from '@argonaut/contracts/attempt';

/** Long enough for a restart; an engine that is gone for longer fails the step. */
const PATIENCE_MS = 30_000;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 2_000;

/** The worker's engine could not be reached, or broke off. */
export function isEngineAway(error: unknown): boolean {
  return error instanceof ArgonautError && error.details.connection !== undefined;
}

/** Resolves when the engine answers again, or when there is no use in waiting any longer. */
export async function engineBack(
  connection: Pick<WorkerConnection, 'describe'>,
  signal: AbortSignal,
): Promise<void> {
  const end = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  for (let wait = FIRST_WAIT_MS; !end.aborted; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    const description = await connection.describe(end).catch(() => undefined);
    if (description !== undefined && description.engineProblem === undefined) return;
    await sleep(wait, undefined, { signal: end }).catch(() => {});
  }
}
