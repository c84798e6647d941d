/** Everything of a task that is over goes: its log, its run, its questions and its artifacts. */
import { Conflict, messageOf } from '@argonaut/contracts';
import { artifactsIn, contentKey } from '../artifacts/queries.ts';
import { OF_TASKS } from '../database/index.ts';
import { interruptionsIn } from '../interruptions/queries.ts';
import type { Services } from '../services.ts';
import { isCompleted, tasksIn } from './queries.ts';

/** In the caller's transaction; bytes go after the commit. @throws Conflict while the task is not over. */
export async function removeTask(services: Services, id: string): Promise<void> {
  const { database, blobs } = services;
  const stored = await tasksIn(database).find(id);
  if (stored === undefined) return;
  if (!isCompleted(stored.document)) {
    throw new Conflict(
      `"${stored.document.Description}" (${id}) is still ${stored.document.State}. Cancel it, or wait until it is over.`,
    );
  }
  const keys = [`logs/${id}`];
  for (const artifact of await artifactsIn(database).all({ where: { Regarding: id } })) {
    if (artifact.document.ServerTaskId !== id) continue;
    keys.push(contentKey(artifact.id));
    await artifactsIn(database).remove(artifact.id);
  }
  for (const interruption of await interruptionsIn(database).all({ parent: id })) {
    await interruptionsIn(database).remove(interruption.id);
  }
  for (const table of OF_TASKS) {
    await database.query.deleteFrom(table).where('task', '=', id).execute();
  }
  await tasksIn(database).remove(id);
  database.afterCommit(() => {
    for (const key of keys) {
      blobs.delete(key).catch((error) => services.log.warn({ key, error: messageOf(error) }, 'blob'));
    }
  });
}
