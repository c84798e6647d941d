/** Deployments: what is asked for, what is refused and why, and what is kept. */

import type { LateValues } from '@argonaut/contracts/attempt';
import { expect, test } from 'vitest';
import { testServer } from '../support.ts';
import { fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

const step = { name: 'work', script: 'echo', image: 'alpine:3' };
const untenanted = '/api/Spaces-1/deployments/create/untenanted/v1';

test('CI clients deploy by names, to several environments at once', async () => {
  await using server = await testServer();
  const made = await makeProject(server, [step], { name: 'Shop' });
  const { body: staging } = await server.call('POST', '/api/environments', { Name: 'Staging' });
  const reply = await server.call('POST', untenanted, {
    spaceIdOrName: 'Default',
    projectName: 'shop',
    releaseVersion: made.version,
    environmentNames: ['staging', 'Production', staging.Id],
    noRunAfter: new Date(Date.now() + 3_600_000).toISOString(),
  });
  expect(reply.status).toBe(201);
  const started = reply.body.DeploymentServerTasks;
  expect(started).toHaveLength(2);
  const deployments = await server.get(`/api/deployments?projects=${made.projectId}`);
  expect(deployments.body.Items).toMatchObject([
    { Name: 'Deploy to Production', EnvironmentId: made.environmentId, ReleaseId: made.releaseId },
    { Name: 'Deploy to Staging', EnvironmentId: staging.Id, TaskId: started[0].ServerTaskId },
  ]);
  const queued = await server.get(`/api/deployments?taskState=Queued&environments=${staging.Id}`);
  expect(queued.body.TotalResults).toBe(1);
  expect((await server.get('/api/deployments?taskState=Success')).body.TotalResults).toBe(0);
});

test('all are queued, or none: one wrong environment leaves nothing behind', async () => {
  await using server = await testServer();
  const made = await makeProject(server, [step], { name: 'Shop' });
  const reply = await server.call('POST', untenanted, {
    ProjectName: 'Shop',
    ReleaseVersion: made.version,
    EnvironmentNames: ['Production', 'Moon'],
  });
  expect(reply.status).toBe(400);
  expect(reply.body.ErrorMessage).toMatch(/"Moon" does not exist.*"Production"/);
  expect((await server.get('/api/deployments')).body.TotalResults).toBe(0);
  expect((await server.get('/api/tasks')).body.TotalResults).toBe(0);
});

test('a repeated Idempotency-Key gets the first answer and starts nothing', async () => {
  await using server = await testServer();
  const made = await makeProject(server, [step]);
  const body = { ReleaseId: made.releaseId, EnvironmentId: made.environmentId };
  const key = { 'idempotency-key': 'one' };
  const first = await server.call('POST', '/api/deployments', body, key);
  const second = await server.call('POST', '/api/deployments', body, key);
  expect(second.body).toEqual(first.body);
  expect((await server.get('/api/deployments')).body.TotalResults).toBe(1);
});

test('what cannot be is refused with the reason and what would do', async () => {
  await using server = await testServer();
  const made = await makeProject(server, [step, { ...step, name: 'must', action: { IsRequired: true } }]);
  const body = { ReleaseId: made.releaseId, EnvironmentId: made.environmentId };
  const refused = async (changes: object) => {
    const reply = await server.call('POST', '/api/deployments', { ...body, ...changes });
    expect(reply.status).toBeGreaterThanOrEqual(400);
    return reply.body.ErrorMessage;
  };
  expect(await refused({ EnvironmentId: 'Environments-99' })).toMatch(/"Environments-99" does not exist/);
  expect(await refused({ ReleaseId: 'Releases-99' })).toMatch(/Releases-99/);
  expect(await refused({ TenantId: 'Tenants-1' })).toMatch(/no tenants yet.*Tenants-1/);
  expect(await refused({ SkipActions: ['nothing'] })).toMatch(/no step "nothing" to skip.*"work", "must"/);
  expect(await refused({ SkipActions: ['must'] })).toMatch(/"must" is required and cannot be skipped/);
  expect(await refused({ QueueTimeExpiry: '2001-01-01T00:00:00Z' })).toMatch(/could never start/);
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  expect(await refused({ QueueTime: inDays(31) })).toMatch(/more than 30 days ahead\. Choose a time until 2/);
  const planned = await server.call('POST', '/api/deployments', { ...body, QueueTime: inDays(29) });
  expect(planned.status).toBe(201);
  const tenanted = await server.call('POST', '/api/Spaces-1/deployments/create/tenanted/v1', {
    ProjectName: 'x',
    ReleaseVersion: '1',
    EnvironmentName: 'Production',
    Tenants: ['Acme'],
  });
  expect(tenanted.status).toBe(400);
  expect(tenanted.body.ErrorMessage).toMatch(/no tenants yet.*Acme/);
});

test('a lifecycle says where a release goes first', async () => {
  await using server = await fakeWork();
  const made = await makeProject(server, [step], { environment: 'Development' });
  const { body: production } = await server.call('POST', '/api/environments', { Name: 'Production' });
  const { body: lifecycles } = await server.get('/api/lifecycles/all');
  await server.call('PUT', `/api/lifecycles/${lifecycles[0].Id}`, {
    ...lifecycles[0],
    Phases: [
      { Name: 'First', OptionalDeploymentTargets: [made.environmentId] },
      { Name: 'Then', OptionalDeploymentTargets: [production.Id] },
    ],
  });
  const early = await server.call('POST', '/api/deployments', {
    ReleaseId: made.releaseId,
    EnvironmentId: production.Id,
  });
  expect(early.status).toBe(400);
  expect(early.body.ErrorMessage).toMatch(/Production/);
  expect(early.body.ErrorMessage).toMatch(/Development/);
  const { taskId } = await server.deploy(made.releaseId, made.environmentId);
  await server.task(taskId);
  const promoted = await server.deploy(made.releaseId, production.Id);
  expect(await server.task(promoted.taskId)).toMatchObject({ State: 'Success' });
});

test('skipped steps do not run, and scripts read what is true of the deployment', async () => {
  const seen: Record<string, string> = {};
  await using server = await fakeWork((title: string, late: LateValues) => {
    seen[title] = late.files.map(({ bytes }) => Buffer.from(bytes).toString()).join('\n');
    return {};
  });
  const script =
    'echo "#{Octopus.Release.Number}|#{Octopus.Environment.Name}|#{Octopus.Project.Name}|#{Octopus.Deployment.CreatedBy.Username}|#{Octopus.Deployment.Comments}|#{Octopus.Release.PreviousForEnvironment.Number}"';
  const made = await makeProject(
    server,
    [
      { ...step, script },
      { ...step, name: 'other' },
    ],
    { name: 'Shop' },
  );
  const { body: before } = await server.get(`/api/deployments?take=1`);
  expect(before.TotalResults).toBe(0);
  const first = await server.deploy(made.releaseId, made.environmentId, { Comments: 'first' });
  await server.task(first.taskId);
  expect(seen.work).toContain(`${made.version}|Production|Shop|admin|first|`);
  expect(Object.keys(seen).sort()).toEqual(['other', 'work']);
  delete seen.other;
  const { body } = await server.call('POST', untenanted, {
    ProjectName: 'Shop',
    ReleaseVersion: made.version,
    EnvironmentNames: ['Production'],
    SkipStepNames: ['other'],
  });
  await server.task(body.DeploymentServerTasks[0].ServerTaskId);
  expect(seen.work).toContain(`|${made.version}"`);
  expect(seen.other).toBeUndefined();
});

test('a deployment that is over can be deleted, with its task and its log; one that runs cannot', async () => {
  await using server = await fakeWork((title) => (title === 'hangs' ? { endless: true } : {}));
  const made = await makeProject(server, [step]);
  const { id, taskId } = await server.deploy(made.releaseId, made.environmentId);
  await server.task(taskId);
  const slow = await makeProject(server, [{ ...step, name: 'hangs' }]);
  const running = await server.deploy(slow.releaseId, slow.environmentId);
  const refused = await server.call('DELETE', `/api/deployments/${running.id}`);
  expect(refused.status).toBe(409);
  expect(refused.body.ErrorMessage).toMatch(/Cancel it, or wait/);
  expect((await server.call('DELETE', `/api/deployments/${id}`)).status).toBe(200);
  expect((await server.get(`/api/deployments/${id}`)).status).toBe(404);
  expect((await server.get(`/api/tasks/${taskId}`)).status).toBe(404);
  await expect.poll(() => server.services.blobs.list(`logs/${taskId}`)).toEqual([]);
});

test('environments and channels that do not exist are named in the log of every task that they concern', async () => {
  await using server = await fakeWork();
  const known = (await server.call('POST', '/api/environments', { Name: 'Production' })).body.Id;
  const made = await makeProject(
    server,
    [
      { ...step, name: 'nowhere', action: { Environments: ['Environments-55'] } },
      { ...step, name: 'here', action: { Environments: [known], Channels: ['Channels-55'] } },
    ],
    { variables: [{ Name: 'Url', Value: 'x', Scope: { Environment: [known, 'Environments-55'] } }] },
  );
  const { taskId } = await server.deploy(made.releaseId, made.environmentId);
  expect(await server.task(taskId)).toMatchObject({ State: 'Success', HasWarningsOrErrors: true });
  const raw: string = (await server.get(`/api/tasks/${taskId}/raw`)).body;
  const warnings = raw.split('\n').filter((line) => line.includes('Warning'));
  expect(warnings).toEqual([
    expect.stringContaining(
      'The environment Environments-55 does not exist, but is named by the step "nowhere", the variable "Url".',
    ),
    expect.stringContaining('The channel Channels-55 does not exist, but is named by the step "here".'),
  ]);
});
