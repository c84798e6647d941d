/** Tasks that may not start after a moment: who was still waiting then is over. */
import type { Services } from '../../services.ts';
import { endTask } from '../ending.ts';
import type { TaskKind } from '../kinds.ts';
import { tasksIn } from '../queries.ts';

/** Ends what has waited too long; returns when the next one will have. */
export async function expireTasks(
  services: Services,
  kinds: ReadonlyMap<string, TaskKind>,
): Promise<Date | undefined> {
  const { database, coordination } = services;
  const waiting = await tasksIn(database).all({ where: { Expires: 'true', State: 'Queued' } });
  let next: Date | undefined;
  for (const { id, document } of waiting) {
    const expiry = new Date(document.QueueTimeExpiry ?? Number.NaN);
    if (!(expiry <= services.now())) {
      if (next === undefined || expiry < next) next = expiry;
      continue;
    }
    await database.transaction(async () => {
      if (!(await coordination.withdraw(id))) return;
      const errorMessage = `The task was not started before ${expiry.toISOString()}, as it had to be. Start it anew.`;
      await endTask(services, id, { state: 'TimedOut', errorMessage }, kinds.get(document.Name));
    });
  }
  return next;
}
