/** How a task comes into being: a document that people see and an entry in the queue, in one transaction. */
import { timestamp } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import type { Principal } from '../http/index.ts';
import type { Services } from '../services.ts';
import { recordTask } from './audit.ts';
import { type Task, tasksIn } from './queries.ts';

export interface NewTask {
  readonly space: string;
  /** Chooses the code that runs it. */
  readonly name: string;
  readonly description: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Absent or past: now. */
  readonly queueTime?: string | null | undefined;
  readonly queueTimeExpiry?: string | null | undefined;
  readonly tag: string | null;
  readonly relatedIds: readonly string[];
  readonly projectId?: string;
  readonly environmentId?: string;
  readonly tenantId?: string;
  readonly runbookId?: string;
  /** Who asked for it; absent: the server itself. */
  readonly by?: Principal;
}

/** Call it in the transaction that makes what the task is for. */
export function startTask(services: Services, task: NewTask): Promise<Stored<Task>> {
  const { database, coordination } = services;
  const now = services.now();
  const wished = task.queueTime ? new Date(task.queueTime) : now;
  const queueTime = new Date(Math.max(wished.getTime(), now.getTime()));
  return database.transaction(async () => {
    const stored = await tasksIn(database).insert({
      space: task.space,
      document: {
        Name: task.name,
        Description: task.description,
        Arguments: task.arguments,
        State: 'Queued',
        QueueTime: timestamp(queueTime),
        QueueTimeExpiry: task.queueTimeExpiry ? timestamp(new Date(task.queueTimeExpiry)) : null,
        StartTime: null,
        CompletedTime: null,
        LastUpdatedTime: timestamp(now),
        ServerNode: '',
        ErrorMessage: '',
        HasWarningsOrErrors: false,
        PendingInterruptionTypes: [],
        RelatedDocumentIds: task.relatedIds,
        ConcurrencyTag: task.tag,
        ...(task.projectId === undefined ? {} : { ProjectId: task.projectId }),
        ...(task.environmentId === undefined ? {} : { EnvironmentId: task.environmentId }),
        ...(task.tenantId === undefined ? {} : { TenantId: task.tenantId }),
        ...(task.runbookId === undefined ? {} : { RunbookId: task.runbookId }),
      },
    });
    await coordination.enqueue({ task: stored.id, space: task.space, queueTime, tag: task.tag });
    await recordTask(services, stored, 'Queued', task.by);
    return stored;
  });
}
