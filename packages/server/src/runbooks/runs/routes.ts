/** `/runbookRuns` and `/runbook-runs/create/v1`: list, one, create, delete. */
import { Invalid } from '@argonaut/contracts';
import {
  CreatedRunbookRuns,
  CreateRunbookRuns,
  PageOf,
  PageQuery,
  RunbookRunParameters,
  RunbookRunQuery,
  RunbookRunResource,
  WritableRunbookRun,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { created, fieldsOf, page, type RouteTable, withDefaults } from '../../http/index.ts';
import { projectNamed, projectOf } from '../../projects/queries.ts';
import type { Services } from '../../services.ts';
import { addRunRoutes, environmentNamed, refuseTenants } from '../../tasks/process-runs/index.ts';
import { runbookNamed } from '../queries.ts';
import { runbookSnapshotNamed, runbookSnapshotsIn } from '../snapshots/queries.ts';
import { present } from './codec.ts';
import { createRunbookRun } from './create.ts';
import { runbookRunsIn } from './queries.ts';

export function runbookRunRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;

  addRunRoutes(routes, services, {
    path: '/runbookRuns',
    itemType: 'RunbookRun',
    runs: runbookRunsIn(database),
    taskName: 'RunbookRun',
    permissions: { view: 'RunbookRunView', delete: 'RunbookRunDelete' },
    query: RunbookRunQuery,
    filter: ({ projects, environments, tenants, runbooks }) => ({
      Project: projects,
      Environment: environments,
      Tenant: tenants,
      Runbook: runbooks,
    }),
    resource: RunbookRunResource,
    present,
    owners: [
      ['Projects', 'Project'],
      ['Runbooks', 'Runbook'],
      ['RunbookSnapshots', 'Snapshot'],
    ],
  });
  routes.add({
    method: 'GET',
    path: '/runbookSnapshots/:id/runbookRuns',
    scope: 'space',
    permission: 'RunbookRunView',
    summary: 'The runs of a snapshot, newest first',
    query: PageQuery,
    response: PageOf(RunbookRunResource),
    handle: async ({ params, request, query, space }) => {
      const { id } = await runbookSnapshotsIn(database).get(params.id, space);
      const { items, total } = await runbookRunsIn(database).list({
        ...query,
        space,
        where: { Snapshot: id },
      });
      return page(request, query, 'RunbookRun', { items: items.map(present), total });
    },
  });
  routes.add({
    method: 'POST',
    path: '/projects/:project/runbooks/:id/runbookRuns',
    scope: 'space',
    permission: 'RunbookRunCreate',
    // Each task that it queues is an event.
    audited: false,
    summary:
      'Runs a runbook in one or more environments, and answers the runs as an array: all are queued, or none',
    body: RunbookRunParameters,
    response: Type.Array(RunbookRunResource),
    idempotent: true,
    handle: async ({ params, body, space, user }) => {
      const {
        UseDefaultSnapshot,
        RunbookSnapshotNameOrId,
        EnvironmentIds,
        TenantIds,
        TenantTagNames,
        ...options
      } = fieldsOf(body);
      refuseTenants([...(TenantIds ?? []), ...(TenantTagNames ?? [])]);
      const runbook = await runbookNamed(
        database,
        await projectOf(database, space, params.project),
        params.id,
      );
      if (UseDefaultSnapshot === false && !RunbookSnapshotNameOrId) {
        throw new Invalid('Name a snapshot in RunbookSnapshotNameOrId, or let UseDefaultSnapshot be true.');
      }
      const snapshot = await runbookSnapshotNamed(database, runbook, RunbookSnapshotNameOrId);
      const environments = new Set(EnvironmentIds);
      if (options.EnvironmentId) environments.add(options.EnvironmentId);
      if (environments.size === 0)
        throw new Invalid('Say where to run: EnvironmentId, or EnvironmentIds for several.');
      const runs = [];
      for (const EnvironmentId of environments) {
        const wish = withDefaults(WritableRunbookRun, {
          ...options,
          EnvironmentId,
          RunbookId: runbook.id,
          RunbookSnapshotId: snapshot.id,
        });
        runs.push(present(await createRunbookRun(services, space, user, wish)));
      }
      return created(runs);
    },
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
    handle: async ({ body, space, user }) =>
      created(present(await createRunbookRun(services, space, user, fieldsOf(body)))),
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
}
