/**
 * What the rows of the table stand on: a server whose tasks run on a worker without an engine, Octopus's client for it,
 * and one project with a release, its deployment, and a runbook.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Client,
  DeploymentProcessRepository,
  DeploymentRepository,
  EnvironmentRepository,
  type Project,
  ProjectRepository,
  ReleaseRepository,
  type Runbook,
  RunbookProcessRepository,
  RunbookRepository,
  RunbookSnapshotRepository,
} from '@octopusdeploy/api-client';
import { clientOf } from '../client-under-test.ts';
import { fakeWork } from '../running/fake-work.ts';
import { wireStep } from '../running/project-under-test.ts';
import { ADMIN_KEY } from '../support.ts';

export const SPACE = 'Default';

export interface World extends AsyncDisposable {
  readonly client: Client;
  /** For files; goes with the server. */
  readonly directory: string;
  readonly project: Project;
  /** A step that runs until it is cancelled. */
  readonly endless: Project;
  readonly runbook: Runbook;
  readonly environmentId: string;
  readonly releaseId: string;
  /** Of a deployment that is over. */
  readonly deploymentId: string;
  readonly taskId: string;
  /** Deploys the project's release 1.0.0. */
  deploy(projectName?: string): Promise<{ readonly deploymentId: string; readonly taskId: string }>;
  /** Until it is over, whatever came out. */
  ended(taskId: string): Promise<void>;
}

/**
 * What the table says of a method: how it is called and what must come of it; or why it is not ours, and, where the
 * server could be asked all the same, the call, which must be refused in words.
 */
export type Row =
  | { readonly works: (world: World) => Promise<void> }
  | { readonly notOurs: string; readonly asked?: (world: World) => Promise<unknown> };

/** By the name that the client exports: `ProjectRepository.get`, or a function's. */
export type Rows = Readonly<Record<string, Row>>;

export async function makeWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'argonaut-methods-'));
  const server = await fakeWork((title) => ({ endless: title === 'Hang' }));
  const client = await clientOf(await server.listen(), ADMIN_KEY);

  const { Id: environmentId } = await new EnvironmentRepository(client, SPACE).create({
    Name: 'Production',
  } as never);
  const makeProject = async (Name: string, step: string) => {
    const project = await new ProjectRepository(client, SPACE).create({
      Name,
      ProjectGroupId: 'ProjectGroups-1',
      LifecycleId: 'Lifecycles-1',
    } as never);
    const processes = new DeploymentProcessRepository(client, SPACE);
    const process = await processes.get(project);
    await processes.update(project, {
      ...process,
      Steps: [wireStep({ name: step, script: 'true' }) as never],
    });
    const { ReleaseId } = await new ReleaseRepository(client, SPACE).create({
      spaceName: SPACE,
      ProjectName: Name,
      ReleaseVersion: '1.0.0',
    });
    return { project, releaseId: ReleaseId };
  };
  const { project, releaseId } = await makeProject('Shop', 'Say hello');
  const endless = await makeProject('Endless', 'Hang');

  const runbook = await new RunbookRepository(client, SPACE, project).create({
    Name: 'Clean up',
    ProjectId: project.Id,
    EnvironmentScope: 'All',
    MultiTenancyMode: 'Untenanted',
    RunRetentionPolicy: { QuantityToKeep: 10, ShouldKeepForever: false },
  } as never);
  const processes = new RunbookProcessRepository(client, SPACE, project);
  const process = await processes.get(runbook);
  await processes.update({ ...process, Steps: [wireStep({ name: 'Tidy', script: 'true' }) as never] });
  await new RunbookSnapshotRepository(client, SPACE, project).create(runbook, 'First', true);

  const deploy = async (ProjectName = 'Shop') => {
    const { DeploymentServerTasks } = await new DeploymentRepository(client, SPACE).create({
      spaceName: SPACE,
      ProjectName,
      ReleaseVersion: '1.0.0',
      EnvironmentNames: ['Production'],
    });
    const [first] = DeploymentServerTasks;
    if (first === undefined) throw new Error('Nothing was deployed.');
    return { deploymentId: first.DeploymentId, taskId: first.ServerTaskId };
  };
  const ended = async (taskId: string) => void (await server.task(taskId));
  const deployed = await deploy();
  await ended(deployed.taskId);
  return {
    client,
    directory,
    project,
    endless: endless.project,
    runbook,
    environmentId,
    releaseId,
    ...deployed,
    deploy,
    ended,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Methods that send nothing. */
export function asksNoServer(owner: string, ...methods: readonly string[]): Rows {
  const names = methods.length === 0 ? [owner] : methods.map((method) => `${owner}.${method}`);
  return Object.fromEntries(names.map((name) => [name, { notOurs: 'it asks no server' }]));
}
