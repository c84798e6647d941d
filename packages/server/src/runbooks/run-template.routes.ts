/** Where a runbook may run, and what has changed since its snapshot was made: what a client asks before a run. */
import type { Stored } from '../database/index.ts';
import type { RouteTable } from '../http/index.ts';
import { runbookProcessId } from '../processes/queries.ts';
import { projectOf } from '../projects/queries.ts';
import { isProcessModified, variablesModified } from '../releases/modified.ts';
import type { Services } from '../services.ts';
import { runbookEnvironments } from './environments.ts';
import { type Runbook, runbookNamed, runbooksIn } from './queries.ts';
import { type RunbookSnapshot, runbookSnapshotsIn } from './snapshots/queries.ts';

export function runTemplateRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;

  routes.add({
    method: 'GET',
    path: '/projects/:project/runbooks/:id/runbookRunTemplate',
    scope: 'space',
    permission: 'RunbookView',
    summary: 'Where the published snapshot of a runbook may run, and what has changed since',
    handle: async ({ params, space }) => {
      const runbook = await runbookNamed(
        database,
        await projectOf(database, space, params.project),
        params.id,
      );
      const published = runbook.document.PublishedRunbookSnapshotId;
      const snapshot = published ? await runbookSnapshotsIn(database).find(published, space) : undefined;
      const self = `/api/${space}/projects/${runbook.document.ProjectId}/runbooks/${runbook.id}`;
      return runTemplate(services, runbook, snapshot, self);
    },
  });
  routes.add({
    method: 'GET',
    path: '/runbookSnapshots/:id/runbookRunTemplate',
    scope: 'space',
    permission: 'RunbookView',
    summary: 'Where a snapshot of a runbook may run, and what has changed since',
    handle: async ({ params, space }) => {
      const snapshot = await runbookSnapshotsIn(database).get(params.id, space);
      const runbook = await runbooksIn(database).get(snapshot.document.RunbookId, space);
      return runTemplate(services, runbook, snapshot, `/api/${space}/runbookSnapshots/${snapshot.id}`);
    },
  });
}

/** `self` is what is run; its previews are below it. */
async function runTemplate(
  services: Services,
  runbook: Stored<Runbook>,
  snapshot: Stored<RunbookSnapshot> | undefined,
  self: string,
) {
  const changed =
    snapshot === undefined
      ? { IsRunbookProcessModified: false, IsVariableSetModified: false, IsLibraryVariableSetModified: false }
      : {
          IsRunbookProcessModified: await isProcessModified(services, runbook.spaceId, {
            live: runbookProcessId(runbook.id),
            frozen: snapshot.document.FrozenRunbookProcessId,
          }),
          ...(await variablesModified(services, runbook.spaceId, snapshot.document)),
        };
  return {
    RunbookId: runbook.id,
    RunbookSnapshotId: snapshot?.id ?? null,
    ...changed,
    PromoteTo: (await runbookEnvironments(services, runbook)).map(({ id, document: { Name } }) => ({
      Id: id,
      Name,
      Links: { Preview: `${self}/runbookRuns/preview/${id}` },
    })),
    TenantPromotions: [],
    Links: { Self: `${self}/runbookRunTemplate` },
  };
}
