/** Images that tasks will still use: those that running tasks have acquired, and those that waiting ones are fixed to. */
import type { TaskState } from '@argonaut/orchestrator';
import { ImageLocks, ownerOf } from '../../images/index.ts';
import type { Services } from '../../services.ts';
import { tasksIn } from '../../tasks/queries.ts';

const OPEN = ['Queued', 'Executing', 'Cancelling'] as const;

/** Names on workers and digests, of all workers together: another one's does no harm. */
export async function plannedImages(services: Services): Promise<readonly string[]> {
  const { database } = services;
  const open = await tasksIn(database).all({ where: { State: [...OPEN] } });
  if (open.length === 0) return [];
  const planned = new Set<string>();
  const locks = new ImageLocks(database);
  for (const task of open) {
    const row = await database.query
      .selectFrom('runs')
      .select('state')
      .where('task', '=', task.id)
      .executeTakeFirst();
    const { images = {} } = JSON.parse(row?.state ?? '{}') as Partial<TaskState>;
    for (const { acquired } of Object.values(images)) if (acquired !== undefined) planned.add(acquired.local);
    const owner = await ownerOf(services, task);
    for (const { digest } of owner === undefined ? [] : await locks.of(owner.id))
      if (digest !== null) planned.add(digest);
  }
  return [...planned];
}
