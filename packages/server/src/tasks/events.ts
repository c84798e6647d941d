/**
 * What people do to a task, brought to whichever server has it: stored in the transaction of the request, read by that
 * server, and removed once the orchestrator has stored what became of it. Entering one twice changes nothing.
 */
import { randomUUID } from 'node:crypto';
import type { TaskEvent } from '@argonaut/orchestrator';
import type { Services } from '../services.ts';

export interface SentEvent {
  readonly id: string;
  readonly task: string;
  readonly event: TaskEvent;
}

/** Wakes the servers at the commit. */
export async function sendEvent(services: Services, task: string, event: TaskEvent): Promise<void> {
  const row = {
    id: randomUUID(),
    task,
    created: services.now().toISOString(),
    body: JSON.stringify(event),
  };
  await services.database.query.insertInto('task_events').values(row).execute();
  await services.coordination.wake();
}

/** For these tasks, oldest first. */
export async function sentEvents(
  services: Services,
  tasks: readonly string[],
): Promise<readonly SentEvent[]> {
  if (tasks.length === 0) return [];
  const rows = await services.database.query
    .selectFrom('task_events')
    .select(['id', 'task', 'body'])
    .where('task', 'in', tasks)
    .orderBy('created')
    .orderBy('id')
    .execute();
  return rows.map(({ id, task, body }) => ({ id, task, event: JSON.parse(body) as TaskEvent }));
}

export async function forgetEvent(services: Services, id: string): Promise<void> {
  await services.database.query.deleteFrom('task_events').where('id', '=', id).execute();
}
