/** Runbook runs: the published snapshot or a named one, in environments that the runbook allows. */
import { expect, test } from 'vitest';
import { type FakeWork, fakeWork } from './fake-work.ts';
import { makeProject, wireStep } from './project-under-test.ts';

async function withRunbook(server: FakeWork) {
  const made = await makeProject(server, [{ name: 'x', script: 'true', image: 'alpine:3' }], {
    name: 'Shop',
  });
  const runbook = (
    await server.call('POST', `/api/projects/${made.projectId}/runbooks`, {
      Name: 'Restart',
      ProjectId: made.projectId,
    })
  ).body;
  const { body: process } = await server.get(`/api/runbookProcesses/${runbook.RunbookProcessId}`);
  const script = 'echo "#{Octopus.Runbook.Name} #{Octopus.RunbookSnapshot.Name} #{Octopus.Environment.Name}"';
  const saved = await server.call('PUT', `/api/runbookProcesses/${process.Id}`, {
    ...process,
    Steps: [wireStep({ name: 'restart', script, image: 'alpine:3' })],
  });
  expect(saved.status).toBe(200);
  return { ...made, runbook };
}

const publish = (server: FakeWork, runbook: { Id: string; ProjectId: string }, name: string, query = '') =>
  server.call('POST', `/api/projects/${runbook.ProjectId}/runbookSnapshots${query}`, {
    ProjectId: runbook.ProjectId,
    RunbookId: runbook.Id,
    Name: name,
  });

test('CI clients run the published snapshot by names; scripts know what they run for', async () => {
  const scripts: string[] = [];
  await using server = await fakeWork((_title, late) => {
    scripts.push(late.files.map(({ bytes }) => Buffer.from(bytes).toString()).join());
    return {};
  });
  const { runbook, environmentId } = await withRunbook(server);
  const body = { ProjectName: 'Shop', RunbookName: 'restart', EnvironmentNames: ['Production'] };
  const unpublished = await server.call('POST', '/api/Spaces-1/runbook-runs/create/v1', body);
  expect(unpublished.status).toBe(404);
  expect(unpublished.body.ErrorMessage).toMatch(/no published snapshot/);

  expect((await publish(server, runbook, 'First', '?publish=true')).status).toBe(201);
  const reply = await server.call('POST', '/api/Spaces-1/runbook-runs/create/v1', body);
  expect(reply.status).toBe(201);
  const [started] = reply.body.RunbookRunServerTasks;
  expect(await server.task(started.ServerTaskId)).toMatchObject({
    Name: 'RunbookRun',
    State: 'Success',
    Description: 'Run Restart (First) on Production',
    Arguments: { RunbookRunId: started.RunbookRunId },
  });
  expect(scripts[0]).toContain('Restart First Production');
  const runs = (await server.get(`/api/runbookRuns?runbooks=${runbook.Id}&environments=${environmentId}`))
    .body;
  expect(runs.Items).toMatchObject([{ Id: started.RunbookRunId, RunbookId: runbook.Id }]);
  const [found] = (await server.get(`/api/tasks?runbook=${runbook.Id}`)).body.Items;
  expect(found.Id).toBe(started.ServerTaskId);
  expect((await server.call('DELETE', `/api/runbookRuns/${started.RunbookRunId}`)).status).toBe(200);
});

test('an environment that the runbook does not allow, a tenant and an unknown snapshot are refused', async () => {
  await using server = await fakeWork();
  const { runbook } = await withRunbook(server);
  await publish(server, runbook, 'First', '?publish=true');
  const { body: staging } = await server.call('POST', '/api/environments', { Name: 'Staging' });
  const current = (await server.get(`/api/runbooks/${runbook.Id}`)).body;
  await server.call('PUT', `/api/runbooks/${runbook.Id}`, {
    ...current,
    EnvironmentScope: 'Specified',
    Environments: [staging.Id],
  });
  const run = (changes: object) =>
    server.call('POST', '/api/Spaces-1/runbook-runs/create/v1', {
      ProjectName: 'Shop',
      RunbookName: 'Restart',
      EnvironmentNames: ['Staging'],
      ...changes,
    });
  expect((await run({ EnvironmentNames: ['Production'] })).body.ErrorMessage).toMatch(
    /It may run in "Staging"/,
  );
  expect((await run({ Tenants: ['Acme'] })).body.ErrorMessage).toMatch(/no tenants yet.*Acme/);
  expect((await run({ Snapshot: 'Second' })).body.ErrorMessage).toMatch(/no snapshot "Second"/);
  const classic = await server.call('POST', '/api/runbookRuns', {
    RunbookId: runbook.Id,
    EnvironmentId: staging.Id,
  });
  expect(classic.status).toBe(201);
  expect(await server.task(classic.body.TaskId)).toMatchObject({ State: 'Success' });
});

