/** `/workers`: the machines that run steps, and what their connection says. */
import { Conflict, Invalid } from '@argonaut/contracts';
import { WorkerQuery, WorkerResource, WritableWorker } from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { addResource, fieldsOf, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { startTask } from '../tasks/index.ts';
import { present } from './codec.ts';
import { policiesIn } from './policies/queries.ts';
import { poolsIn } from './pools/queries.ts';
import { leasesPerWorker, workersIn } from './queries.ts';
import { checkSshEndpoint } from './ssh-endpoint.ts';

export function workerRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const workers = workersIn(database);

  addResource(routes, {
    path: '/workers',
    scope: 'space',
    itemType: 'Worker',
    collection: workers,
    writable: WritableWorker,
    resource: WorkerResource,
    permissions: { view: 'WorkerView', create: 'WorkerEdit', edit: 'WorkerEdit', delete: 'WorkerEdit' },
    filter: {
      query: WorkerQuery,
      toQuery: (query) => ({
        where: {
          Pool: query.workerPoolIds,
          Health: query.healthStatuses,
          Style: query.commStyles,
          Thumbprint: query.thumbprint,
          Disabled: query.isDisabled === undefined ? undefined : String(query.isDisabled),
        },
      }),
    },
    accept: async (body, { space }, stored) => {
      const pools = await poolsIn(database).all({ space, ids: body.WorkerPoolIds });
      const known = new Set(pools.map(({ id }) => id));
      const unknown = body.WorkerPoolIds.filter((id) => !known.has(id));
      if (unknown.length > 0) {
        throw new Invalid(
          `The worker "${body.Name}" is to join worker pools that do not exist: ${unknown.join(', ')}.`,
        );
      }
      await checkSshEndpoint(services, space, body);
      const [policy] = await policiesIn(database).all({ space, where: { IsDefault: 'true' }, take: 1 });
      const fields = withoutFindings(fieldsOf(body));
      return {
        ...fields,
        MachinePolicyId: body.MachinePolicyId || policy?.id || '',
        ...(stored?.document.Health === undefined ? {} : { Health: stored.document.Health }),
      };
    },
    present,
    afterCreate: async (stored, { space }) => {
      if (stored.document.SkipInitialHealthCheck === true) return;
      await startTask(services, {
        space,
        name: 'Health',
        description: `Check the health of ${stored.document.Name}`,
        arguments: { MachineIds: [stored.id] },
        tag: null,
        relatedIds: [stored.id],
      });
    },
    beforeDelete: async (stored) => {
      const leases = (await leasesPerWorker(database)).get(stored.id) ?? 0;
      if (leases > 0) {
        throw new Conflict(
          `${leases} task(s) are using the worker "${stored.document.Name}". Disable it, and delete it when they are over.`,
        );
      }
      // Nobody waits for it: a machine that does not answer must not keep its worker from being deleted.
      services.connections.forget(stored.id).catch(() => {});
    },
  });

  routes.add({
    method: 'GET',
    path: '/workers/:id/connection',
    scope: 'space',
    permission: 'WorkerView',
    summary: 'What the last health check of a worker found',
    handle: async ({ params, space }) => {
      const stored = await workers.get(params.id, space);
      const { Health } = stored.document;
      const lines = Health === undefined ? [] : [Health.summary, ...(Health.description?.warnings ?? [])];
      return {
        MachineId: stored.id,
        Status: present(stored).Status,
        CurrentTentacleVersion: '',
        LastChecked: Health?.checked ?? null,
        Logs: lines.map((MessageText, index) => ({
          Category: index === 0 ? 'Info' : 'Warning',
          OccurredAt: Health?.checked,
          MessageText,
        })),
        Engine: Health?.description?.engine ?? null,
        Links: { Self: `/api/${stored.spaceId}/workers/${stored.id}/connection` },
      };
    },
  });
  for (const [path, field] of [
    ['/workers/operatingsystem/names/all', 'OperatingSystem'],
    ['/workers/operatingsystem/shells/all', 'ShellName'],
  ] as const) {
    routes.add({
      method: 'GET',
      path,
      scope: 'space',
      permission: 'WorkerView',
      summary: 'What there is among the workers',
      query: Type.Object({}),
      handle: async ({ space }) => {
        const all = await workers.all({ space });
        return [...new Set(all.map((stored) => present(stored)[field]))].sort();
      },
    });
  }
}

/** Clients write back what they have read; what only a health check knows is not theirs to set. */
function withoutFindings(body: WritableWorker): WritableWorker {
  const found = new Set([
    'HealthStatus',
    'Status',
    'StatusSummary',
    'HasLatestCalamari',
    'IsInProcess',
    'OperatingSystem',
    'Architecture',
    'ShellName',
    'ShellVersion',
    'Health',
  ]);
  return Object.fromEntries(Object.entries(body).filter(([key]) => !found.has(key))) as WritableWorker;
}
