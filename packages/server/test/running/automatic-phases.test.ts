/** Phases that deploy by themselves: when, to what, as whom, and what happens when something stands against it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type TestServer, testServer } from '../support.ts';
import { type FakeWork, fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

const step = { name: 'work', script: 'echo', image: 'alpine:3' };

interface PhaseWish {
  readonly name: string;
  readonly automatic?: readonly string[];
  readonly manual?: readonly string[];
  readonly minimum?: number;
}

/** Environments by name, and the lifecycle of every new project. */
async function furnish(server: TestServer, phases: readonly PhaseWish[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  const idsOf = async (names: readonly string[] = []) => {
    const found: string[] = [];
    for (const Name of names) {
      const { body } = await server.call('POST', '/api/environments', { Name });
      ids.set(Name, body.Id);
      found.push(body.Id);
    }
    return found;
  };
  const Phases: object[] = [];
  for (const { name, automatic, manual, minimum = 0 } of phases) {
    Phases.push({
      Name: name,
      AutomaticDeploymentTargets: await idsOf(automatic),
      OptionalDeploymentTargets: await idsOf(manual),
      MinimumEnvironmentsBeforePromotion: minimum,
    });
  }
  const { body: lifecycles } = await server.get('/api/lifecycles/all');
  const reply = await server.call('PUT', `/api/lifecycles/${lifecycles[0].Id}`, { ...lifecycles[0], Phases });
  expect(reply.status).toBe(200);
  return ids;
}

// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
async function deploymentsOf(server: TestServer, release: string): Promise<any[]> {
  return (await server.get(`/api/releases/${release}/deployments`)).body.Items.toReversed();
}

const namesOf = async (server: TestServer, release: string) =>
  (await deploymentsOf(server, release)).map(({ Name }) => Name);

/** Every task is over, and none is queued any more. */
async function settled(server: FakeWork): Promise<void> {
  while ((await server.get('/api/tasks?active=true')).body.TotalResults > 0) await sleep(5);
}

test('a release goes by itself from its creation to the first phase that somebody has to begin', async () => {
  await using server = await fakeWork();
  await furnish(server, [
    { name: 'First', automatic: ['Dev', 'Test'] },
    { name: 'Second', automatic: ['Staging'], manual: ['Demo'], minimum: 1 },
    { name: 'Live', manual: ['Production'] },
  ]);
  const { releaseId } = await makeProject(server, [step]);
  await settled(server);
  expect(await namesOf(server, releaseId)).toEqual(['Deploy to Dev', 'Deploy to Test', 'Deploy to Staging']);
  const { body: progression } = await server.get(`/api/releases/${releaseId}/progression`);
  expect(progression.Phases.map((phase: { Progress: string }) => phase.Progress)).toEqual([
    'Complete',
    'Complete',
    'Current',
  ]);
});

test('it is the server that deploys, and the audit trail says so', async () => {
  let script = '';
  await using server = await fakeWork((_, late) => {
    script = late.files.map(({ bytes }) => Buffer.from(bytes).toString()).join('');
    return {};
  });
  await furnish(server, [{ name: 'First', automatic: ['Dev'] }]);
  const said = { ...step, script: 'echo "by #{Octopus.Deployment.CreatedBy.Username}"' };
  const { releaseId } = await makeProject(server, [said]);
  await settled(server);
  const [deployment] = await deploymentsOf(server, releaseId);
  expect(deployment).toMatchObject({ DeployedBy: 'system', DeployedById: '' });
  expect(script).toContain('by system');
  const { body } = await server.get(
    `/api/events?regarding=${deployment.Id}&eventCategories=DeploymentQueued`,
  );
  expect(body.Items).toMatchObject([{ Username: 'system', IsService: true }]);
});

test('a failure, a repeated success and a repeated request deploy nothing more', async () => {
  let fails = true;
  await using server = await fakeWork(() => (fails ? { exit: 1 } : {}));
  const ids = await furnish(server, [
    { name: 'First', manual: ['Dev'] },
    { name: 'Then', automatic: ['Live'] },
  ]);
  const { releaseId, projectId, version } = await makeProject(server, [step], { name: 'Shop' });
  const dev = ids.get('Dev') ?? '';
  const { taskId } = await server.deploy(releaseId, dev);
  await server.task(taskId);
  expect(await namesOf(server, releaseId)).toEqual(['Deploy to Dev']);

  // A person says that it counts as a success.
  fails = false;
  const decide = (state: string) =>
    server.call('POST', `/api/tasks/${taskId}/state`, { state, reason: 'looked at it' });
  expect((await decide('Success')).status).toBe(200);
  await settled(server);
  expect(await namesOf(server, releaseId)).toEqual(['Deploy to Dev', 'Deploy to Live']);

  for (const state of ['Success', 'Failed', 'Success']) await decide(state);
  await server.task((await server.deploy(releaseId, dev)).taskId);
  await server.call('POST', '/api/releases/create/v1', {
    ProjectName: 'Shop',
    ReleaseVersion: version,
    IgnoreIfAlreadyExists: true,
  });
  await settled(server);
  const { body } = await server.get(`/api/deployments?projects=${projectId}&environments=${ids.get('Live')}`);
  expect(body.TotalResults).toBe(1);
});

test("a channel's own lifecycle counts, not the project's", async () => {
  await using server = await testServer();
  const ids = await furnish(server, [{ name: 'First', automatic: ['Dev'] }]);
  const { projectId } = await makeProject(server, [step], { name: 'Shop' });
  const { body: lifecycle } = await server.call('POST', '/api/lifecycles', {
    Name: 'By hand',
    Phases: [{ Name: 'Only', OptionalDeploymentTargets: [ids.get('Dev')] }],
  });
  const channel = await server.call('POST', '/api/channels', {
    Name: 'Hotfix',
    ProjectId: projectId,
    LifecycleId: lifecycle.Id,
  });
  expect(channel.status).toBe(201);
  const { body } = await server.call('POST', '/api/releases/create/v1', {
    ProjectName: 'Shop',
    ChannelName: 'Hotfix',
  });
  expect(await deploymentsOf(server, body.ReleaseId)).toEqual([]);
});

test('what cannot be deployed is told, and neither undoes a release nor a success', async () => {
  await using server = await fakeWork();
  const ids = await furnish(server, [
    { name: 'First', automatic: ['Dev'], manual: ['Test'], minimum: 1 },
    { name: 'Then', automatic: ['Live'] },
  ]);
  const required = { Label: 'Who', Description: '', Required: true, DisplaySettings: {} };
  const asked = { Name: 'Answer', Value: '', Type: 'String', Prompt: required };
  const { releaseId, version } = await makeProject(server, [step], { name: 'Shop', variables: [asked] });
  const refusals = async () =>
    (
      await server.get(`/api/events?regarding=${releaseId}&eventCategories=AutomaticDeploymentRefused`)
    ).body.Items.map(({ Message }: { Message: string }) => Message);
  expect(await deploymentsOf(server, releaseId)).toEqual([]);
  expect((await server.get('/api/tasks')).body.TotalResults).toBe(0);
  expect(await refusals()).toEqual([
    expect.stringMatching(
      `Shop release ${version} entered the phase "First", but could not be deployed to Dev by itself: .*Who`,
    ),
  ]);

  const { taskId } = await server.deploy(releaseId, ids.get('Test') ?? '', { FormValues: { Answer: 'me' } });
  expect(await server.task(taskId)).toMatchObject({ State: 'Success' });
  await settled(server);
  expect(await namesOf(server, releaseId)).toEqual(['Deploy to Test']);
  expect((await refusals())[0]).toContain('could not be deployed to Live by itself');
});

test('a release with a defect goes nowhere by itself', async () => {
  let fails = true;
  await using server = await fakeWork(() => (fails ? { exit: 1 } : {}));
  const ids = await furnish(server, [
    { name: 'First', manual: ['Dev'] },
    { name: 'Then', automatic: ['Live'] },
  ]);
  const { releaseId } = await makeProject(server, [step]);
  const dev = ids.get('Dev') ?? '';
  await server.task((await server.deploy(releaseId, dev)).taskId);
  await server.call('POST', `/api/releases/${releaseId}/defects`, { Description: 'Data is lost.' });
  // Where it has been it may be repaired.
  fails = false;
  const { taskId } = await server.deploy(releaseId, dev);
  expect(await server.task(taskId)).toMatchObject({ State: 'Success' });
  expect(await namesOf(server, releaseId)).toEqual(['Deploy to Dev', 'Deploy to Dev']);
  const { body } = await server.get(`/api/events?regarding=${ids.get('Live')}&eventGroups=Deployment`);
  expect(body.Items).toMatchObject([{ Category: 'AutomaticDeploymentRefused', IsService: true }]);
  expect(body.Items[0].Message).toContain('prevented from progressing to "Live": Data is lost.');
});
