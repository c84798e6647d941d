/** Secret settings of a step are sensitive variables of that step; what is stored of it never holds them in the clear. */
import { Secret } from '@argonaut/contracts';
import { type Action, plan } from '@argonaut/orchestrator';
import { describe, expect, it } from 'vitest';
import { KeyRing } from '../../src/database/index.ts';
import { TaskScope } from '../../src/execution/task-scope.ts';
import { type LoadedRelease, loadRelease } from '../../src/releases/load.ts';
import { rotateMasterKey } from '../../src/rotation.ts';
import { createScope } from '../../src/variables/index.ts';
import { type TestServer, testServer } from '../support.ts';
import { NOW, projectIn } from './project.ts';

const secret = (NewValue: string) => ({ HasValue: true, NewValue });
const script = { 'Octopus.Action.RunOnServer': 'True', 'Octopus.Action.Script.ScriptBody': 'true' };

/** A release whose first step has these settings; a second step follows. */
async function releaseWith(server: TestServer, step: object, action: object, variables: object[] = []) {
  const { id, url } = await projectIn(server);
  await server.call('PUT', url, { Variables: variables });
  const made = (Name: string, Properties: object, own: object) => ({
    Name,
    Properties: own,
    Actions: [{ Name, ActionType: 'Octopus.Script', Properties: { ...script, ...Properties } }],
  });
  const process = `/api/Spaces-1/deploymentprocesses/deploymentprocess-${id}`;
  const { Version } = (await server.get(process)).body;
  const saved = await server.call('PUT', process, {
    Version,
    Steps: [made('first', action, step), made('second', {}, {})],
  });
  expect(saved.status).toBe(200);
  const release = await server.call('POST', '/api/Spaces-1/releases', { ProjectId: id, Version: '1.0.0' });
  expect(release.status).toBe(201);
  return { process, release: release.body.Id as string };
}

/** What the steps of a deployment of the release read. */
async function scopeOf(services: Pick<TestServer['services'], 'database' | 'keys'>, release: string) {
  const loaded: LoadedRelease = await loadRelease(services, release, 'Spaces-1');
  const variables = await createScope(services, {
    space: 'Spaces-1',
    snapshots: loaded.variableSnapshotIds,
    place: { process: loaded.project.id },
    system: { space: { id: 'Spaces-1', name: 'Default' } },
    sealedProperties: loaded.sealedProperties,
    nowMs: NOW,
  });
  const planned = plan({
    task: 'ServerTasks-1',
    title: 'Deploy',
    server: 'server',
    attemptPrefix: 'a',
    process: loaded.process,
    defaultPool: 'WorkerPools-1',
    scope: variables,
  });
  const scope = new TaskScope(planned, variables, [], NOW);
  const actions = loaded.process.steps.flatMap((step) => step.actions);
  const of = (name: string) => {
    const action = actions.find((one) => one.name === name) as Action;
    const step = { id: action.id, name };
    const hidden = scope.secrets(action, step).map(({ value }) => value.reveal());
    return { ...scope.of(action, step), hidden };
  };
  return { of, planned };
}

describe('a secret setting of a step', () => {
  it('is read by its own step, as a sensitive variable; it is hidden in the logs of all', async () => {
    await using server = await testServer();
    const { release } = await releaseWith(
      server,
      { Token: secret('of the step') },
      { Key: secret('of-action') },
    );
    const { of } = await scopeOf(server.services, release);
    const first = of('first');
    expect(first.values).toMatchObject({ Token: 'of the step', Key: 'of-action' });
    expect([...first.sensitive].sort()).toEqual(['Key', 'Token']);
    const second = of('second');
    expect(second.values).not.toHaveProperty('Token');
    expect(Object.values(second.values)).not.toContain('of-action');
    for (const { hidden } of [first, second]) {
      expect(hidden).toEqual(expect.arrayContaining(['of the step', 'of-action']));
    }
  });

  it('is hidden as it evaluates, too', async () => {
    await using server = await testServer();
    const variables = [{ Name: 'Region', Value: 'north-42' }];
    const { release } = await releaseWith(server, {}, { Key: secret('key-of-#{Region}') }, variables);
    expect((await scopeOf(server.services, release)).of('first').hidden).toContain('key-of-north-42');
  });

  it('counts less than a setting of the action, more than a variable of the project', async () => {
    await using server = await testServer();
    const { release } = await releaseWith(
      server,
      { Plain: secret('of the step') },
      { plain: 'of the action', Shadow: secret('of the action, sealed') },
      [{ Name: 'Shadow', Value: 'of the project' }],
    );
    const { values, sensitive } = (await scopeOf(server.services, release)).of('first');
    expect(values).toMatchObject({ plain: 'of the action', Shadow: 'of the action, sealed' });
    expect(values).not.toHaveProperty('Plain');
    expect([...sensitive]).toEqual(['Shadow']);
  });

  it('stays as it was when the release was made', async () => {
    await using server = await testServer();
    const { release, process } = await releaseWith(server, {}, { Key: secret('before') });
    const { body } = await server.get(process);
    body.Steps[0].Actions[0].Properties.Key = secret('afterwards');
    expect((await server.call('PUT', process, body)).status).toBe(200);
    expect((await scopeOf(server.services, release)).of('first').values.Key).toBe('before');
  });

  it('opens after the master key was changed', async () => {
    await using server = await testServer();
    const { release } = await releaseWith(
      server,
      { Token: secret('of the step') },
      { Key: secret('of-action') },
    );
    const { database } = server.services;
    await rotateMasterKey(server.services, new Secret(Buffer.alloc(32, 9).toString('base64')));
    const keys = new KeyRing(Buffer.alloc(32, 9));
    expect((await scopeOf({ database, keys }, release)).of('first').values).toMatchObject({
      Token: 'of the step',
      Key: 'of-action',
    });
    await expect(scopeOf(server.services, release)).rejects.toThrow('master key');
  });

  it('is in no document, answer or plan', async () => {
    await using server = await testServer();
    const { release, process } = await releaseWith(server, {}, { Key: secret('canary') });
    const { planned } = await scopeOf(server.services, release);
    const rows = await server.services.database.query.selectFrom('documents').select('document').execute();
    const answers = [
      (await server.get(process)).body,
      (await server.get(`/api/Spaces-1/releases/${release}`)).body,
    ];
    expect(JSON.stringify([rows, answers, planned])).not.toContain('canary');
  });
});

describe('saving a step', () => {
  it('warns of secret settings that cannot be hidden well, and forgets the warning', async () => {
    await using server = await testServer();
    const { id } = await projectIn(server);
    const url = `/api/Spaces-1/deploymentprocesses/deploymentprocess-${id}`;
    const process = (await server.get(url)).body;
    process.Steps[0].Properties.Pin = secret('q7x');
    process.Steps[0].Actions[0].Properties.Word = secret('letmein');
    process.Steps[0].Actions[0].Properties.Good = secret('canary-A1b2');
    const { status, body } = await server.call('PUT', url, process);
    expect(status).toBe(200);
    expect(body.Warnings).toEqual([expect.stringContaining('"Pin"'), expect.stringContaining('"Word"')]);
    expect(body.Warnings.join()).not.toMatch(/q7x|letmein/);
    expect((await server.call('PUT', url, body)).body).not.toHaveProperty('Warnings');
    expect((await server.get(url)).body).not.toHaveProperty('Warnings');
  });
});
