/** Releases, deployments, runs of runbooks, and their tasks. */
import {
  ActivityStatus,
  DeploymentRepository,
  ReleaseRepository,
  RunbookRunRepository,
  ServerTaskRepository,
  ServerTaskWaiter,
  SpaceServerTaskRepository,
  TaskState,
} from '@octopusdeploy/api-client';
import { expect } from 'vitest';
import { asksNoServer, type Rows, SPACE, type World } from './world.ts';

const POLL_MS = 5;
const DEADLINE_MS = 60_000;

const deployments = ({ client }: World) => new DeploymentRepository(client, SPACE);
const releases = ({ client }: World) => new ReleaseRepository(client, SPACE);
const runs = ({ client }: World) => new RunbookRunRepository(client, SPACE);
const tasks = ({ client }: World) => new SpaceServerTaskRepository(client, SPACE);
const waiter = ({ client }: World) => new ServerTaskWaiter(client, SPACE);

async function runRunbook(world: World) {
  const { RunbookRunServerTasks } = await runs(world).create({
    spaceName: SPACE,
    ProjectName: world.project.Name,
    RunbookName: world.runbook.Name,
    EnvironmentNames: ['Production'],
  });
  const [run] = RunbookRunServerTasks;
  if (run === undefined) throw new Error('Nothing was run.');
  await world.ended(run.ServerTaskId);
  return run;
}

