/** How a task's document says that it is over. */
import { timestamp } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import type { Services } from '../services.ts';
import { recordTask } from './audit.ts';
import type { TaskKind } from './kinds.ts';
import { changeTask, isCompleted, type Task } from './queries.ts';
import { followSuccess } from './succeeded.ts';

export interface End {
  readonly state: 'Success' | 'Failed' | 'Canceled' | 'TimedOut';
  /** Empty on success. */
  readonly errorMessage: string;
  readonly unknown?: boolean;
}

const MOMENTS = { Success: 'Succeeded', Failed: 'Failed', Canceled: 'Canceled', TimedOut: 'Failed' } as const;

/** In the caller's transaction; an end is final, so a second one changes nothing. */
export async function endTask(
  services: Services,
  id: string,
  end: End,
  kind: TaskKind | undefined,
): Promise<Stored<Task>> {
  const now = timestamp(services.now());
  let changed = false;
  const stored = await changeTask(services.database, id, (task) => {
    if (isCompleted(task)) return task;
    changed = true;
    return {
      ...task,
      State: end.state,
      CompletedTime: now,
      LastUpdatedTime: now,
      ErrorMessage: end.errorMessage,
      PendingInterruptionTypes: [],
      HasWarningsOrErrors: task.HasWarningsOrErrors || end.state === 'Failed',
      ...(end.unknown === true ? { Outcome: 'Unknown' as const } : {}),
    };
  });
  if (changed) {
    await recordTask(services, stored, MOMENTS[end.state]);
    await kind?.ended?.(services, stored);
    await followSuccess(services, stored);
  }
  services.database.afterCommit(() => services.news.tell(id));
  return stored;
}
