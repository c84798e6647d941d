/** What can be asked of every kind of run: list, one, delete; and that it goes along with what it is a run of. */
import { PageOf, type PageQuery } from '@argonaut/contracts/rest';
import type { Static, TSchema } from 'typebox';
import type { Collection, Query, Stored } from '../../database/index.ts';
import { documentEvent } from '../../events/index.ts';
import { empty, type Permission, page, type RouteTable } from '../../http/index.ts';
import { type Owner, whenRemoved } from '../../removal.ts';
import type { Services } from '../../services.ts';
import { tasksIn } from '../queries.ts';
import { removeTask } from '../remove.ts';
import type { ProcessRun } from './run.ts';

/** A filter that finds nothing, where an empty one would find everything. */
const NOTHING = ['-'];

export interface RunRoutes<R extends ProcessRun, Q extends TSchema> {
  readonly path: string;
  /** The name of one of them in pages: `Deployment`. */
  readonly itemType: string;
  readonly runs: Collection<R>;
  /** Of the tasks. */
  readonly taskName: string;
  readonly permissions: { readonly view: Permission; readonly delete: Permission };
  readonly query: Q;
  readonly filter: (query: Static<Q>) => NonNullable<Query['where']>;
  readonly resource: TSchema;
  readonly present: (stored: Stored<R>) => object;
  /** What takes them along when it is removed, and the index that says so. */
  readonly owners: readonly (readonly [owner: Owner, index: string])[];
}

export function addRunRoutes<R extends ProcessRun, Q extends TSchema>(
  routes: RouteTable,
  services: Services,
  kind: RunRoutes<R, Q>,
): void {
  const { database } = services;
  const { path, runs, permissions, present } = kind;
  const title = runs.kind.title;
  const one = `${path}/:id` as const;
  const remove = async (stored: Stored<R>) => {
    await removeTask(services, stored.document.TaskId);
    await runs.remove(stored.id);
  };
  const tasksThatAre = async (space: string, State: readonly string[] | undefined) => {
    if (!State?.length) return [];
    const found = await tasksIn(database).all({ space, where: { Name: kind.taskName, State } });
    return found.length === 0 ? NOTHING : found.map(({ id }) => id);
  };

  routes.add({
    method: 'GET',
    path,
    scope: 'space',
    permission: permissions.view,
    summary: `Lists ${title}s, newest first`,
    query: kind.query,
    response: PageOf(kind.resource),
    handle: async ({ request, query, space }) => {
      const { ids, skip, take, partialName, taskState } = query as PageQuery & { taskState?: string[] };
      const Task = await tasksThatAre(space, taskState);
      const where = { ...kind.filter(query), Task };
      const { items, total } = await runs.list({ ids, skip, take, partialName, space, where });
      return page(request, { skip, take }, kind.itemType, { items: items.map(present), total });
    },
  });
  routes.add({
    method: 'GET',
    path: one,
    scope: 'space',
    permission: permissions.view,
    summary: `One ${title}`,
    response: kind.resource,
    handle: async ({ params, space }) => present(await runs.get(params.id ?? '', space)),
  });
  routes.add({
    method: 'DELETE',
    path: one,
    scope: 'space',
    permission: permissions.delete,
    summary: `Deletes a ${title} that is over, with its task and everything that it left`,
    handle: async ({ params, space, record }) => {
      const stored = await runs.get(params.id ?? '', space);
      await remove(stored);
      await record(documentEvent('Deleted', runs.kind, stored));
      return empty();
    },
  });
  for (const [owner, index] of kind.owners) {
    whenRemoved(services, owner, async ({ id, spaceId }) => {
      for (const stored of await runs.all({ space: spaceId, where: { [index]: id } })) await remove(stored);
    });
  }
}
