/** What a run of a runbook would do: the steps, and the form of its prompted variables. */
import { Optional } from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import type { RouteTable } from '../http/index.ts';
import { presentPreview } from '../processes/preview.ts';
import { processesIn, runbookProcessId } from '../processes/queries.ts';
import { toProcessSnapshot } from '../processes/typed.ts';
import { projectOf, projectsIn } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { promptsFor, variableSetsOf } from '../variables/index.ts';
import { type Runbook, runbookNamed } from './queries.ts';
import { loadRunbookSnapshot } from './snapshots/load.ts';

const PreviewQuery = Type.Object({ includeDisabledSteps: Optional(Type.Boolean()) });

export function previewRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;

  routes.add({
    method: 'GET',
    path: '/runbookSnapshots/:id/runbookRuns/preview/:environment',
    scope: 'space',
    permission: 'RunbookView',
    summary: 'The steps of a run of a snapshot, and the form of its prompted variables',
    query: PreviewQuery,
    handle: async ({ params, query, space }) => {
      const loaded = await loadRunbookSnapshot(services, params.id, space);
      return preview(services, params.environment, query.includeDisabledSteps === true, {
        runbook: loaded.runbook,
        process: loaded.process,
        sets: loaded.variableSnapshotIds,
      });
    },
  });
  const inRunbook = '/projects/:project/runbooks/:id/runbookRuns';
  const draft = async (params: { readonly project: string; readonly id: string }, space: string) => {
    const project = await projectOf(database, space, params.project);
    const runbook = await runbookNamed(database, project, params.id);
    const process = await processesIn(database).get(runbookProcessId(runbook.id), space);
    const owner = await projectsIn(database).get(runbook.document.ProjectId, space);
    return { runbook, process: toProcessSnapshot(process.document.Steps), sets: variableSetsOf(owner) };
  };
  routes.add({
    method: 'GET',
    path: `${inRunbook}/preview/:environment`,
    scope: 'space',
    permission: 'RunbookView',
    summary: 'The steps of a run of the draft, and the form of its prompted variables',
    query: PreviewQuery,
    handle: async ({ params, query, space }) =>
      preview(services, params.environment, query.includeDisabledSteps === true, await draft(params, space)),
  });
  routes.add({
    method: 'POST',
    path: `${inRunbook}/previews`,
    audited: false,
    scope: 'space',
    permission: 'RunbookView',
    summary: 'Previews of the draft for several environments, as an array',
    body: Type.Object({
      DeploymentPreviews: Type.Array(Type.Object({ EnvironmentId: Type.String() })),
      IncludeDisabledSteps: Optional(Type.Boolean({ default: false })),
    }),
    handle: async ({ params, body, space }) => {
      const what = await draft(params, space);
      const previews: object[] = [];
      for (const { EnvironmentId } of body.DeploymentPreviews) {
        previews.push(await preview(services, EnvironmentId, body.IncludeDisabledSteps === true, what));
      }
      return previews;
    },
  });
}

async function preview(
  services: Services,
  environmentId: string,
  includeDisabled: boolean,
  what: {
    readonly runbook: Stored<Runbook>;
    readonly process: ReturnType<typeof toProcessSnapshot>;
    readonly sets: readonly string[];
  },
) {
  const { id, spaceId: space, document } = what.runbook;
  const environment = await environmentsIn(services.database).get(environmentId, space);
  const prompts = await promptsFor(services, {
    space,
    snapshots: what.sets,
    place: { environment: environment.id, process: id },
  });
  const mode = document.DefaultGuidedFailureMode;
  return presentPreview(what.process, { environmentId: environment.id }, prompts, {
    includeDisabled,
    guidedFailure: mode === 'On' || (mode !== 'Off' && environment.document.UseGuidedFailure === true),
  });
}
