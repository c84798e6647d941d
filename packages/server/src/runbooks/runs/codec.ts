/** Runbook runs on the wire. */
import type { Stored } from '../../database/index.ts';
import { resourceOf } from '../../http/index.ts';
import type { RunbookRun } from './queries.ts';

export function present(stored: Stored<RunbookRun>) {
  const { VariableSnapshotIds: _, Answers: __, ...document } = stored.document;
  const { spaceId, id } = stored;
  return {
    ...resourceOf({ ...stored, document }, `/api/${spaceId}/runbookRuns/${id}`, {
      Task: `/api/tasks/${document.TaskId}`,
      Project: `/api/${spaceId}/projects/${document.ProjectId}`,
      Runbook: `/api/${spaceId}/runbooks/${document.RunbookId}`,
      RunbookSnapshot: `/api/${spaceId}/runbookSnapshots/${document.RunbookSnapshotId}`,
      Environment: `/api/${spaceId}/environments/${document.EnvironmentId}`,
      Artifacts: `/api/${spaceId}/artifacts?regarding=${id}`,
      Interruptions: `/api/${spaceId}/interruptions?regarding=${id}`,
    }),
    DeployedToMachineIds: [],
  };
}