test('the .NET client follows links from a runbook to its runs: one request for several environments', async () => {
  await using server = await fakeWork();
  const { runbook, environmentId } = await withRunbook(server);
  const { body: staging } = await server.call('POST', '/api/environments', { Name: 'Staging' });
  const { Links } = (await server.get(`/api/runbooks/${runbook.Id}`)).body;
  const run = (body: object) => server.call('POST', Links.CreateRunbookRun, body);
  expect((await run({ EnvironmentId: environmentId })).body.ErrorMessage).toMatch(/no published snapshot/);
  const { body: first } = await publish(server, runbook, 'First', '?publish=true');
  const { body: second } = await publish(server, runbook, 'Second');

  const both = await run({ EnvironmentIds: [environmentId, staging.Id], EnvironmentId: environmentId });
  expect(both).toMatchObject({
    status: 201,
    body: [
      { EnvironmentId: environmentId, RunbookSnapshotId: first.Id },
      { EnvironmentId: staging.Id, RunbookSnapshotId: first.Id },
    ],
  });
  for (const { TaskId } of both.body) expect(await server.task(TaskId)).toMatchObject({ State: 'Success' });
  const named = { RunbookSnapshotNameOrId: 'Second', UseDefaultSnapshot: false, EnvironmentId: staging.Id };
  expect((await run(named)).body).toMatchObject([{ RunbookSnapshotId: second.Id }]);
  const ofFirst = (await server.get(first.Links.RunbookRuns.replace(/\{.*/, ''))).body.Items;
  expect(ofFirst.map(({ Id }: { Id: string }) => Id)).toEqual(
    both.body.map(({ Id }: { Id: string }) => Id).reverse(),
  );

  const refusal = async (body: object) => {
    const { status, body: answer } = await run(body);
    return `${status} ${answer.ErrorMessage}`;
  };
  expect(await refusal({})).toMatch(/^400 .*EnvironmentId, or EnvironmentIds/);
  expect(await refusal({ EnvironmentIds: [environmentId, 'Moon'] })).toMatch(/^400 .*"Moon"/);
  expect(await refusal({ ...named, RunbookSnapshotNameOrId: null })).toMatch(
    /^400 .*RunbookSnapshotNameOrId/,
  );
  expect(await refusal({ ...named, TenantTagNames: ['Ring/1'] })).toMatch(/^400 .*no tenants/);
  // Of what was refused, nothing was begun.
  expect((await server.get('/api/runbookRuns')).body.TotalResults).toBe(3);
});

test('the template of a run says where it may run, and what has changed since the snapshot', async () => {
  await using server = await fakeWork();
  const { runbook, environmentId } = await withRunbook(server);
  const { Links } = (await server.get(`/api/runbooks/${runbook.Id}`)).body;
  expect((await server.get(Links.RunbookRunTemplate)).body.RunbookSnapshotId).toBe(null);
  const { body: snapshot } = await publish(server, runbook, 'First', '?publish=true');
  const template = (await server.get(Links.RunbookRunTemplate)).body;
  expect(template).toMatchObject({
    RunbookSnapshotId: snapshot.Id,
    IsRunbookProcessModified: false,
    IsVariableSetModified: false,
    PromoteTo: [{ Id: environmentId, Name: 'Production' }],
  });
  expect((await server.get(template.PromoteTo[0].Links.Preview)).status).toBe(200);
  const { body: process } = await server.get(`/api/runbookProcesses/${runbook.RunbookProcessId}`);
  await server.call('PUT', `/api/runbookProcesses/${process.Id}`, process);
  const later = (await server.get(snapshot.Links.RunbookRunTemplate)).body;
  expect(later).toMatchObject({ IsRunbookProcessModified: true, IsVariableSetModified: false });
  expect((await server.get(later.PromoteTo[0].Links.Preview)).status).toBe(200);
});
