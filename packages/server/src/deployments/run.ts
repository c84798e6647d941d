/** The task `Deploy`: what it runs, with which variables, and what its end means for the deployment. */
import { numberOf } from '../database/documents.ts';
import type { Stored } from '../database/index.ts';
import { type LoadedRelease, loadRelease, releaseContext } from '../releases/load.ts';
import { type Release, releasesIn } from '../releases/queries.ts';
import type { Services } from '../services.ts';
import { personOf, processRunTask } from '../tasks/process-runs/index.ts';
import type { ReleaseName, SystemContext } from '../variables/index.ts';
import { placeOf } from './create.ts';
import { type Deployment, deploymentsIn, withTasks } from './queries.ts';

export const deploymentTask = processRunTask({
  name: 'Deploy',
  argument: 'DeploymentId',
  runsIn: deploymentsIn,
  load: (services, { document, spaceId }: Stored<Deployment>) =>
    loadRelease(services, document.ReleaseId, spaceId),
  placeOf,
  context: deploymentContext,
  guidedFailureMode: ({ project }) => project.document.DefaultGuidedFailureMode,
  channel: ({ channel }) => ({ id: channel.id, name: channel.document.Name }),
});

async function deploymentContext(
  services: Services,
  { id, document, spaceId }: Stored<Deployment>,
  loaded: LoadedRelease,
): Promise<Pick<SystemContext, 'channel' | 'release' | 'deployment'>> {
  const { database } = services;
  const { release, channel, project } = loaded;
  const known = releaseContext(loaded);
  const earlier = (
    await deploymentsIn(database).all({
      space: spaceId,
      where: { Project: project.id },
    })
  ).filter(
    (other) => other.document.EnvironmentId === document.EnvironmentId && numberOf(other.id) < numberOf(id),
  );
  const ended = await withTasks(database, earlier);
  const succeeded = ended.find(({ task }) => task.document.State === 'Success');
  const versions = releasesIn(database);
  const nameOf = (found: Stored<Release> | undefined): ReleaseName | undefined =>
    found && { id: found.id, number: found.document.Version };
  const releaseOf = async (deployment: Stored<Deployment> | undefined): Promise<ReleaseName | undefined> =>
    deployment && nameOf(await versions.find(deployment.document.ReleaseId));
  const siblings = await versions.all({
    space: spaceId,
    where: { Project: project.id, Channel: channel.id },
  });
  const previous = siblings.find(
    (other) => numberOf(other.id) < numberOf(release.id) && other.document.ChannelId === channel.id,
  );
  return {
    ...known,
    release: {
      ...known.release,
      previous: nameOf(previous),
      previousForEnvironment: await releaseOf(earlier[0]),
      currentForEnvironment: await releaseOf(succeeded?.deployment),
    },
    deployment: {
      id,
      name: document.Name,
      comments: document.Comments ?? '',
      created: document.Created,
      createdBy: await personOf(services, document.DeployedById),
      forcePackageDownload: document.ForcePackageDownload ?? false,
      specificMachines: document.SpecificMachineIds ?? [],
      excludedMachines: document.ExcludedMachineIds ?? [],
      previousSuccessfulId: succeeded?.deployment.id,
    },
  };
}
