/** Runbooks and their snapshots on the wire. */
import type { Stored } from '../database/index.ts';
import { resourceOf } from '../http/index.ts';
import { runbookProcessId } from '../processes/queries.ts';
import { variableSetId } from '../variables/index.ts';
import type { Runbook } from './queries.ts';
import type { RunbookSnapshot } from './snapshots/queries.ts';

export function present(stored: Stored<Runbook>) {
  const space = `/api/${stored.spaceId}`;
  const project = `${space}/projects/${stored.document.ProjectId}`;
  const inProject = `${project}/runbooks/${stored.id}`;
  const visible = { ...stored.document, RunbookProcessId: runbookProcessId(stored.id) };
  return resourceOf({ ...stored, document: visible }, `${space}/runbooks/${stored.id}`, {
    Project: project,
    RunbookProcesses: `${space}/runbookProcesses/${runbookProcessId(stored.id)}`,
    RunbookSnapshots: `${inProject}/runbookSnapshots{?skip,take,searchByName}`,
    RunbookSnapshotTemplate: `${inProject}/runbookSnapshotTemplate`,
    RunbookRunTemplate: `${inProject}/runbookRunTemplate`,
    RunbookRunPreview: `${inProject}/runbookRuns/preview/{environment}{?includeDisabledSteps}`,
    CreateRunbookRun: `${inProject}/runbookRuns`,
    RunbookEnvironments: `${inProject}/environments`,
  });
}

export function presentSnapshot(stored: Stored<RunbookSnapshot>) {
  const space = `/api/${stored.spaceId}`;
  const self = `${space}/runbookSnapshots/${stored.id}`;
  const { ProjectId, RunbookId } = stored.document;
  const visible = { ...stored.document, FrozenProjectVariableSetId: variableSetId(ProjectId) };
  return resourceOf({ ...stored, document: visible }, self, {
    Project: `${space}/projects/${ProjectId}`,
    Runbook: `${space}/runbooks/${RunbookId}`,
    RunbookRuns: `${self}/runbookRuns{?skip,take}`,
    RunbookRunTemplate: `${self}/runbookRunTemplate`,
    SnapshotVariables: `${self}/snapshot-variables`,
    Images: `/api/argonaut/${stored.spaceId}/runbookSnapshots/${stored.id}/images`,
    Artifacts: `${space}/artifacts?regarding=${stored.id}`,
  });
}
