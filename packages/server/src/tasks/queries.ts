/** How tasks are stored and found. The queue's own table says who works on one; this document is what people see. */
import { TASK_STATES, type TaskQuery, type TaskStateName } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Query, type Stored } from '../database/index.ts';

export interface Task {
  /** `Deploy`, `RunbookRun`, `Health`: chooses the code that runs it. */
  readonly Name: string;
  readonly Description: string;
  readonly Arguments: Readonly<Record<string, unknown>>;
  readonly State: TaskStateName;
  readonly QueueTime: string;
  readonly QueueTimeExpiry: string | null;
  readonly StartTime: string | null;
  readonly CompletedTime: string | null;
  readonly LastUpdatedTime: string;
  readonly ServerNode: string;
  readonly ErrorMessage: string;
  readonly HasWarningsOrErrors: boolean;
  readonly PendingInterruptionTypes: readonly string[];
  /** Only while and because nobody can tell how a step ended. */
  readonly Outcome?: 'Unknown';
  readonly ProjectId?: string;
  readonly EnvironmentId?: string;
  readonly TenantId?: string;
  readonly RunbookId?: string;
  /** What it is about (deployment, release, project, …): what its artifacts and interruptions are found by. */
  readonly RelatedDocumentIds: readonly string[];
  /** Somebody has put it before those that waited longer. */
  readonly IsPrioritized?: boolean;
  /** At most one task with the same tag runs at a time; null: no limit. */
  readonly ConcurrencyTag: string | null;
}

const COMPLETED: readonly TaskStateName[] = ['Success', 'Failed', 'Canceled', 'TimedOut'];

export function isCompleted(task: Task): boolean {
  return COMPLETED.includes(task.State);
}

const kind: Kind<Task> = {
  name: 'ServerTasks',
  title: 'task',
  nameOf: (task) => task.Description,
  uniqueNames: false,
  order: 'newest',
  index: (task) => ({
    State: task.State,
    Name: task.Name,
    Project: task.ProjectId,
    Environment: task.EnvironmentId,
    Tenant: task.TenantId,
    Runbook: task.RunbookId,
    Node: task.ServerNode,
    Tag: task.ConcurrencyTag,
    Expires: task.QueueTimeExpiry === null ? null : 'true',
    Interrupted: task.PendingInterruptionTypes.length > 0 ? 'true' : 'false',
    Warned: task.HasWarningsOrErrors ? 'true' : 'false',
  }),
};

export function tasksIn(database: Database): Collection<Task> {
  return new Collection(database, kind);
}

/** What the parameters of a task list mean. */
export function toQuery(query: TaskQuery, space: string | undefined): Query {
  let states: readonly string[] = query.states ?? [];
  const narrow = (to: readonly string[]) => {
    states = states.length === 0 ? to : states.filter((state) => to.includes(state));
    // Contradicting filters find nothing rather than everything.
    if (states.length === 0) states = ['-'];
  };
  if (query.active === true) narrow(TASK_STATES.filter((state) => !COMPLETED.includes(state)));
  if (query.running === true) narrow(['Executing', 'Cancelling']);
  const named = query.ids?.length ?? 0;
  return {
    ids: query.ids,
    // Octopus's TypeScript client asks for 300 ids at a time and skips 300 more with each request, although each names its own.
    skip: named > 0 && query.skip >= named ? 0 : query.skip,
    take: query.take,
    partialName: query.partialName,
    space: space ?? (query.spaces?.length === 1 ? query.spaces[0] : undefined),
    where: {
      State: states,
      Name: query.name,
      Project: query.project,
      Environment: query.environment,
      Tenant: query.tenant,
      Runbook: query.runbook,
      Node: query.node,
      Interrupted: textOf(query.hasPendingInterruptions),
      Warned: textOf(query.hasWarningsOrErrors),
    },
  };
}

function textOf(flag: boolean | undefined): string | undefined {
  return flag === undefined ? undefined : String(flag);
}

/**
 * Changes a task's document. Locks the task in the queue first, so that whoever runs the task and whoever asks about it
 * do not overwrite each other; within a transaction it belongs to it.
 */
export async function changeTask(
  database: Database,
  id: string,
  change: (task: Task) => Task,
): Promise<Stored<Task>> {
  return database.transaction(async () => {
    await database.query
      .updateTable('queue')
      .set((row) => ({ epoch: row.ref('epoch') }))
      .where('task', '=', id)
      .execute();
    const tasks = tasksIn(database);
    const stored = await tasks.get(id);
    const changed = change(stored.document);
    return changed === stored.document ? stored : tasks.update(stored, changed);
  });
}
