/** The task `Deploy`: what it runs, with which variables, and what its end means for the deployment. */
import { NotFound } from '@argonaut/contracts';
import { numberOf } from '../database/documents.ts';
import type { Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { type LoadedRelease, loadRelease } from '../releases/load.ts';
import { type Release, releasesIn } from '../releases/queries.ts';
import type { Services } from '../services.ts';
import type { TaskKind } from '../tasks/index.ts';
import { commonContext, personOf, usesGuidedFailure } from '../tasks/process-task.ts';
import type { Task } from '../tasks/queries.ts';
import { createScope, type ReleaseName, type SystemContext } from '../variables/index.ts';
import { defaultPool } from '../workers/pools/queries.ts';
import { placeOf } from './create.ts';
import { type Deployment, deploymentsIn, withTasks } from './queries.ts';

export const deploymentTask: TaskKind = {
  name: 'Deploy',

  async load(services, task) {
    const { database } = services;
    const deployment = await deploymentOf(services, task);
    const { document, spaceId } = deployment;
    const loaded = await loadRelease(services, document.ReleaseId, spaceId);
    const environment = await environmentsIn(database).get(document.EnvironmentId, spaceId);
    const scope = await createScope(services, {
      space: spaceId,
      snapshots: document.VariableSnapshotIds,
      place: placeOf(loaded, environment.id),
      system: {
        ...(await commonContext(services, task, loaded.project, environment)),
        ...(await deploymentContext(services, deployment, loaded)),
      },
      answers: document.Answers,
      nowMs: services.now().getTime(),
    });
    const { channel, process, project } = loaded;
    return {
      variables: scope,
      warnings: scope.warnings,
      planInput: async () => ({
        process,
        environment: { id: environment.id, name: environment.document.Name },
        channel: { id: channel.id, name: channel.document.Name },
        excludedActions: document.SkipActions ?? [],
        guidedFailure: usesGuidedFailure(
          document.UseGuidedFailure,
          project.document.DefaultGuidedFailureMode,
          environment.document,
        ),
        defaultPool: (await defaultPool(database, spaceId)).id,
        scope,
      }),
    };
  },

  async ended(services, task) {
    if (task.document.State !== 'Failed') return;
    const deployments = deploymentsIn(services.database);
    const stored = await deployments.find(String(task.document.Arguments.DeploymentId));
    if (stored === undefined) return;
    await deployments.update(stored, { ...stored.document, FailureEncountered: true });
  },
};

async function deploymentOf({ database }: Services, task: Stored<Task>): Promise<Stored<Deployment>> {
  const id = String(task.document.Arguments.DeploymentId);
  const found = await deploymentsIn(database).find(id, task.spaceId);
  if (found !== undefined) return found;
  throw new NotFound(
    `The deployment ${id} of ${task.id} does not exist any more, so there is nothing to run.`,
  );
}

async function deploymentContext(
  services: Services,
  { id, document, spaceId }: Stored<Deployment>,
  { release, channel, project }: LoadedRelease,
): Promise<Pick<SystemContext, 'channel' | 'release' | 'deployment'>> {
  const { database } = services;
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
    channel: { id: channel.id, name: channel.document.Name },
    release: {
      id: release.id,
      number: release.document.Version,
      notes: release.document.ReleaseNotes ?? '',
      created: release.document.Assembled,
      previous: nameOf(previous),
      previousForEnvironment: await releaseOf(earlier[0]),
      currentForEnvironment: await releaseOf(succeeded?.deployment),
      customFields: release.document.CustomFields ?? {},
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
