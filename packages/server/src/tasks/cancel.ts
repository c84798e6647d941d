/** The end of a task on request: at once while it waits, otherwise through the orchestrator of whoever runs it. */
import { randomUUID } from 'node:crypto';
import { timestamp } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import type { Services } from '../services.ts';
import { endTask } from './ending.ts';
import { sendEvent } from './events.ts';
import { changeTask, isCompleted, type Task } from './queries.ts';

/** In the caller's transaction. A task that is over stays as it is; a repeated request insists more. */
export async function cancelTask(
  services: Services,
  stored: Stored<Task>,
  by: string,
): Promise<Stored<Task>> {
  const { database, coordination } = services;
  if (isCompleted(stored.document)) return stored;
  // One that has begun is never taken out of the queue, also not while it waits for its next try.
  if (stored.document.State === 'Queued' && (await coordination.withdraw(stored.id))) {
    return endTask(
      services,
      stored.id,
      { state: 'Canceled', errorMessage: `The task was cancelled by ${by} before it started.` },
      undefined,
    );
  }
  await sendEvent(services, stored.id, { type: 'cancel-requested', request: randomUUID(), by });
  return changeTask(database, stored.id, (task) =>
    isCompleted(task) ? task : { ...task, State: 'Cancelling', LastUpdatedTime: timestamp(services.now()) },
  );
}
