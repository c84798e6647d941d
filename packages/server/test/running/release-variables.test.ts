/** What a deployment reads of the releases before it, and options that variables decide for an environment. */
import { expect, test } from 'vitest';
import { FakeWorker } from '../execution/fake-worker.ts';
import { fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

test('the release before, the one deployed last, and the one that was deployed last with success', async () => {
  const seen: string[] = [];
  let fails = false;
  await using server = await fakeWork((_title, late) => {
    seen.push(Buffer.from(late.files.at(-1)?.bytes ?? []).toString());
    return { exit: fails ? 1 : 0 };
  });
  const names = ['Previous', 'PreviousForEnvironment', 'CurrentForEnvironment'];
  const script = names.map(
    (name) => `#{if Octopus.Release.${name}.Id}#{Octopus.Release.${name}.Number}#{/if}`,
  );
  const made = await makeProject(server, [{ name: 'work', script: script.join('|'), image: 'alpine:3' }], {
    name: 'Shop',
  });
  const deploy = async (releaseId: string) => {
    const { taskId } = await server.deploy(releaseId, made.environmentId);
    await server.task(taskId);
  };
  const release = async (version: string): Promise<string> => {
    const body = { ProjectName: 'Shop', ReleaseVersion: version };
    return (await server.call('POST', '/api/releases/create/v1', body)).body.ReleaseId;
  };
  await deploy(made.releaseId);
  const second = await release('2.0.0');
  fails = true;
  await deploy(second);
  fails = false;
  await deploy(await release('3.0.0'));
  const first = made.version;
  expect(seen).toEqual(['||', `${first}|${first}|${first}`, `2.0.0|2.0.0|${first}`]);
});

test('a time-out and a limit by environment reach the worker; a wrong one is told before a worker is asked', async () => {
  const worker = new FakeWorker(() => ({}));
  await using server = await fakeWork(undefined, {}, worker);
  const properties = {
    'Octopus.Action.ExecutionTimeout.Minutes': '#{Minutes}',
    'Argonaut.Action.Cpus': '#{Cpus}',
  };
  const deployWith = async (name: string, minutes: string) => {
    const made = await makeProject(server, [{ name: 'work', script: 'x', image: 'alpine:3', properties }], {
      name,
      variables: [
        { Name: 'Minutes', Value: '5' },
        { Name: 'Minutes', Value: minutes, Scope: { Environment: ['Environments-1'] } },
        { Name: 'Cpus', Value: '0.5' },
      ],
    });
    expect(made.environmentId).toBe('Environments-1');
    return server.task((await server.deploy(made.releaseId, made.environmentId)).taskId);
  };
  expect(await deployWith('Right', '2')).toMatchObject({ State: 'Success' });
  const [attempt] = [...worker.attempts.values()];
  expect(attempt).toMatchObject({ late: { deadlineMs: 120_000 }, spec: { limits: { cpus: 0.5 } } });
  expect(await deployWith('Wrong', 'soon')).toMatchObject({
    State: 'Failed',
    ErrorMessage:
      'Step "work": the property Octopus.Action.ExecutionTimeout.Minutes is "#{Minutes}", which comes to "soon". It must be a number of minutes, 0 for no limit.',
  });
  expect(worker.attempts.size).toBe(1);
});

test('a release deploys the variables that it was made with, until they are updated', async () => {
  const seen: string[] = [];
  await using server = await fakeWork((_title, late) => {
    seen.push(Buffer.from(late.files.at(-1)?.bytes ?? []).toString());
    return {};
  });
  const made = await makeProject(server, [{ name: 'work', script: '#{Color}', image: 'alpine:3' }], {
    name: 'Shop',
    variables: [{ Name: 'Color', Value: 'red' }],
  });
  const deploy = async () => {
    const { taskId } = await server.deploy(made.releaseId, made.environmentId);
    expect(await server.task(taskId)).toMatchObject({ State: 'Success' });
  };
  const url = `/api/Spaces-1/releases/${made.releaseId}`;
  const isModified = async () =>
    (await server.call('GET', `${url}/deployments/template`)).body.IsVariableSetModified;
  const before = (await server.call('GET', url)).body.ProjectVariableSetSnapshotId;
  expect(await isModified()).toBe(false);

  const { ProjectId } = (await server.call('GET', url)).body;
  const set = `/api/Spaces-1/variables/variableset-${ProjectId}`;
  const saved = await server.call('PUT', set, { Variables: [{ Name: 'Color', Value: 'blue' }] });
  expect(saved.status).toBe(200);
  expect(await isModified()).toBe(true);
  await deploy();

  const updated = await server.call('POST', `${url}/snapshot-variables`);
  expect(updated.body.ProjectVariableSetSnapshotId).not.toBe(before);
  expect(await isModified()).toBe(false);
  await deploy();
  expect(seen).toEqual(['red', 'blue']);
});
