/** `/tasks`: what runs, what ran, and the end of it. They live under every prefix: of a space, and of the server. */
import { Conflict, Invalid } from '@argonaut/contracts';
import {
  ChangeTaskState,
  CreateTask,
  PageOf,
  PageQuery,
  TaskQuery,
  TaskResource,
  timestamp,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { Stored } from '../database/index.ts';
import { created, page, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { defaultSpace } from '../spaces/queries.ts';
import { happeningTo } from './audit.ts';
import { cancelTask } from './cancel.ts';
import { present } from './codec.ts';
import { changeTask, isCompleted, type Task, tasksIn, toQuery } from './queries.ts';
import { startTask } from './start.ts';
import { followSuccess } from './succeeded.ts';

const TASK_TYPES = [
  { Id: 'Deploy', Name: 'Deploy' },
  { Id: 'RunbookRun', Name: 'Runbook run' },
  { Id: 'Health', Name: 'Health' },
  { Id: 'PullImages', Name: 'Pull images' },
];

export function taskRoutes(routes: RouteTable, services: Services): void {
  const { database, coordination, now } = services;
  const tasks = tasksIn(database);
  const show = (stored: Stored<Task>) => present(stored, now());

  routes.add({
    method: 'GET',
    path: '/tasks',
    scope: 'both',
    permission: 'TaskView',
    summary: 'Lists tasks, newest first',
    query: TaskQuery,
    response: PageOf(TaskResource),
    handle: async ({ request, query, space }) => {
      const { items, total } = await tasks.list(toQuery(query, space));
      return page(request, query, 'Task', { items: items.map(show), total });
    },
  });
  routes.add({
    method: 'GET',
    path: '/tasks/tasktypes',
    scope: 'both',
    permission: 'SignedIn',
    summary: 'The kinds of task',
    handle: async () => TASK_TYPES,
  });
  routes.add({
    method: 'GET',
    path: '/tasks/:id',
    scope: 'both',
    permission: 'TaskView',
    summary: 'One task',
    response: TaskResource,
    handle: async ({ params, space }) => show(await tasks.get(params.id, space)),
  });
  routes.add({
    method: 'POST',
    path: '/tasks',
    scope: 'both',
    permission: 'TaskCreate',
    summary: 'Starts a task of the server itself (`Health`)',
    body: CreateTask,
    response: TaskResource,
    idempotent: true,
    handle: async ({ body, space }) => {
      const stored = await startTask(services, {
        space: space ?? (await defaultSpace(database))?.id ?? '',
        name: body.Name,
        description: body.Description || 'Check the health of workers',
        arguments: body.Arguments ?? {},
        tag: null,
        relatedIds: [],
      });
      return created(show(stored));
    },
  });
  routes.add({
    method: 'POST',
    path: '/tasks/:id/cancel',
    scope: 'both',
    permission: 'TaskCancel',
    summary: 'Cancels a task; again: insists',
    response: TaskResource,
    handle: async ({ params, space, user, record }) => {
      const stored = await tasks.get(params.id, space);
      await record(happeningTo(stored, 'TaskCanceled', 'was asked to be cancelled'));
      return show(await cancelTask(services, stored, user.username));
    },
  });
  routes.add({
    method: 'POST',
    path: '/tasks/:id/state',
    scope: 'both',
    permission: 'TaskEdit',
    summary: 'A person decides how a task that is over shall count',
    body: ChangeTaskState,
    response: TaskResource,
    handle: async ({ params, body, space, user, record }) => {
      const stored = await tasks.get(params.id, space);
      if (!isCompleted(stored.document)) {
        throw new Conflict(
          `The task ${stored.id} is still ${stored.document.State}. Cancel it, or wait until it is over, before you change its result.`,
        );
      }
      const ErrorMessage =
        body.state === 'Failed' ? `Marked as failed by ${user.username}: ${body.reason}` : '';
      await record({
        ...happeningTo(stored, 'TaskStateChanged', `was marked as ${body.state}`),
        details: body.reason,
      });
      const changed = await changeTask(database, stored.id, (task) => {
        const { Outcome: _, ...rest } = task;
        return { ...rest, State: body.state, ErrorMessage, LastUpdatedTime: timestamp(now()) };
      });
      await followSuccess(services, changed);
      return show(changed);
    },
  });
  routes.add({
    method: 'POST',
    path: '/tasks/:id/prioritize',
    scope: 'both',
    permission: 'TaskEdit',
    summary: 'Puts a waiting task before those that wait longer',
    response: TaskResource,
    handle: async ({ params, space, record }) => {
      const stored = await tasks.get(params.id, space);
      if (!(await coordination.putFirst(stored.id))) {
        const { State, QueueTime } = stored.document;
        throw new Conflict(
          State === 'Queued'
            ? `The task ${stored.id} is not to begin before ${QueueTime}, so there is nothing to put it before yet. Start it without that time, or try again then.`
            : `The task ${stored.id} is ${State}: only a task that waits can be put first.`,
        );
      }
      await record(happeningTo(stored, 'TaskPrioritized', 'was put first in the queue'));
      return show(await changeTask(database, stored.id, (task) => ({ ...task, IsPrioritized: true })));
    },
  });
  routes.add({
    method: 'GET',
    path: '/tasks/:id/queued-behind',
    scope: 'both',
    permission: 'TaskView',
    summary: 'The tasks that a waiting task waits for',
    query: PageQuery,
    response: PageOf(TaskResource),
    handle: async ({ request, params, query, space }) => {
      const ahead = await queuedBehind(services, await tasks.get(params.id, space));
      const items = ahead.slice(query.skip, query.skip + query.take).map(show);
      return page(request, query, 'Task', { items, total: ahead.length });
    },
  });
  const rerun = async (id: string, space: string | undefined) => {
    const { document, spaceId } = await tasks.get(id, space);
    if (document.Name !== 'Health') {
      throw new Invalid(
        `A task of the kind "${document.Name}" cannot be run again as it is. Create a new deployment or run instead.`,
      );
    }
    return startTask(services, {
      space: spaceId,
      name: document.Name,
      description: document.Description,
      arguments: document.Arguments,
      tag: document.ConcurrencyTag,
      relatedIds: document.RelatedDocumentIds,
    });
  };
  for (const path of ['/tasks/rerun/:id', '/tasks/:id/rerun'] as const) {
    routes.add({
      method: 'POST',
      path,
      scope: 'both',
      permission: 'TaskCreate',
      summary: 'Runs a task of the server itself again',
      response: TaskResource,
      idempotent: true,
      handle: async ({ params, space }) => created(show(await rerun(params.id, space))),
    });
  }
  routes.add({
    method: 'GET',
    path: '/tasks/all',
    scope: 'both',
    permission: 'TaskView',
    summary: 'All tasks, as an array',
    query: Type.Object(TaskQuery.properties),
    handle: async ({ query, space }) =>
      (await tasks.list({ ...toQuery(query, space), skip: 0, take: undefined })).items.map(show),
  });
}

/** With the same tag and before it in the queue, or at work. Empty when only the cap (or the clock) holds it. */
async function queuedBehind(
  { database }: Services,
  { id, document }: Stored<Task>,
): Promise<readonly Stored<Task>[]> {
  if (document.State !== 'Queued' || document.ConcurrencyTag === null) return [];
  const others = await tasksIn(database).all({
    where: { Tag: document.ConcurrencyTag, State: ['Queued', 'Executing', 'Cancelling'] },
    order: 'oldest',
  });
  return others.filter(
    (other) => other.id !== id && (other.document.State !== 'Queued' || isBefore(other.document, document)),
  );
}

/** In the queue: who was put first, then who waits longer. */
function isBefore(one: Task, other: Task): boolean {
  const [first, second] = [one.IsPrioritized ?? false, other.IsPrioritized ?? false];
  return first === second ? one.QueueTime < other.QueueTime : first;
}
