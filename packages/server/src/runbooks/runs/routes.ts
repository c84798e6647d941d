/** `/runbookRuns` and `/runbook-runs/create/v1`: list, one, create, delete. */
import {
  CreatedRunbookRuns,
  CreateRunbookRuns,
  PageOf,
  RunbookRunQuery,
  RunbookRunResource,
  WritableRunbookRun,
} from '@argonaut/contracts/rest';
import { documentEvent } from '../../events/index.ts';
import { created, empty, page, type RouteTable, withDefaults } from '../../http/index.ts';
import { projectNamed } from '../../projects/queries.ts';
import { whenRemoved } from '../../removal.ts';
import type { Services } from '../../services.ts';
import { environmentNamed, refuseTenants } from '../../tasks/process-task.ts';
import { tasksIn } from '../../tasks/queries.ts';
import { removeTask } from '../../tasks/remove.ts';
import { runbookNamed } from '../queries.ts';
import { runbookSnapshotNamed } from '../snapshots/queries.ts';
import { present } from './codec.ts';
import { createRunbookRun } from './create.ts';
import { runbookRunsIn } from './queries.ts';

/** A filter that finds nothing, where an empty one would find everything. */
const NOTHING = ['-'];

export function runbookRunRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const runs = runbookRunsIn(database);

  routes.add({
    method: 'GET',
    path: '/runbookRuns',
    scope: 'space',
    permission: 'RunbookRunView',
    summary: 'Lists runbook runs, newest first',
    query: RunbookRunQuery,
    response: PageOf(RunbookRunResource),
    handle: async ({ request, query, space }) => {
      let Task: readonly string[] = [];
      if (query.taskState?.length) {
        const where = { Name: 'RunbookRun', State: query.taskState };
        const found = await tasksIn(database).all({ space, where });
        Task = found.length === 0 ? NOTHING : found.map(({ id }) => id);
      }
      const found = await runs.list({
        ids: query.ids,
        skip: query.skip,
        take: query.take,
        partialName: query.partialName,
        space,
        where: {
          Project: query.projects,
          Environment: query.environments,
          Tenant: query.tenants,
          Runbook: query.runbooks,
          Task,
        },
      });
      return page(request, query, 'RunbookRun', { items: found.items.map(present), total: found.total });
    },
  });
  routes.add({
    method: 'GET',
    path: '/runbookRuns/:id',
    scope: 'space',
    permission: 'RunbookRunView',
    summary: 'One runbook run',
    response: RunbookRunResource,
    handle: async ({ params, space }) => present(await runs.get(params.id, space)),
  });
  routes.add({
    method: 'POST',
    path: '/runbookRuns',
    scope: 'space',
    permission: 'RunbookRunCreate',
    // Each task that it queues is an event.
    audited: false,
    summary: 'Runs a snapshot of a runbook in an environment',
    body: WritableRunbookRun,
    response: RunbookRunResource,
    idempotent: true,
    handle: async ({ body, space, user }) => {
      const {
        Id: _,
        Links: __,
        SpaceId: ___,
        ...wish
      } = body as WritableRunbookRun & Record<string, unknown>;
      return created(present(await createRunbookRun(services, space, user, wish as WritableRunbookRun)));
    },
  });
  routes.add({
    method: 'DELETE',
    path: '/runbookRuns/:id',
    scope: 'space',
    permission: 'RunbookRunDelete',
    summary: 'Deletes a run that is over, with its task and everything that it left',
    handle: async ({ params, space, record }) => {
      const stored = await runs.get(params.id, space);
      await removeTask(services, stored.document.TaskId);
      await runs.remove(stored.id);
      await record(documentEvent('Deleted', runs.kind, stored));
      return empty();
    },
  });
  routes.add({
    method: 'POST',
    path: '/runbook-runs/create/v1',
    scope: 'space',
    permission: 'RunbookRunCreate',
    // Each task that it queues is an event.
    audited: false,
    summary: 'Runs a runbook in one or more environments: all are queued, or none',
    body: CreateRunbookRuns,
    response: CreatedRunbookRuns,
    idempotent: true,
    handle: async ({ body, space, user }) => {
      refuseTenants([...(body.Tenants ?? []), ...(body.TenantTags ?? [])]);
      const project = await projectNamed(database, space, body.ProjectName);
      const runbook = await runbookNamed(database, project, body.RunbookName);
      const snapshot = await runbookSnapshotNamed(database, runbook, body.Snapshot);
      const environments = new Set<string>();
      for (const name of body.EnvironmentNames) {
        environments.add((await environmentNamed(database, space, name)).id);
      }
      const RunbookRunServerTasks = [];
      for (const EnvironmentId of environments) {
        const wish = withDefaults(WritableRunbookRun, {
          RunbookId: runbook.id,
          RunbookSnapshotId: snapshot.id,
          EnvironmentId,
          ForcePackageDownload: body.ForcePackageDownload ?? false,
          UseGuidedFailure: body.UseGuidedFailure ?? null,
          SpecificMachineIds: body.SpecificMachineNames ?? [],
          ExcludedMachineIds: body.ExcludedMachineNames ?? [],
          FormValues: body.Variables ?? {},
          QueueTime: body.RunAt ?? null,
          QueueTimeExpiry: body.NoRunAfter ?? null,
        });
        const stored = await createRunbookRun(services, space, user, wish, body.SkipStepNames ?? []);
        RunbookRunServerTasks.push({ RunbookRunId: stored.id, ServerTaskId: stored.document.TaskId });
      }
      return created({ RunbookRunServerTasks });
    },
  });

  for (const [owner, field] of [
    ['Projects', 'Project'],
    ['Runbooks', 'Runbook'],
    ['RunbookSnapshots', 'Snapshot'],
  ] as const) {
    whenRemoved(services, owner, async ({ id, spaceId }) => {
      for (const stored of await runs.all({ space: spaceId, where: { [field]: id } })) {
        await removeTask(services, stored.document.TaskId);
        await runs.remove(stored.id);
      }
    });
  }
}
