/** Workers, their pools and policies, and which worker a task gets. */
import { expect, test } from 'vitest';
import { type Candidate, chooseWorker } from '../../src/connections/choice.ts';
import { testServer } from '../support.ts';
import { fakeWork } from './fake-work.ts';

const pool = { name: 'Linux', isDefault: false };
const candidate = (id: string, changes: Partial<Candidate> = {}): Candidate => ({
  id,
  name: id,
  disabled: false,
  health: 'Healthy',
  leases: 0,
  summary: '',
  ...changes,
});

test('of the healthy, enabled workers the one with the fewest leases is taken', () => {
  const all = [
    candidate('busy', { leases: 3 }),
    candidate('off', { disabled: true }),
    candidate('ill', { health: 'Unhealthy' }),
    candidate('warned', { leases: 1, health: 'HasWarnings' }),
    candidate('also', { leases: 1 }),
  ];
  expect(chooseWorker(pool, all)?.id).toBe('warned');
});

test('an empty default pool means the built-in worker; another empty pool is an error', () => {
  expect(chooseWorker({ name: 'Default', isDefault: true }, [])).toBeUndefined();
  expect(() => chooseWorker(pool, [])).toThrow(/"Linux" has no workers/);
});

test('when none can be used, each is named with what is wrong', () => {
  const all = [
    candidate('off', { disabled: true }),
    candidate('gone', { health: 'Unavailable', summary: 'no route to host' }),
  ];
  const choose = () => chooseWorker({ name: 'Default', isDefault: true }, all);
  expect(choose).toThrow(/"off" is disabled; "gone" is unavailable \(no route to host\)/);
});

test('a new space has one default pool and one default policy; there is always exactly one default', async () => {
  await using server = await testServer();
  const [first] = (await server.get('/api/workerpools')).body.Items;
  expect(first).toMatchObject({
    Name: 'Default Worker Pool',
    IsDefault: true,
    WorkerPoolType: 'StaticWorkerPool',
    CanAddWorkers: true,
  });
  expect((await server.get('/api/machinepolicies')).body.Items).toMatchObject([
    { Name: 'Default Machine Policy', IsDefault: true },
  ]);
  expect((await server.call('DELETE', `/api/workerpools/${first.Id}`)).status).toBe(400);
  const second = await server.call('POST', '/api/workerpools', { Name: 'Linux', IsDefault: true });
  expect(second.status).toBe(201);
  const all = (await server.get('/api/workerpools/all')).body;
  expect(all.filter(({ IsDefault }: { IsDefault: boolean }) => IsDefault)).toMatchObject([{ Name: 'Linux' }]);
  expect((await server.call('DELETE', `/api/workerpools/${first.Id}`)).status).toBe(200);
});

test('workers are made in pools that exist, written back as read, and found by pool', async () => {
  await using server = await testServer();
  const [first] = (await server.get('/api/workerpools')).body.Items;
  const worker = {
    Name: 'one',
    Endpoint: { CommunicationStyle: 'None', Extra: 'kept' },
    WorkerPoolIds: [first.Id],
    SkipInitialHealthCheck: true,
  };
  const unknown = await server.call('POST', '/api/workers', { ...worker, WorkerPoolIds: ['WorkerPools-9'] });
  expect(unknown.status).toBe(400);
  expect(unknown.body.ErrorMessage).toContain('WorkerPools-9');
  const made = await server.call('POST', '/api/workers', worker);
  expect(made.body).toMatchObject({
    HealthStatus: 'Unknown',
    Status: 'Unknown',
    MachinePolicyId: 'MachinePolicies-1',
    Endpoint: { CommunicationStyle: 'None', Extra: 'kept' },
  });
  const back = await server.call('PUT', `/api/workers/${made.body.Id}`, { ...made.body, IsDisabled: true });
  expect(back.body).toEqual({ ...made.body, IsDisabled: true, Status: 'Disabled' });
  expect((await server.get(`/api/workerpools/${first.Id}/workers`)).body.TotalResults).toBe(1);
  expect((await server.get('/api/workers?isDisabled=false')).body.TotalResults).toBe(0);
  const bad = await server.call('POST', '/api/workers', {
    ...worker,
    Endpoint: { CommunicationStyle: 'Pigeon' },
  });
  expect(bad.status).toBe(400);
});

test('a health check asks every worker, keeps what it found and tells it in its log', async () => {
  await using server = await fakeWork();
  const [first] = (await server.get('/api/workerpools')).body.Items;
  const made = await server.call('POST', '/api/workers', {
    Name: 'one',
    Endpoint: { CommunicationStyle: 'None' },
    WorkerPoolIds: [first.Id],
  });
  const tasks = (await server.get('/api/tasks?name=Health')).body.Items;
  expect(tasks).toHaveLength(1);
  const task = await server.task(tasks[0].Id);
  // The fake worker has no engine.
  expect(task).toMatchObject({ State: 'Failed' });
  expect(task.ErrorMessage).toMatch(/not healthy: one/);
  const worker = (await server.get(`/api/workers/${made.body.Id}`)).body;
  expect(worker).toMatchObject({
    HealthStatus: 'Unhealthy',
    OperatingSystem: 'linux',
    Architecture: 'amd64',
  });
  const { body } = await server.get(`/api/workers/${made.body.Id}/connection`);
  expect(body.Logs[0].MessageText).toMatch(/No container engine/);
  expect((await server.get(`/api/tasks/${task.Id}/raw`)).raw.toString()).toMatch(/Check one[\s\S]*Unhealthy/);
});
