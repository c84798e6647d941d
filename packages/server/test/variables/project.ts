/** A project with an environment, a step, a runbook, and the way to see what its variables come to when it runs. */
import type { Action } from '@argonaut/orchestrator';
import { plainAction } from '@argonaut/orchestrator';
import { projectsIn } from '../../src/projects/queries.ts';
import { createScope, type Place, snapshotVariables, variableSetsOf } from '../../src/variables/index.ts';
import type { PromptAnswers } from '../../src/variables/prompts.ts';
import type { TestServer } from '../support.ts';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

export function actionWith(id: string): Action {
  return plainAction(id, 'Deploy web', {
    kind: 'Script',
    syntax: 'Sh',
    source: { kind: 'Inline', body: 'true' },
  });
}

export interface ScopeOptions {
  readonly place?: Place;
  readonly action?: string;
  readonly answers?: PromptAnswers;
}

export async function projectIn(server: TestServer, name = 'Shop') {
  const post = async (path: string, body: object) =>
    (await server.call('POST', `/api/Spaces-1${path}`, body)).body;
  const environments = (await server.get('/api/Spaces-1/environments?name=Production')).body.Items;
  const environment = (environments[0] ?? (await post('/environments', { Name: 'Production' }))).Id as string;
  const project = await post('/projects', {
    Name: name,
    ProjectGroupId: 'ProjectGroups-1',
    LifecycleId: 'Lifecycles-1',
  });
  const id = project.Id as string;
  const runbook = await post('/runbooks', { Name: 'Restart', ProjectId: id });
  const processUrl = `/api/Spaces-1/deploymentprocesses/deploymentprocess-${id}`;
  const process = await server.call('PUT', processUrl, {
    Version: 0,
    Steps: [
      {
        Name: 'Deploy web',
        Actions: [
          {
            Name: 'Deploy web',
            ActionType: 'Octopus.Script',
            Properties: { 'Octopus.Action.RunOnServer': 'True', 'Octopus.Action.Script.ScriptBody': 'true' },
          },
        ],
      },
    ],
  });
  const action = process.body.Steps[0].Actions[0].Id as string;

  const snapshots = async (projectId: string) => {
    const stored = await projectsIn(server.services.database).get(projectId, 'Spaces-1');
    return snapshotVariables(server.services, 'Spaces-1', variableSetsOf(stored));
  };
  /** The variables of a run, as an action of it sees them. */
  const scopeOf = async (projectId: string, options: ScopeOptions = {}) => {
    const scope = await createScope(server.services, {
      space: 'Spaces-1',
      snapshots: await snapshots(projectId),
      place: { project: projectId, process: projectId, ...options.place },
      system: { space: { id: 'Spaces-1', name: 'Default' }, project: { id: projectId, name } },
      answers: options.answers,
      nowMs: NOW,
    });
    const step = { id: 'step', name: 'Deploy web' };
    return { scope, ...scope.of(actionWith(options.action ?? action), step) };
  };
  return {
    id,
    environment,
    action,
    runbook: runbook.Id as string,
    url: `/api/Spaces-1/variables/variableset-${id}`,
    snapshots,
    scopeOf,
  };
}
