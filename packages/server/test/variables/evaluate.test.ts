/** "Evaluate as": the winner, the losers and why, secrets hidden; and Octopus's preview of the same. */
import { describe, expect, it } from 'vitest';
import { testServer } from '../support.ts';
import { projectIn } from './project.ts';

const evaluateUrl = '/api/argonaut/Spaces-1/variables/evaluate';

async function example(server: Awaited<ReturnType<typeof testServer>>) {
  const fixture = await projectIn(server);
  const { environment, action } = fixture;
  await server.call('PUT', fixture.url, {
    Variables: [
      { Name: 'Url', Value: 'http://#{Host}/', Scope: {} },
      { Name: 'Host', Value: 'anywhere' },
      { Name: 'Host', Value: 'production', Scope: { Environment: [environment] } },
      { Name: 'HOST', Value: 'of the step', Scope: { Action: [action] } },
      { Name: 'Host', Value: 'never', Scope: { Planet: ['Mars'] } },
      { Name: 'Login', Value: 'user:#{Password}' },
      { Name: 'Password', Value: 'canary-A1b2', IsSensitive: true },
      { Name: 'Password', Value: 'canary-C3d4', IsSensitive: true, Scope: { Environment: [environment] } },
      { Name: 'Broken', Value: '#{Loop}' },
      { Name: 'Loop', Value: '#{Broken}' },
      { Name: 'Gone', Value: '#{Nowhere}' },
    ],
  });
  const ask = async (query: string) => {
    const reply = await server.get(`${evaluateUrl}?project=Shop&${query}`);
    expect(reply.status).toBe(200);
    expect(reply.raw.toString()).not.toContain('canary');
    return new Map<string, { Name: string; [field: string]: unknown }>(
      reply.body.Variables.map((one: { Name: string }) => [one.Name.toLowerCase(), one]),
    );
  };
  return { ...fixture, ask };
}

describe('evaluate as', () => {
  it('says which definition holds in an environment, and why the others do not', async () => {
    await using server = await testServer();
    const { ask } = await example(server);
    const found = await ask('environment=production');
    expect(found.get('url')).toMatchObject({ Value: 'http://production/', Winner: { Rank: 'none' } });
    expect(found.get('host')).toMatchObject({
      Value: 'production',
      Winner: { Value: 'production', Rank: 'environment', Origin: 'project' },
      Losers: [
        { Value: 'anywhere', Reason: expect.stringContaining('more specifically') },
        { Value: 'of the step', Reason: expect.stringContaining('another step') },
        { Value: 'never', Reason: expect.stringContaining('Planet') },
      ],
    });
  });

  it('knows steps by name, and answers for one variable only when asked', async () => {
    await using server = await testServer();
    const { ask } = await example(server);
    const found = await ask('environment=Production&step=deploy%20web&name=host');
    expect([...found.keys()]).toEqual(['host']);
    expect(found.get('host')).toMatchObject({ Value: 'of the step', Winner: { Rank: 'step' } });
  });

  it('shows asterisks for secrets, their losers, and wherever others use them', async () => {
    await using server = await testServer();
    const { ask } = await example(server);
    const found = await ask('environment=Production');
    expect(found.get('password')).toMatchObject({
      IsSensitive: true,
      Value: '********',
      Winner: { Value: null, Rank: 'environment' },
      Losers: [{ Value: null, IsSensitive: true }],
    });
    expect(found.get('login')).toMatchObject({ Value: 'user:********' });
  });

  it('shows circles and missing variables with their place, and goes on', async () => {
    await using server = await testServer();
    const { ask } = await example(server);
    const found = await ask('');
    expect(found.get('broken')).toMatchObject({ Value: null, Error: expect.stringContaining('line 1') });
    expect(found.get('gone')).toMatchObject({
      Value: '#{Nowhere}',
      Error: expect.stringContaining('#{Nowhere}'),
    });
  });

  it.each([
    ['', 400, 'variableSets'],
    ['?project=Nowhere', 404, '"Nowhere"'],
    ['?project=Shop&environment=Nowhere', 404, '"Nowhere"'],
    ['?project=Shop&channel=Nowhere', 404, '"Nowhere"'],
    ['?project=Shop&step=Nowhere', 404, '"Deploy web"'],
    ['?variableSets=variableset-Projects-1&step=x', 400, 'project'],
  ])('%s is refused with %i, saying what is missing', async (query, status, text) => {
    await using server = await testServer();
    await example(server);
    const reply = await server.get(`${evaluateUrl}${query}`);
    expect([reply.status, reply.body.ErrorMessage]).toEqual([status, expect.stringContaining(text)]);
  });

  it('looks at a snapshot as it was', async () => {
    await using server = await testServer();
    const { id, snapshots, url } = await example(server);
    const [snapshot] = await snapshots(id);
    await server.call('PUT', url, { Variables: [{ Name: 'Host', Value: 'changed' }] });
    const { body } = await server.get(`${evaluateUrl}?project=Shop&variableSets=${snapshot}&name=Host`);
    expect(body.Variables[0].Value).toBe('anywhere');
  });
});

describe('preview and names', () => {
  it('preview gives the winners as a variable set, secrets as null', async () => {
    await using server = await testServer();
    const { id } = await example(server);
    const { status, body } = await server.get(`/api/variables/preview?project=${id}&environment=Production`);
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toContain('canary');
    const hosts = body.Variables.filter(({ Name }: { Name: string }) => Name.toLowerCase() === 'host');
    expect(hosts).toMatchObject([{ Value: 'production' }]);
  });

  it('names are those of the project and of the server, once each', async () => {
    await using server = await testServer();
    const { id } = await example(server);
    const names: string[] = (await server.get(`/api/Spaces-1/variables/names?project=${id}`)).body;
    expect(names).toEqual(expect.arrayContaining(['Url', 'Password', 'Octopus.Environment.Name']));
    expect(names.filter((name) => name.toLowerCase() === 'host')).toHaveLength(1);
  });
});
