/** `/runbookRuns` and `/runbook-runs/create/v1`: list, one, create, delete. */
import {
  CreatedRunbookRuns,
  CreateRunbookRuns,
  RunbookRunQuery,
  RunbookRunResource,
  WritableRunbookRun,
} from '@argonaut/contracts/rest';
import { created, fieldsOf, type RouteTable, withDefaults } from '../../http/index.ts';
import { projectNamed } from '../../projects/queries.ts';
import type { Services } from '../../services.ts';
import { addRunRoutes, environmentNamed, refuseTenants } from '../../tasks/process-runs/index.ts';
import { runbookNamed } from '../queries.ts';
import { runbookSnapshotNamed } from '../snapshots/queries.ts';
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
