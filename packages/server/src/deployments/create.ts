/** How a deployment comes into being: checked, its variables frozen with it, and put into the queue as a task. */
import type { WritableDeployment } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import type { Principal } from '../http/index.ts';
import { checkProgression } from '../releases/lifecycle.ts';
import { type LoadedRelease, loadRelease, releaseContext } from '../releases/load.ts';
import type { Services } from '../services.ts';
import { environmentNamed, startRun } from '../tasks/process-runs/index.ts';
import { type Deployment, deploymentsIn } from './queries.ts';

/** One at a time per project, environment and tenant. */
function concurrencyTag(projectId: string, environmentId: string, tenantId: string): string {
  return `${tenantId}/${projectId}/${environmentId}`;
}

/** In the caller's transaction. `user` undefined: the server itself deploys. @throws Invalid, NotFound with what stands against it. */
export async function createDeployment(
  services: Services,
  space: string,
  user: Principal | undefined,
  body: WritableDeployment,
  skipStepNames: readonly string[] = [],
): Promise<Stored<Deployment>> {
  const { database } = services;
  const loaded = await loadRelease(services, body.ReleaseId, space);
  const { release, project, channel } = loaded;
  const environment = await environmentNamed(database, space, body.EnvironmentId);
  await checkProgression(services, release, environment.id);

  const deployments = deploymentsIn(database);
  const id = await deployments.allocate();
  const run = await startRun(services, {
    space,
    user,
    id,
    options: body,
    skipStepNames,
    runnable: loaded,
    environment,
    place: placeOf(loaded, environment.id),
    system: releaseContext(loaded),
    name: `Deploy to ${environment.document.Name}`,
    task: {
      name: 'Deploy',
      description: `Deploy ${project.document.Name} release ${release.document.Version} to ${environment.document.Name}`,
      arguments: { DeploymentId: id },
      tag: concurrencyTag(project.id, environment.id, ''),
      relatedIds: [id, release.id, project.id, environment.id, channel.id],
    },
  });
  return deployments.insert({
    id,
    space,
    document: {
      ...body,
      ...run,
      ReleaseId: release.id,
      ChannelId: channel.id,
      DeploymentProcessId: loaded.processId,
      ManifestVariableSetId: loaded.variableSnapshotIds[0] ?? '',
    },
  });
}

/** Where its variables hold. */
export function placeOf({ project, channel }: LoadedRelease, environment: string) {
  return { environment, channel: channel.id, process: project.id };
}
