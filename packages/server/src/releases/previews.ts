/** What a deployment of a release would do, and where it may go: the deployment template and the previews. */
import type { Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { presentPreview } from '../processes/preview.ts';
import { deploymentProcessId } from '../processes/queries.ts';
import type { Services } from '../services.ts';
import { promptsFor } from '../variables/index.ts';
import { wayOf } from './lifecycle.ts';
import { loadRelease } from './load.ts';
import { isProcessModified, variablesModified } from './modified.ts';
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
    IsDeploymentProcessModified: await isProcessModified(services, spaceId, {
      live: deploymentProcessId(document.ProjectId),
      frozen: document.ProjectDeploymentProcessSnapshotId,
    }),
    ...(await variablesModified(services, spaceId, document)),
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
