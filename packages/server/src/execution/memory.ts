/** Whether a worker has the memory to let containers wait for their turn. */
import type { Staging } from '@argonaut/orchestrator';
import type { Call } from './call.ts';

const MEBIBYTE = 1024 * 1024;
/** Of the engine and its runtime, for one container that waits at its gate (measured). */
const CONTAINER_BYTES = 18 * MEBIBYTE;
/** What is left for the steps that run: to wait must not cost them anything. */
const RESERVE_BYTES = 128 * MEBIBYTE;

/** Why the containers should not be made before their turn; undefined when they may, or when the worker cannot tell. */
export async function tooLittleMemory(staging: Staging, call: Call): Promise<string | undefined> {
  if (staging.place.kind !== 'container') return undefined;
  const free = await call.lease.connection.freeMemory?.(call.signal);
  if (free === undefined) return undefined;
  const count = 1 + (staging.services?.length ?? 0);
  const needed = count * CONTAINER_BYTES + RESERVE_BYTES;
  if (free >= needed) return undefined;
  const mebibytes = (bytes: number): number => Math.round(bytes / MEBIBYTE);
  return `the worker has ${mebibytes(free)} MiB of memory to spare, and ${mebibytes(needed)} are wanted for ${
    count === 1 ? 'a container' : `${count} containers`
  } that would only wait`;
}
