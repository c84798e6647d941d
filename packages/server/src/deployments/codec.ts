/** Deployments on the wire. */
import type { Stored } from '../database/index.ts';
import { resourceOf } from '../http/index.ts';
import type { Deployment } from './queries.ts';

export function present(stored: Stored<Deployment>) {
  const { VariableSnapshotIds: _, Answers: __, ...document } = stored.document;
  const { spaceId, id } = stored;
  const self = `/api/${spaceId}/deployments/${id}`;
  return {
    ...resourceOf({ ...stored, document }, self, {
      Task: `/api/tasks/${document.TaskId}`,
      Project: `/api/${spaceId}/projects/${document.ProjectId}`,
      Release: `/api/${spaceId}/releases/${document.ReleaseId}`,
      Environment: `/api/${spaceId}/environments/${document.EnvironmentId}`,
      DeploymentProcess: `/api/${spaceId}/deploymentprocesses/${document.DeploymentProcessId}`,
      Artifacts: `/api/${spaceId}/artifacts?regarding=${id}`,
      Interruptions: `/api/${spaceId}/interruptions?regarding=${id}`,
      Variables: `/api/${spaceId}/variables/${document.ManifestVariableSetId}`,
      Web: `/app#/${spaceId}/deployments/${id}`,
    }),
    DeployedToMachineIds: [],
    Changes: [],
    ChangesMarkdown: '',
  };
}
