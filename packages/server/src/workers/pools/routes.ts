/** `/workerpools`: named sets of workers; steps ask for one of them. */
import { Invalid } from '@argonaut/contracts';
import { PageQuery, WorkerPoolResource, WritableWorkerPool } from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { Stored } from '../../database/index.ts';
import { addResource, empty, fieldsOf, page, type RouteTable, resourceOf } from '../../http/index.ts';
import type { Services } from '../../services.ts';
import { present as presentWorker } from '../codec.ts';
import { workersIn, workersOfPool } from '../queries.ts';
import { poolPoliciesIn, storedPolicy } from './policy/queries.ts';
import { poolsIn, type WorkerPool } from './queries.ts';

export function workerPoolRoutes(routes: RouteTable, { database }: Services): void {
  const pools = poolsIn(database);
  /** There is always exactly one default. */
  const makeDefault = async (space: string, id: string | undefined) => {
    for (const other of await pools.all({ space, where: { IsDefault: 'true' } })) {
      if (other.id !== id) await pools.update(other, { ...other.document, IsDefault: false });
    }
  };

  addResource(routes, {
    path: '/workerpools',
    scope: 'space',
    itemType: 'WorkerPool',
    collection: pools,
    writable: WritableWorkerPool,
    resource: WorkerPoolResource,
    permissions: { view: 'WorkerView', create: 'WorkerEdit', edit: 'WorkerEdit', delete: 'WorkerEdit' },
    accept: async (body, { space }, stored) => {
      if (stored?.document.IsDefault === true && body.IsDefault !== true) {
        throw new Invalid(
          `"${stored.document.Name}" is the default worker pool. Make another pool the default instead; this one then ends to be it.`,
        );
      }
      if (body.IsDefault === true) await makeDefault(space, stored?.id);
      const SortOrder = body.SortOrder ?? stored?.document.SortOrder ?? (await pools.count({ space }));
      const { CanAddWorkers: _, ...fields } = fieldsOf<WorkerPool & { CanAddWorkers?: unknown }>(body);
      return { ...fields, SortOrder };
    },
    present,
    beforeDelete: async (stored) => {
      const { Name, IsDefault } = stored.document;
      if (IsDefault === true) {
        throw new Invalid(`"${Name}" is the default worker pool. Make another pool the default first.`);
      }
      const policy = await storedPolicy(database, stored.id);
      if (policy !== undefined) await poolPoliciesIn(database).remove(policy.id);
      const members = await workersOfPool(database, stored.id);
      const only = members.filter(({ document }) => document.WorkerPoolIds.length === 1);
      if (only.length > 0) {
        const names = only.map(({ document }) => `"${document.Name}"`).join(', ');
        throw new Invalid(
          `The workers ${names} are in no other pool than "${Name}". Move or delete them first.`,
        );
      }
      for (const member of members) {
        const WorkerPoolIds = member.document.WorkerPoolIds.filter((id) => id !== stored.id);
        await workersIn(database).update(member, { ...member.document, WorkerPoolIds });
      }
    },
  });

  routes.add({
    method: 'GET',
    path: '/workerpools/:id/workers',
    scope: 'space',
    permission: 'WorkerView',
    summary: 'The workers of a pool',
    query: PageQuery,
    handle: async ({ request, params, query, space }) => {
      const pool = await pools.get(params.id, space);
      const found = await workersIn(database).list({ ...query, space, where: { Pool: pool.id } });
      return page(request, query, 'Worker', { items: found.items.map(presentWorker), total: found.total });
    },
  });
  routes.add({
    method: 'GET',
    path: '/workerpools/summary',
    scope: 'space',
    permission: 'WorkerView',
    summary: 'Pools with how many workers are in which state',
    handle: async ({ space }) => {
      const all = await pools.all({ space });
      const WorkerPoolSummaries = [];
      let TotalMachines = 0;
      for (const pool of all) {
        const members = await workersOfPool(database, pool.id);
        TotalMachines += members.length;
        const MachineHealthStatusSummaries: Record<string, number> = {};
        for (const member of members.map(presentWorker)) {
          MachineHealthStatusSummaries[member.HealthStatus] =
            (MachineHealthStatusSummaries[member.HealthStatus] ?? 0) + 1;
        }
        WorkerPoolSummaries.push({
          WorkerPool: present(pool),
          TotalMachines: members.length,
          TotalDisabledMachines: members.filter(({ document }) => document.IsDisabled).length,
          MachineHealthStatusSummaries,
        });
      }
      return { TotalMachines, WorkerPoolSummaries };
    },
  });
  routes.add({
    method: 'PUT',
    path: '/workerpools/sortorder',
    scope: 'space',
    permission: 'WorkerEdit',
    summary: 'Puts the pools into the order of the given ids',
    body: Type.Array(Type.String()),
    handle: async ({ body, space }) => {
      const all = await pools.all({ space });
      const unknown = body.filter((id) => !all.some((pool) => pool.id === id));
      if (unknown.length > 0) throw new Invalid(`These worker pools do not exist: ${unknown.join(', ')}.`);
      const order = [...body, ...all.map(({ id }) => id).filter((id) => !body.includes(id))];
      for (const pool of all) {
        await pools.update(pool, { ...pool.document, SortOrder: order.indexOf(pool.id) });
      }
      return empty();
    },
  });
  for (const [path, answer] of [
    ['/workerpools/supportedtypes', ['StaticWorkerPool']],
    ['/workerpools/dynamicworkertypes', []],
  ] as const) {
    routes.add({
      method: 'GET',
      path,
      scope: 'space',
      permission: 'WorkerView',
      summary: 'What kinds of pool there are',
      handle: async () => answer,
    });
  }
}

function present(stored: Stored<WorkerPool>) {
  const self = `/api/${stored.spaceId}/workerpools/${stored.id}`;
  return {
    ...resourceOf(stored, self, { Workers: `${self}/workers{?skip,take,partialName}` }),
    CanAddWorkers: stored.document.WorkerPoolType !== 'DynamicWorkerPool',
  };
}
