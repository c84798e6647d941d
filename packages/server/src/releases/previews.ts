/** What a deployment of a release would do, and where it may go: the deployment template and the previews. */
import type { Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { presentPreview } from '../processes/preview.ts';
import { deploymentProcessId, processesIn } from '../processes/queries.ts';
import { projectsIn } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { promptsFor, variableSetId, variableSetsIn } from '../variables/index.ts';
import { wayOf } from './lifecycle.ts';
import { loadRelease } from './load.ts';
import { phaseStates } from './progression.ts';
import type { Release } from './queries.ts';

export async function previewDeployment(
  services: Services,
  release: Stored<Release>,
  environmentId: string,
  includeDisabled: boolean,
) {
  const space = release.spaceId;
  const environment = await environmentsIn(services.database).get(environmentId, space);
  const loaded = await loadRelease(services, release.id, space);
  const { project, channel } = loaded;
  const prompts = await promptsFor(services, {
    space,
    snapshots: loaded.variableSnapshotIds,
    place: { environment: environment.id, channel: channel.id, process: project.id },
  });
  const mode = project.document.DefaultGuidedFailureMode;
  return presentPreview(loaded.process, { environmentId: environment.id, channelId: channel.id }, prompts, {
    includeDisabled,
    guidedFailure: mode === 'On' || (mode !== 'Off' && environment.document.UseGuidedFailure === true),
  });
}

/** Where the release may go now, and what has changed in the project since it was made. */
export async function deploymentTemplate(services: Services, release: Stored<Release>) {
  const { database } = services;
  const { document, spaceId } = release;
  const self = `/api/${spaceId}/releases/${release.id}`;
  const { progress } = await wayOf(services, release);
  const open = phaseStates(progress)
    .filter((state) => state.open)
    .flatMap((state) => state.environments)
    .filter((id) => progress.defect === undefined || progress.visited.has(id));
  const environments = await environmentsIn(database).all({ space: spaceId });
  return {
    IsDeploymentProcessModified: await isProcessModified(services, release),
    ...(await variablesModified(services, release)),
    IsGitResourceModified: false,
    DeploymentNotes: document.ReleaseNotes ?? '',
    PromoteTo: environments
      .filter(({ id }) => open.includes(id))
      .map(({ id, document: { Name } }) => ({
        Id: id,
        Name,
        Links: { Preview: `${self}/deployments/preview/${id}` },
      })),
    TenantPromotions: [],
    Links: { Self: `${self}/deployments/template` },
  };
}

async function isProcessModified({ database }: Services, { document, spaceId }: Stored<Release>) {
  const processes = processesIn(database);
  const live = await processes.get(deploymentProcessId(document.ProjectId), spaceId);
  const frozen = await processes.get(document.ProjectDeploymentProcessSnapshotId, spaceId);
  return live.document.Version !== frozen.document.Version;
}

async function variablesModified({ database }: Services, { document, spaceId }: Stored<Release>) {
  const sets = variableSetsIn(database);
  const project = await projectsIn(database).get(document.ProjectId, spaceId);
  const isModified = async (snapshotId: string) => {
    const frozen = await sets.find(snapshotId, spaceId);
    const live = frozen?.document.FrozenFrom && (await sets.find(frozen.document.FrozenFrom, spaceId));
    return !live || live.document.Version !== frozen.document.Version;
  };
  const frozenSets = await sets.all({
    space: spaceId,
    ids: [...document.LibraryVariableSetSnapshotIds, '-'],
  });
  const frozenFrom = frozenSets.map((set) => set.document.FrozenFrom ?? '').sort();
  const included = (project.document.IncludedLibraryVariableSetIds ?? []).map(variableSetId).sort();
  let library = frozenFrom.join() !== included.join();
  for (const id of document.LibraryVariableSetSnapshotIds) library ||= await isModified(id);
  return {
    IsVariableSetModified: await isModified(document.ProjectVariableSetSnapshotId),
    IsLibraryVariableSetModified: library,
  };
}
