/** Two servers on one PostgreSQL share the queue: each task is worked on once, and one takes over what another left. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@argonaut/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../../../../test/services.ts';
import { DirectoryBlobStore } from '../../src/blobs/index.ts';
import { KeyRing, openDatabase } from '../../src/database/index.ts';
import { FakeWorker } from '../execution/fake-worker.ts';
import { type FakeWork, fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

const step = { name: 'work', script: 'x', image: 'alpine:3' };
let directory: string;
let url: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'argonaut-nodes-'));
  url = (await freshDatabase()).url;
}, 300_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

const starts = (worker: FakeWorker) => [...worker.attempts.values()].map((attempt) => attempt.starts);

/** A server node: a database connection of its own, the same blobs, the same worker. */
async function node(worker: FakeWorker): Promise<FakeWork> {
  const database = await openDatabase({ dataDirectory: directory, databaseUrl: new Secret(url) });
  const server = await fakeWork(
    undefined,
    {
      database,
      blobs: new DirectoryBlobStore(join(directory, 'blobs')),
      keys: new KeyRing(Buffer.alloc(32, 7)),
      installationId: '7f9c24e8-3b12-4fef-91e0-5ad8a1c5d3b1',
      settings: { taskCap: 2 },
    },
    worker,
  );
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await database.close();
    },
  };
}

test('tasks are spread over the servers, each is started once, and its log can be read from both', async () => {
  const worker = new FakeWorker(() => ({ writes: [{ stream: 'stdout', text: 'hello\n' }] }));
  await using first = await node(worker);
  await using second = await node(worker);
  const tasks: string[] = [];
  for (let index = 0; index < 6; index += 1) {
    const made = await makeProject(first, [step], { name: `Spread ${index}` });
    tasks.push((await first.deploy(made.releaseId, made.environmentId)).taskId);
  }
  for (const id of tasks) {
    expect(await second.task(id)).toMatchObject({ State: 'Success' });
    for (const server of [first, second]) {
      expect((await server.get(`/api/tasks/${id}/raw`)).body).toContain('hello');
    }
  }
  expect(starts(worker)).toEqual(tasks.map(() => 1));
});

test('what one server left is taken over by the other, with a cancel that was asked of neither owner', async () => {
  const worker = new FakeWorker(() => ({ endless: true }));
  await using second = await node(worker);
  let taskId = '';
  {
    await using first = await node(worker);
    await second.work.stop();
    const made = await makeProject(first, [step], { name: 'Left' });
    taskId = (await first.deploy(made.releaseId, made.environmentId)).taskId;
    await expect.poll(() => starts(worker)).toEqual([1]);
  }
  await using third = await node(worker);
  await third.call('POST', `/api/tasks/${taskId}/cancel`);
  expect(await third.task(taskId)).toMatchObject({ State: 'Canceled' });
  expect(starts(worker)).toEqual([1]);
});

test('two successes that complete a phase together lead to the next one once, whoever is last', async () => {
  const worker = new FakeWorker(() => ({}));
  await using first = await node(worker);
  await using second = await node(worker);
  const made = async (path: string, body: object) => (await first.call('POST', path, body)).body;
  const environments: string[] = [];
  for (const Name of ['Dev', 'Test', 'Live']) {
    environments.push((await made('/api/environments', { Name })).Id);
  }
  const [dev = '', test = '', live = ''] = environments;
  const { projectId, releaseId } = await makeProject(first, [step], { name: 'Phases' });
  const lifecycle = await made('/api/lifecycles', {
    Name: 'Two, then one',
    Phases: [
      { Name: 'Both', OptionalDeploymentTargets: [dev, test] },
      { Name: 'Live', AutomaticDeploymentTargets: [live] },
    ],
  });
  const { body: project } = await first.get(`/api/projects/${projectId}`);
  await first.call('PUT', `/api/projects/${projectId}`, { ...project, LifecycleId: lifecycle.Id });
  const releases = [releaseId];
  for (let index = 0; index < 4; index += 1) {
    releases.push((await made('/api/releases/create/v1', { ProjectName: 'Phases' })).ReleaseId);
  }
  for (const release of releases) {
    const both = await Promise.all([first.deploy(release, dev), second.deploy(release, test)]);
    for (const { taskId } of both) expect(await first.task(taskId)).toMatchObject({ State: 'Success' });
    const { body } = await first.get(`/api/releases/${release}/deployments`);
    const toLive = body.Items.filter((each: { EnvironmentId: string }) => each.EnvironmentId === live);
    expect(toLive).toMatchObject([{ DeployedBy: 'system' }]);
    await first.task(toLive[0].TaskId);
  }
});
