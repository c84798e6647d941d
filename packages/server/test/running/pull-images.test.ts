/** Images that are brought to the workers of a pool before anybody needs them: a task with a log. */
import { expect, test } from 'vitest';
import { startPull } from '../../src/workers/images/pull-task.ts';
import { FakeWorker } from '../execution/fake-worker.ts';
import { type FakeWork, fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

/** Notes what it is asked for. */
class NotingWorker extends FakeWorker {
  readonly asked: string[] = [];

  override async acquire(request: Parameters<FakeWorker['acquire']>[0]) {
    this.asked.push(`${request.reference} ${request.digest ?? request.policy}`);
    return super.acquire(request);
  }
}

async function workers(server: FakeWork, ...members: object[]) {
  const pool = await server.call('POST', '/api/workerpools', { Name: 'Pool' });
  for (const [index, member] of members.entries()) {
    const made = await server.call('POST', '/api/workers', {
      Name: `Worker ${index + 1}`,
      WorkerPoolIds: [pool.body.Id],
      Endpoint: { CommunicationStyle: 'None' },
      SkipInitialHealthCheck: true,
      ...member,
    });
    expect(made.status).toBe(201);
  }
  return pool.body.Id as string;
}

const logOf = async (server: FakeWork, task: string) =>
  (await server.get(`/api/tasks/${task}/raw`)).raw.toString();

test('every worker that can be used gets every image; one that cannot is told', async () => {
  const worker = new NotingWorker(() => ({}));
  await using server = await fakeWork(undefined, {}, worker);
  const pool = await workers(server, {}, {}, { IsDisabled: true });
  const digest = `sha256:${'a'.repeat(64)}`;
  const started = await server.call('POST', `/api/Spaces-1/argonaut/workerpools/${pool}/pull-images`, {
    Images: [{ Image: 'tool:1' }, { Image: 'app:2', Digest: digest }],
  });
  expect([started.status, started.body.Name]).toEqual([201, 'PullImages']);
  const task = await server.task(started.body.Id);
  expect(task.State).toBe('Success');
  expect(worker.asked.toSorted()).toEqual([
    `docker.io/library/app:2 ${digest}`,
    `docker.io/library/app:2 ${digest}`,
    'docker.io/library/tool:1 if-not-present',
    'docker.io/library/tool:1 if-not-present',
  ]);
  const log = await logOf(server, started.body.Id);
  expect(log).toContain('Worker 1 has docker.io/library/tool:1');
  expect(log).toContain('Nothing is pulled on Worker 3: it is disabled.');
});

test('what could not be had fails the task by name, after everything else', async () => {
  const worker = new NotingWorker(() => ({}));
  await using server = await fakeWork(undefined, {}, worker);
  const pool = await workers(server, {});
  const started = await server.call('POST', `/api/Spaces-1/argonaut/workerpools/${pool}/pull-images`, {
    Images: [{ Image: 'missing:1' }, { Image: 'tool:1' }],
  });
  const task = await server.task(started.body.Id);
  expect([task.State, task.ErrorMessage]).toEqual([
    'Failed',
    'Not every worker has every image: missing:1 on Worker 1. The log says why.',
  ]);
  expect(worker.asked).toHaveLength(2);
});

test('what can be seen to be wrong is refused at once', async () => {
  await using server = await fakeWork();
  const pool = await workers(server, {});
  const path = `/api/Spaces-1/argonaut/workerpools/${pool}/pull-images`;
  expect(await server.call('POST', path, { Images: [{ Image: 'UPPER Case' }] })).toMatchObject({
    status: 400,
  });
  expect(await server.call('POST', path, { Images: [{ FeedId: 'Feeds-99', Image: 'x' }] })).toMatchObject({
    status: 404,
  });
  expect(await server.call('POST', path, { Images: [] })).toMatchObject({ status: 400 });
});

test('a pool that is limited to some registries gets images of no other, whoever asks', async () => {
  const worker = new NotingWorker(() => ({}));
  await using server = await fakeWork(undefined, {}, worker);
  const pool = await workers(server, {});
  const policy = `/api/argonaut/Spaces-1/workerpools/${pool}/policy`;
  const pull = `/api/Spaces-1/argonaut/workerpools/${pool}/pull-images`;
  await server.call('PUT', policy, { Registries: ['ghcr.io'] });
  const refused = await server.call('POST', pull, { Images: [{ Image: 'tool:1' }] });
  expect(refused.status).toBe(400);
  expect(refused.body.ErrorMessage).toContain('refused by the policy of worker pool "Pool"');
  expect((await server.get('/api/tasks?name=PullImages')).body.Items).toEqual([]);
  // A task that nobody was told about, as when a release is created.
  const started = await startPull(server.services, {
    space: 'Spaces-1',
    pool: { id: pool, name: 'Pool' },
    images: [{ Image: 'tool:1' }, { Image: 'ghcr.io/acme/tool:1' }],
  });
  expect((await server.task(started.id)).ErrorMessage).toContain('tool:1 on Worker 1');
  expect(worker.asked).toEqual(['ghcr.io/acme/tool:1 if-not-present']);
  expect(await logOf(server, started.id)).toContain('An image of the registry docker.io is refused');
});

test('images come as the pool says', async () => {
  const worker = new NotingWorker(() => ({}));
  await using server = await fakeWork(undefined, {}, worker);
  const pool = await workers(server, {});
  await server.call('PUT', `/api/argonaut/Spaces-1/workerpools/${pool}/policy`, { ImagePolicies: ['Never'] });
  const started = await server.call('POST', `/api/Spaces-1/argonaut/workerpools/${pool}/pull-images`, {
    Images: [{ Image: 'tool:1' }],
  });
  await server.task(started.body.Id);
  expect(worker.asked).toEqual(['docker.io/library/tool:1 never']);
});

test('a digest is nothing else, and the task is among the kinds that there are', async () => {
  await using server = await fakeWork();
  const [pool] = (await server.get('/api/workerpools/all')).body;
  const path = `/api/argonaut/Spaces-1/workerpools/${pool.Id}/pull-images`;
  const refused = await server.call('POST', path, {
    Images: [{ Image: 'tool:1', Digest: 'x/../../../containers' }],
  });
  expect(refused.status).toBe(400);
  expect(JSON.stringify(refused.body)).toContain('Digest');
  const whole = { Image: 'tool:1', Digest: `sha256:${'0'.repeat(64)}` };
  expect((await server.call('POST', path, { Images: [whole, { Image: 'tool:1' }] })).status).toBe(201);
  const types = (await server.get('/api/tasks/tasktypes')).body;
  expect(types.map(({ Id }: { Id: string }) => Id)).toContain('PullImages');
});

test('a project may warm the pools of its steps when a release is created; creation waits for nothing', async () => {
  const worker = new NotingWorker(() => ({}));
  await using server = await fakeWork(undefined, {}, worker);
  const { projectId, environmentId } = await makeProject(server, [
    { name: 'a', image: 'tool:1', script: 'true' },
    { name: 'b', image: 'missing:#{Octopus.Environment.Name}', script: 'true' },
    { name: 'c', script: 'true' },
  ]);
  expect(environmentId).toBeDefined();
  const tasks = async () => (await server.get('/api/tasks?name=PullImages')).body.Items;
  expect(await tasks()).toEqual([]);
  const project = (await server.get(`/api/projects/${projectId}`)).body;
  await server.call('PUT', `/api/projects/${projectId}`, { ...project, PullImagesOnRelease: true });
  const release = await server.call('POST', '/api/releases', {
    ProjectId: projectId,
    ChannelId: (await server.get(`/api/projects/${projectId}/channels`)).body.Items[0].Id,
    Version: '9.9.9',
  });
  expect(release.status).toBe(201);
  const [task] = await tasks();
  expect(task.Description).toMatch(
    /^Pull 2 images to the workers of Default Worker Pool for release 9\.9\.9$/,
  );
  expect((await server.task(task.Id)).State).toBe('Failed');
  expect(worker.asked.map((line) => line.split(' ')[0])).toContain('docker.io/library/tool:1');
});
