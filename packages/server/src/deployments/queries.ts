/** How deployments are stored and found. */
import type { WritableDeployment } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../database/index.ts';
import type { ProcessRun } from '../tasks/process-runs/index.ts';
import { type Task, tasksIn } from '../tasks/queries.ts';

export type Deployment = WritableDeployment &
  ProcessRun & {
    readonly ChannelId: string;
    readonly DeploymentProcessId: string;
    readonly ManifestVariableSetId: string;
  };

const kind: Kind<Deployment> = {
  name: 'Deployments',
  title: 'deployment',
  nameOf: (deployment) => deployment.Name,
  uniqueNames: false,
  order: 'newest',
  index: (deployment) => ({
    Project: deployment.ProjectId,
    Environment: deployment.EnvironmentId,
    Release: deployment.ReleaseId,
    Channel: deployment.ChannelId,
    Tenant: deployment.TenantId,
    Task: deployment.TaskId,
  }),
};

export function deploymentsIn(database: Database): Collection<Deployment> {
  return new Collection(database, kind);
}

/** With their tasks, in the same order; those whose task is gone are left out. */
export async function withTasks(
  database: Database,
  deployments: readonly Stored<Deployment>[],
): Promise<readonly { readonly deployment: Stored<Deployment>; readonly task: Stored<Task> }[]> {
  const ids = deployments.map(({ document }) => document.TaskId);
  if (ids.length === 0) return [];
  const tasks = new Map((await tasksIn(database).all({ ids })).map((task) => [task.id, task]));
  return deployments.flatMap((deployment) => {
    const task = tasks.get(deployment.document.TaskId);
    return task === undefined ? [] : [{ deployment, task }];
  });
}
