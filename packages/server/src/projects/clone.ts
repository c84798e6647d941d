/**
 * A project as a copy of another: its process, variables (secrets too), channels, runbooks and settings. What has happened
 * (releases, deployments, snapshots of runbooks) stays with the one that it happened to.
 */
import type { WritableProject } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { copySteps } from '../processes/copy.ts';
import { createProcess, deploymentProcessId, processesIn, runbookProcessId } from '../processes/queries.ts';
import { runbooksIn } from '../runbooks/queries.ts';
import type { Services } from '../services.ts';
import { createVariableSet, variableSetId, variableSetsIn } from '../variables/queries.ts';
import { resealed } from '../variables/snapshots.ts';
import { channelsIn } from './channels/queries.ts';
import { type Project, projectsIn } from './queries.ts';

/** What the body says is the copy's own; the settings are those of the source. */
export function cloneDocument(source: Stored<Project>, body: WritableProject): Project {
  const { Name, Description, ProjectGroupId, LifecycleId, IsDisabled } = body;
  return {
    ...source.document,
    Name,
    Description: Description || (source.document.Description ?? ''),
    ProjectGroupId,
    LifecycleId,
    IsDisabled: IsDisabled ?? false,
    ClonedFromProjectId: source.id,
  };
}

/** New ids by old ones. */
type Ids = Map<string, string>;

/** All that belongs to a copy, in the transaction that makes it. */
export async function furnishClone(
  services: Services,
  source: Stored<Project>,
  clone: Stored<Project>,
): Promise<void> {
  const ids: Ids = new Map([[source.id, clone.id]]);
  await copyChannels(services, source, clone, ids);
  await copyProcess(services, { from: deploymentProcessId(source.id), project: clone, ids });
  await copyRunbooks(services, source, clone, ids);
  await copyVariables(services, source, clone, ids);
  const strategy = clone.document.ReleaseCreationStrategy;
  const channel = ids.get(strategy?.ChannelId ?? '');
  if (strategy === undefined || channel === undefined) return;
  await projectsIn(services.database).update(clone, {
    ...clone.document,
    ReleaseCreationStrategy: { ...strategy, ChannelId: channel },
  });
}

async function copyChannels(
  { database }: Services,
  source: Stored<Project>,
  clone: Stored<Project>,
  ids: Ids,
) {
  const channels = channelsIn(database);
  for (const { id, document } of await channels.all({ space: source.spaceId, parent: source.id })) {
    const made = await channels.insert({
      space: clone.spaceId,
      document: { ...document, ProjectId: clone.id },
    });
    ids.set(id, made.id);
  }
}

async function copyProcess(
  { database, keys }: Services,
  copy: {
    readonly from: string;
    readonly project: Stored<Project>;
    readonly runbookId?: string;
    readonly ids: Ids;
  },
) {
  const { project, runbookId, ids } = copy;
  const processes = processesIn(database);
  const from = await processes.get(copy.from, project.spaceId);
  const made = await createProcess(database, project.spaceId, {
    projectId: project.id,
    ...(runbookId === undefined ? {} : { runbookId }),
  });
  await processes.update(made, {
    ...from.document,
    ...made.document,
    Version: 1,
    Steps: copySteps(keys, from, made.id, ids),
  });
}

async function copyRunbooks(services: Services, source: Stored<Project>, clone: Stored<Project>, ids: Ids) {
  const runbooks = runbooksIn(services.database);
  for (const { id, document } of await runbooks.all({ space: source.spaceId, parent: source.id })) {
    const made = await runbooks.insert({
      space: clone.spaceId,
      document: { ...document, ProjectId: clone.id, PublishedRunbookSnapshotId: null },
    });
    ids.set(id, made.id);
    await copyProcess(services, { from: runbookProcessId(id), project: clone, runbookId: made.id, ids });
  }
}

/** Scopes name the copies of channels, runbooks and the project where they named the originals. */
async function copyVariables(services: Services, source: Stored<Project>, clone: Stored<Project>, ids: Ids) {
  const sets = variableSetsIn(services.database);
  const from = await sets.get(variableSetId(source.id), source.spaceId);
  const made = await createVariableSet(services, { owner: clone.id, space: clone.spaceId });
  const scoped = (scope: Readonly<Record<string, readonly string[]>>) =>
    Object.fromEntries(
      Object.entries(scope).map(([field, values]) => [field, values.map((value) => ids.get(value) ?? value)]),
    );
  await sets.update(made, {
    ...made.document,
    Version: 1,
    Variables: resealed(services.keys, from, made.id).map((variable) => ({
      ...variable,
      Scope: scoped(variable.Scope),
    })),
  });
}
