/** What every project has from its first moment, and what goes with it. */
import { WritableChannel } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { withDefaults } from '../http/index.ts';
import { createProcess, removeProcesses } from '../processes/queries.ts';
import { removeDependants } from '../removal.ts';
import type { Services } from '../services.ts';
import { createVariableSet, removeVariableSets } from '../variables/queries.ts';
import { channelsIn, DEFAULT_CHANNEL } from './channels/queries.ts';
import type { Project } from './queries.ts';

/** Its process, its variables and its default channel, in the transaction that makes the project. */
export async function furnishProject(services: Services, project: Stored<Project>): Promise<void> {
  const { database } = services;
  const space = project.spaceId;
  await createProcess(database, space, { projectId: project.id });
  await createVariableSet(services, { owner: project.id, space });
  const channel = { Name: DEFAULT_CHANNEL, ProjectId: project.id, IsDefault: true };
  await channelsIn(database).insert({ space, document: withDefaults(WritableChannel, channel) });
}

/** Everything that belongs to it. What depends on it elsewhere (runs, deployments) goes first, or refuses. */
export async function clearProject(services: Services, project: Stored<Project>): Promise<void> {
  const { database } = services;
  await removeDependants(services, 'Projects', project);
  const channels = channelsIn(database);
  for (const { id } of await channels.all({ space: project.spaceId, parent: project.id })) {
    await channels.remove(id);
  }
  await removeVariableSets(services, { owner: project.id, space: project.spaceId });
  await removeProcesses(database, project.spaceId, { Project: project.id });
}
