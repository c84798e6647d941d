/** "Evaluate as" and the variables that the server itself defines, and the settings of the step: as in a run. */
import { describe, expect, it } from 'vitest';
import { type TestServer, testServer } from '../support.ts';
import { projectIn } from './project.ts';

const step = 'environment=Production&channel=Default&step=Deploy%20web';

async function evaluated(server: TestServer, query: string, Variables: object[]) {
  const { url } = await projectIn(server);
  await server.call('PUT', url, { Variables });
  const reply = await server.get(`/api/argonaut/Spaces-1/variables/evaluate?project=Shop&${query}`);
  expect(reply.status).toBe(200);
  return reply.body;
}

describe('evaluate as', () => {
  it.each([
    ['Octopus.Release.Channel.Name', 'Default'],
    ['Octopus.Release.Channel.Id', 'Channels-1'],
    ['Octopus.Action.Name', 'Deploy web'],
    ['Octopus.Step.Number', '1'],
    ['Octopus.Action.IsSkipped', 'False'],
    ['Octopus.Action[Deploy web].Name', 'Deploy web'],
    ['Octopus.Step[Deploy web].Number', '1'],
    ['Octopus.Action.Script.ScriptBody', 'true'],
    ['Octopus.Web.BaseUrl', 'https://deploy.example.org'],
    ['Octopus.Web.ProjectLink', '/app#/Spaces-1/projects/Projects-1'],
    ['Octopus.Action.RunOnServer', 'True'],
  ])('#{%s} is %s, as when the step runs', async (name, value) => {
    await using server = await testServer({ settings: { publicUrl: 'https://deploy.example.org/' } });
    const { Variables } = await evaluated(server, step, [{ Name: 'V', Value: `#{${name}}` }]);
    expect(Variables).toMatchObject([{ Value: value, Error: null }]);
  });

  it('a definition that the server hides loses, to the value that counts', async () => {
    await using server = await testServer();
    const body = await evaluated(server, step, [
      { Name: 'octopus.step.name', Value: 'mine' },
      { Name: 'V', Value: '#{Octopus.Step.Name}' },
    ]);
    expect(body.Variables).toMatchObject([
      {
        Value: 'Deploy web',
        Winner: null,
        Losers: [{ Value: 'mine', Reason: expect.stringContaining('The server defines it') }],
      },
      { Name: 'V', Value: 'Deploy web' },
    ]);
    expect(body.Warnings).toEqual([expect.stringContaining('octopus.step.name')]);
  });

  it('a setting of the step counts more than a variable of its name', async () => {
    await using server = await testServer();
    const mine = [{ Name: 'Octopus.Action.RunOnServer', Value: 'mine' }];
    const { Variables } = await evaluated(server, step, mine);
    expect(Variables).toMatchObject([
      { Value: 'True', Winner: null, Losers: [{ Reason: expect.stringContaining('setting of the step') }] },
    ]);
  });

  it('says what is known only when it runs, and lets no definition stand in for it', async () => {
    await using server = await testServer();
    const { Variables } = await evaluated(server, '', [
      { Name: 'Octopus.Release.Number', Value: 'mine' },
      { Name: 'V', Value: 'v#{Octopus.Release.Number}' },
    ]);
    expect(Variables).toMatchObject([
      { Value: null, Error: expect.stringContaining('known only when it runs'), Winner: null },
      { Value: 'v#{Octopus.Release.Number}', Error: expect.stringContaining('known only when it runs') },
    ]);
  });

  it('a runbook has no release, so there a variable of that name holds', async () => {
    await using server = await testServer();
    const mine = [{ Name: 'Octopus.Release.Number', Value: 'mine' }];
    const { Variables } = await evaluated(server, 'runbook=Restart', mine);
    expect(Variables).toMatchObject([{ Value: 'mine', Winner: { Value: 'mine' } }]);
  });

  it('tags that the step is for count more than other tags of the machine', async () => {
    await using server = await testServer();
    const { url, id } = await projectIn(server);
    const processUrl = `/api/Spaces-1/deploymentprocesses/deploymentprocess-${id}`;
    const process = (await server.get(processUrl)).body;
    process.Steps[0].Properties['Octopus.Action.TargetRoles'] = 'db, Web';
    expect((await server.call('PUT', processUrl, process)).status).toBe(200);
    await server.call('PUT', url, {
      Variables: [
        { Name: 'V', Value: 'other tag', Scope: { Role: ['linux'] } },
        { Name: 'V', Value: 'tag of the step', Scope: { Role: ['web'] } },
      ],
    });
    const ask = (query: string) =>
      server.get(`/api/argonaut/Spaces-1/variables/evaluate?project=Shop&role=linux&role=web&${query}`);
    expect((await ask('step=Deploy%20web')).body.Variables).toMatchObject([
      { Value: 'tag of the step', Winner: { Rank: 'tag of the machine that the step targets' } },
    ]);
    expect((await ask('')).body.Variables).toMatchObject([{ Winner: { Rank: 'tag of the machine' } }]);
  });
});
