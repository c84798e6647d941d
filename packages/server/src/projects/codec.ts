/** Projects on the wire. Clients find everything that belongs to a project by its links. */
import type { Stored } from '../database/index.ts';
import { resourceOf } from '../http/index.ts';
import { deploymentProcessId } from '../processes/queries.ts';
import { variableSetId } from '../variables/queries.ts';
import type { Project } from './queries.ts';

export function present(stored: Stored<Project>) {
  const { ExtraSettings: _, ...document } = stored.document;
  const space = `/api/${stored.spaceId}`;
  const self = `${space}/projects/${stored.id}`;
  const visible = {
    ...document,
    VariableSetId: variableSetId(stored.id),
    DeploymentProcessId: deploymentProcessId(stored.id),
    IsVersionControlled: false,
    PersistenceSettings: { Type: 'Database' },
  };
  return resourceOf({ ...stored, document: visible }, self, {
    Web: `/app#/${stored.spaceId}/projects/${stored.id}`,
    Channels: `${self}/channels{/id}{?skip,take,searchByName}`,
    Releases: `${self}/releases{/version}{?skip,take,searchByVersion}`,
    DeploymentProcess: `${self}/deploymentprocesses`,
    DeploymentSettings: `${self}/deploymentsettings`,
    Progression: `${self}/progression{?aggregate}`,
    Variables: `${space}/variables/${variableSetId(stored.id)}`,
    Runbooks: `${self}/runbooks{/id}{?skip,take,partialName}`,
    RunbookSnapshots: `${self}/runbookSnapshots{/name}{?skip,take,searchByName}`,
    Triggers: `${self}/triggers{/id}{?skip,take,partialName}`,
  });
}

/** What links and clients need of a project in a list. */
export function summarise(stored: Stored<Project>) {
  const { Name, Description, IsDisabled, ProjectGroupId } = stored.document;
  return {
    Id: stored.id,
    SpaceId: stored.spaceId,
    Name,
    Slug: stored.slug,
    Description,
    IsDisabled,
    ProjectGroupId,
    Links: { Self: `/api/${stored.spaceId}/projects/${stored.id}` },
  };
}