export const runningRows: Rows = {
  'ReleaseRepository.create': {
    works: async (world) => {
      const made = await releases(world).create({ spaceName: SPACE, ProjectName: world.project.Name });
      expect(made).toMatchObject({ ReleaseVersion: '1.0.1' });
    },
  },
  'ReleaseRepository.get': {
    works: async (world) =>
      expect(await releases(world).get(world.releaseId)).toMatchObject({ Version: '1.0.0' }),
  },
  'ReleaseRepository.list': {
    works: async (world) => {
      const { Items, TotalResults } = await releases(world).list({ skip: 0, take: 1 });
      expect([Items.length, TotalResults > 1]).toEqual([1, true]);
    },
  },
  'ReleaseRepository.listForProject': {
    works: async (world) => {
      const asked = { skip: 0, take: 10, searchByVersion: '1.0.0' };
      const { Items } = await releases(world).listForProject(world.project.Id, asked);
      expect(Items.map(({ Id }) => Id)).toEqual([world.releaseId]);
    },
  },

  'DeploymentRepository.create': {
    works: async (world) => {
      const { deploymentId, taskId } = await world.deploy();
      expect(deploymentId).toMatch(/^Deployments-\d+$/);
      await world.ended(taskId);
    },
  },
  'DeploymentRepository.createTenanted': {
    notOurs: 'there are no tenants',
    asked: (world) =>
      deployments(world).createTenanted({
        spaceName: SPACE,
        ProjectName: world.project.Name,
        ReleaseVersion: '1.0.0',
        EnvironmentName: 'Production',
        Tenants: ['Somebody'],
        TenantTags: [],
      }),
  },
  'DeploymentRepository.get': {
    works: async (world) =>
      expect(await deployments(world).get(world.deploymentId)).toMatchObject({ TaskId: world.taskId }),
  },
  'DeploymentRepository.list': {
    works: async (world) => {
      const asked = {
        ids: [world.deploymentId],
        projects: [world.project.Id],
        environments: [world.environmentId],
        channels: ['Channels-1'],
        skip: 0,
        take: 10,
      };
      const found = await deployments(world).list({ ...asked, taskState: TaskState.Success });
      expect(found.Items.map(({ Id }) => Id)).toEqual([world.deploymentId]);
      const none = await deployments(world).list({ ...asked, taskState: TaskState.Failed });
      expect(none.Items).toEqual([]);
      expect((await deployments(world).list({ tenants: ['Tenants-1'] })).Items).toEqual([]);
    },
  },

  'RunbookRunRepository.create': {
    works: async (world) => expect((await runRunbook(world)).RunbookRunId).toMatch(/^RunbookRuns-\d+$/),
  },
  'RunbookRunRepository.createGit': {
    notOurs: 'there are no Git-stored projects',
    asked: (world) =>
      runs(world).createGit(
        {
          spaceName: SPACE,
          ProjectName: world.project.Name,
          RunbookName: world.runbook.Name,
          EnvironmentNames: ['Production'],
        },
        'refs/heads/main' as never,
      ),
  },
  'RunbookRunRepository.get': {
    works: async (world) => {
      const { RunbookRunId, ServerTaskId } = await runRunbook(world);
      expect(await runs(world).get(RunbookRunId)).toMatchObject({ TaskId: ServerTaskId });
    },
  },
  'RunbookRunRepository.list': {
    works: async (world) => {
      const { RunbookRunId } = await runRunbook(world);
      const asked = {
        ids: [RunbookRunId],
        projects: [world.project.Id],
        environments: [world.environmentId],
        runbooks: [world.runbook.Id],
        partialName: 'produc',
        skip: 0,
        take: 10,
      };
      const found = await runs(world).list({ ...asked, taskState: TaskState.Success });
      expect(found.Items.map(({ Id }) => Id)).toEqual([RunbookRunId]);
      expect((await runs(world).list({ tenants: ['Tenants-1'] })).Items).toEqual([]);
    },
  },

  'ServerTaskRepository.cancel': {
    works: async (world) => {
      const { taskId } = await world.deploy(world.endless.Name);
      await new ServerTaskRepository(world.client).cancel(taskId);
      await world.ended(taskId);
      expect((await tasks(world).getById(taskId)).State).toBe(TaskState.Canceled);
    },
  },
  'SpaceServerTaskRepository.getById': {
    works: async (world) =>
      expect(await tasks(world).getById(world.taskId)).toMatchObject({
        IsCompleted: true,
        FinishedSuccessfully: true,
      }),
  },
  'SpaceServerTaskRepository.getByIds': {
    works: async (world) => {
      // The client asks for 300 at a time and says `skip` with every further 300, although it names their ids.
      const unknown = Array.from({ length: 300 }, (_, index) => `ServerTasks-${100_000 + index}`);
      const found = await tasks(world).getByIds([...unknown, world.taskId]);
      expect(found.map(({ Id }) => Id)).toEqual([world.taskId]);
    },
  },
  'SpaceServerTaskRepository.getDetails': {
    works: async (world) => {
      const { Task, ActivityLogs } = await tasks(world).getDetails(world.taskId);
      expect(Task.Id).toBe(world.taskId);
      expect(ActivityLogs[0]).toMatchObject({
        Status: ActivityStatus.Success,
        Children: [{ Name: expect.stringContaining('Say hello') }],
      });
    },
  },
  'SpaceServerTaskRepository.getRaw': {
    works: async (world) => expect(await tasks(world).getRaw(world.taskId)).toContain('Say hello'),
  },
  'ServerTaskWaiter.waitForServerTaskToComplete': {
    works: async (world) => {
      const { taskId } = await world.deploy();
      const ended = await waiter(world).waitForServerTaskToComplete(taskId, POLL_MS, DEADLINE_MS);
      expect(ended.State).toBe(TaskState.Success);
    },
  },
  'ServerTaskWaiter.waitForServerTasksToComplete': {
    works: async (world) => {
      const { taskId } = await world.deploy();
      const seen: string[] = [];
      const ids = [world.taskId, taskId];
      const note = ({ Id }: { readonly Id: string }) => void seen.push(Id);
      await waiter(world).waitForServerTasksToComplete(ids, POLL_MS, DEADLINE_MS, note);
      expect(seen).toEqual(expect.arrayContaining(ids));
    },
  },
  ...asksNoServer('ServerTaskWaiter', 'isRetryableError'),
  'ServerTaskWaiter.waitForTasks': { notOurs: 'it is private, and a part of both waits above' },
  'ServerTaskWaiter.getTasksWithRetry': { notOurs: 'it is private, and a part of both waits above' },
  'ServerTaskWaiter.cancelTasks': {
    works: async (world) => {
      const { taskId } = await world.deploy(world.endless.Name);
      // It runs out of time at once, and was told to cancel then.
      await expect(
        waiter(world).waitForServerTaskToComplete(taskId, POLL_MS, 1, undefined, true),
      ).rejects.toThrow();
      await world.ended(taskId);
      expect((await tasks(world).getById(taskId)).State).toBe(TaskState.Canceled);
    },
  },
};
