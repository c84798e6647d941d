/** How a deployment comes into being: checked, its variables frozen with it, and put into the queue as a task. */
import type { WritableDeployment } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import type { Principal } from '../http/index.ts';
import { checkProgression } from '../releases/lifecycle.ts';
import { type LoadedRelease, loadRelease } from '../releases/load.ts';
import type { Services } from '../services.ts';
import { startTask } from '../tasks/index.ts';
import { checkTimes, environmentNamed, excludedActions, refuseTenants } from '../tasks/process-task.ts';
import { acceptAnswers } from '../variables/index.ts';
import { type Deployment, deploymentsIn } from './queries.ts';

/** One at a time per project, environment and tenant. */
function concurrencyTag(projectId: string, environmentId: string, tenantId: string): string {
  return `${tenantId}/${projectId}/${environmentId}`;
}

/** In the caller's transaction. @throws Invalid, NotFound with what stands against it. */
export async function createDeployment(
  services: Services,
  space: string,
  user: Principal,
  body: WritableDeployment,
  skipStepNames: readonly string[] = [],
): Promise<Stored<Deployment>> {
  const { database } = services;
  const loaded = await loadRelease(services, body.ReleaseId, space);
  const environment = await environmentNamed(database, space, body.EnvironmentId);
  refuseTenants([body.TenantId]);
  checkTimes(body.QueueTime, body.QueueTimeExpiry, services.now());
  const SkipActions = excludedActions(loaded.process, body.SkipActions ?? [], skipStepNames);
  await checkProgression(services, loaded.release, environment.id);

  const deployments = deploymentsIn(database);
  const id = await deployments.allocate();
  const Answers = await acceptAnswers(services, {
    space,
    snapshots: loaded.variableSnapshotIds,
    place: placeOf(loaded, environment.id),
    owner: id,
    given: body.FormValues ?? {},
  });
  const { release, project, channel } = loaded;
  const task = await startTask(services, {
    space,
    name: 'Deploy',
    description: `Deploy ${project.document.Name} release ${release.document.Version} to ${environment.document.Name}`,
    arguments: { DeploymentId: id },
    queueTime: body.QueueTime,
    queueTimeExpiry: body.QueueTimeExpiry,
    tag: concurrencyTag(project.id, environment.id, ''),
    projectId: project.id,
    environmentId: environment.id,
    relatedIds: [id, release.id, project.id, environment.id, channel.id],
    by: user,
  });
  return deployments.insert({
    id,
    space,
    document: {
      ...body,
      EnvironmentId: environment.id,
      ReleaseId: release.id,
      SkipActions,
      FormValues: shown(Answers.values),
      ProjectId: project.id,
      ChannelId: channel.id,
      DeploymentProcessId: loaded.processId,
      ManifestVariableSetId: loaded.variableSnapshotIds[0] ?? '',
      TaskId: task.id,
      Name: `Deploy to ${environment.document.Name}`,
      Created: services.now().toISOString(),
      DeployedBy: user.username,
      DeployedById: user.id,
      FailureEncountered: false,
      VariableSnapshotIds: loaded.variableSnapshotIds,
      Answers,
    },
  });
}

/** Where its variables hold. */
export function placeOf({ project, channel }: LoadedRelease, environment: string) {
  return { environment, channel: channel.id, process: project.id };
}

/** Only what may be seen: answers to sensitive variables are sealed and stay away. */
function shown(values: Deployment['Answers']['values']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
