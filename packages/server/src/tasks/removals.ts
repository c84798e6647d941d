/**
 * How long it took until nothing was left of a task's attempts. Nobody waits for that, and it is often over only after the task;
 * so it lies beside the log, a line of JSON for each, and in no transaction: it is a figure, nothing depends on it.
 */
import { messageOf } from '@argonaut/contracts';
import type { RemovedAttempt } from '@argonaut/runner';
import type { BlobStore } from '../blobs/index.ts';
import type { Foundation } from '../foundation.ts';
import { tasksIn } from './queries.ts';

/** Goes with the log. */
const keyOf = (task: string): string => `logs/${task}/removals`;

/** Never rejects. Writes nothing for a task that was deleted meanwhile: nobody would delete it again. */
export async function noteRemoval(
  { blobs, database, log }: Pick<Foundation, 'blobs' | 'database' | 'log'>,
  { task, attempt, ms }: RemovedAttempt,
): Promise<void> {
  const line = `${JSON.stringify({ attempt, ms })}\n`;
  try {
    if ((await tasksIn(database).find(task)) === undefined) return;
    await blobs.append(keyOf(task), Buffer.from(line));
  } catch (error) {
    log.warn({ task, attempt, error: messageOf(error) }, 'how long a removal took');
  }
}

/** Milliseconds by attempt; the last removal of an attempt that was prepared several times. */
export async function removalsOf(blobs: BlobStore, task: string): Promise<ReadonlyMap<string, number>> {
  const key = keyOf(task);
  const taken = new Map<string, number>();
  if ((await blobs.size(key)) === undefined) return taken;
  const parts: Uint8Array[] = [];
  for await (const part of await blobs.get(key)) parts.push(part);
  const lines = Buffer.concat(parts).toString().split('\n');
  for (const line of lines) {
    const removal = read(line);
    if (removal !== undefined) taken.set(removal.attempt, removal.ms);
  }
  return taken;
}

/** Undefined for a line that the end of a server cut off; the next server's first line follows it without a break. */
function read(line: string): Pick<RemovedAttempt, 'attempt' | 'ms'> | undefined {
  try {
    return JSON.parse(line) as Pick<RemovedAttempt, 'attempt' | 'ms'>;
  } catch {
    return undefined;
  }
}
