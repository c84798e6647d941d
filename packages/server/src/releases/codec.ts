/** Releases on the wire. */
import type { Stored } from '../database/index.ts';
import { resourceOf } from '../http/index.ts';
import type { Release } from './queries.ts';

export function present(stored: Stored<Release>) {
  const space = `/api/${stored.spaceId}`;
  const self = `${space}/releases/${stored.id}`;
  const { ProjectId, ChannelId, ProjectDeploymentProcessSnapshotId } = stored.document;
  return resourceOf(stored, self, {
    Web: `/app#/${stored.spaceId}/projects/${ProjectId}/releases/${stored.document.Version}`,
    Project: `${space}/projects/${ProjectId}`,
    Channel: `${space}/channels/${ChannelId}`,
    ProjectDeploymentProcessSnapshot: `${space}/deploymentprocesses/${ProjectDeploymentProcessSnapshotId}`,
    ProjectVariableSnapshot: `${space}/variables/${stored.document.ProjectVariableSetSnapshotId}`,
    Deployments: `${self}/deployments{?skip,take}`,
    DeploymentTemplate: `${self}/deployments/template`,
    Progression: `${self}/progression`,
    Artifacts: `${space}/artifacts?regarding=${stored.id}`,
    Defects: `${self}/defects`,
    ReportDefect: `${self}/defects`,
    ResolveDefect: `${self}/defects/resolve`,
    SnapshotVariables: `${self}/snapshot-variables`,
    Images: `/api/argonaut/${stored.spaceId}/releases/${stored.id}/images`,
  });
}
