/** What a pool allows the containers of its steps: said over the API, held against every attempt. */
import { expect, test } from 'vitest';
import { imageDirectory } from '../../src/connections/images.ts';
import { testServer } from '../support.ts';
import { type FakeWork, fakeWork } from './fake-work.ts';
import { makeProject, type StepWish } from './project-under-test.ts';

const POOL = '/api/argonaut/Spaces-1/workerpools/WorkerPools-1/policy';

/** Deploys one step; what the worker was told to stage, and what the task says. */
async function deployed(server: FakeWork, wish: Partial<StepWish>) {
  const made = await makeProject(server, [{ name: 'Step', script: 'true', image: 'alpine:3', ...wish }]);
  const { taskId } = await server.deploy(made.releaseId, made.environmentId);
  const task = await server.task(taskId);
  const spec = [...server.worker.attempts.values()].at(-1)?.spec;
  return { task, spec, late: [...server.worker.attempts.values()].at(-1)?.late };
}

test('nobody has said anything: the default policy, and it says so', async () => {
  await using server = await testServer();
  const { status, body } = await server.get(POOL);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    WorkerPoolId: 'WorkerPools-1',
    IsDefault: true,
    Binds: [],
    Privileged: false,
    Capabilities: [],
    MaxMemoryBytes: null,
    Feeds: [],
    Links: { Self: POOL },
  });
});

test('what is said is kept, told, audited, and can be taken back', async () => {
  await using server = await testServer();
  const wish = { Binds: [{ Directory: '/srv', ReadOnly: true }], Capabilities: ['net_admin'], MaxCpus: 2 };
  const written = await server.call('PUT', POOL, wish);
  expect(written.status).toBe(200);
  expect((await server.get(POOL)).body).toMatchObject({ ...wish, IsDefault: false, EngineSockets: false });
  const events = (await server.get('/api/events?regarding=WorkerPools-1')).body.Items;
  expect(events[0]).toMatchObject({ Category: 'Modified', RelatedDocumentIds: ['WorkerPools-1'] });
  expect(events[0].Message).toContain('Default Worker Pool');
  expect((await server.call('DELETE', POOL)).body).toMatchObject({ IsDefault: true });
  expect((await server.get(POOL)).body).toMatchObject({ IsDefault: true, Binds: [] });
});

test.each([
  [{ Feeds: ['Feeds-99'] }, 'no feed Feeds-99'],
  [{ Binds: [{ Directory: 'srv' }] }, 'Directory'],
  [{ Binds: [{ Directory: '/srv/../etc' }] }, 'must be written without'],
  [{ MaxPids: 2 }, 'MaxPids'],
  [{ HostNamespaces: ['pid'] }, 'HostNamespaces'],
])('%j is refused', async (body, complaint) => {
  await using server = await testServer();
  const { status, body: answer } = await server.call('PUT', POOL, body);
  expect(status).toBe(400);
  expect(JSON.stringify(answer)).toContain(complaint);
});

test('only an administrator opens a pool', async () => {
  await using server = await testServer();
  const { status } = await server.call(
    'PUT',
    POOL,
    { Privileged: true },
    { 'x-octopus-apikey': 'API-NOBODY' },
  );
  expect(status).toBe(401);
});

test('options that the pool does not allow fail the step, with flag and pool; allowed, they reach the worker with the policy', async () => {
  await using server = await fakeWork();
  const wish = {
    properties: {
      'Octopus.Action.Container.Options': '--cap-add NET_ADMIN -v /srv/data:/data:ro --workdir /data',
    },
  };
  const refused = await deployed(server, wish);
  expect(refused.task).toMatchObject({ State: 'Failed' });
  expect(refused.task.ErrorMessage).toMatch(
    /--cap-add NET_ADMIN is refused by the policy of worker pool "Default Worker Pool"/,
  );
  expect(refused.task.ErrorMessage).toMatch(/--volume|-v \/srv\/data/);
  await server.call('PUT', POOL, { Binds: [{ Directory: '/srv' }], Capabilities: ['NET_ADMIN'] });
  const { task, spec } = await deployed(server, wish);
  expect(task).toMatchObject({ State: 'Success' });
  expect(spec).toMatchObject({
    place: { docker: { WorkingDir: '/data', CapAdd: expect.arrayContaining(['NET_ADMIN', 'CHOWN']) } },
    policy: { name: 'the policy of worker pool "Default Worker Pool"', privileged: false },
  });
});

test('limits: who asks for none gets the most, who asks for more is refused', async () => {
  await using server = await fakeWork();
  await server.call('PUT', POOL, {
    MaxMemoryBytes: 2 ** 28,
    MaxCpus: 1,
    MaxPids: 100,
    MaxTimeoutMinutes: 10,
  });
  const none = await deployed(server, {});
  expect(none.spec?.limits).toEqual({ memoryBytes: 2 ** 28, cpus: 1, pids: 100 });
  expect(none.late?.deadlineMs).toBe(600_000);
  const less = await deployed(server, {
    properties: { 'Argonaut.Action.Memory': '64m', 'Octopus.Action.ExecutionTimeout.Minutes': '1' },
  });
  expect(less.spec?.limits).toMatchObject({ memoryBytes: 2 ** 26, cpus: 1 });
  expect(less.late?.deadlineMs).toBe(60_000);
  const more = await deployed(server, { properties: { 'Argonaut.Action.Memory': '1g' } });
  expect(more.task.ErrorMessage).toMatch(/at most 268435456 bytes of memory/);
  const longer = await deployed(server, { properties: { 'Octopus.Action.ExecutionTimeout.Minutes': '11' } });
  expect(longer.task.ErrorMessage).toMatch(/time-out of 11 minutes is refused by .*at most 10 minutes/);
  const service = await deployed(server, {
    properties: {
      'Argonaut.Action.Container.Services': JSON.stringify([
        { name: 'db', image: 'postgres:17', limits: { memory: '1g' } },
      ]),
    },
  });
  expect(service.task.ErrorMessage).toMatch(/at most 268435456 bytes of memory/);
});

test('images come from where the pool says', async () => {
  await using server = await fakeWork(undefined, {}, undefined, (services) => ({
    images: imageDirectory(services),
  }));
  await server.call('PUT', POOL, { Registries: ['registry.example:5000'] });
  const other = await deployed(server, { image: 'ghcr.io/a/b:1' });
  expect(other.task.ErrorMessage).toMatch(
    /registry ghcr.io is refused by the policy of worker pool "Default Worker Pool".*registries registry.example:5000/,
  );
  const right = await deployed(server, { image: 'registry.example:5000/a/b:1' });
  expect(right.task).toMatchObject({ State: 'Success' });
});

test('a pool that is deleted takes its policy along', async () => {
  await using server = await testServer();
  const { body: pool } = await server.call('POST', '/api/workerpools', { Name: 'Other' });
  await server.call('PUT', `/api/argonaut/Spaces-1/workerpools/${pool.Id}/policy`, { Privileged: true });
  expect((await server.call('DELETE', `/api/workerpools/${pool.Id}`)).status).toBe(200);
  expect((await server.get(`/api/argonaut/Spaces-1/workerpools/${pool.Id}/policy`)).status).toBe(404);
});
