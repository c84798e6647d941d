/** Variable sets on the wire: what is written comes back, secrets do not. */
import { describe, expect, it } from 'vitest';
import { testServer } from '../support.ts';
import { projectIn } from './project.ts';

const GUID = /^[0-9a-f-]{36}$/;
const CANARY = 'canary-7Hq2-secret';

describe('a variable set', () => {
  it('is there, empty, as soon as its project is, under the id that clients make themselves', async () => {
    await using server = await testServer();
    const { id } = await projectIn(server);
    const { status, body } = await server.get(`/api/Spaces-1/variables/variableset-${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      Id: `variableset-${id}`,
      OwnerId: id,
      SpaceId: 'Spaces-1',
      Version: 0,
      Variables: [],
    });
  });

  it('gives every new variable a GUID and keeps ids, types, prompts, scopes and unknown fields', async () => {
    await using server = await testServer();
    const { url, environment } = await projectIn(server);
    const variables = [
      { Name: 'Plain', Value: 'text', Description: 'what for' },
      { Name: 'Pool', Value: 'WorkerPools-1', Type: 'WorkerPool' },
      { Name: 'Oidc', Value: 'Accounts-2', Type: 'GenericOidcAccount' },
      { Name: 'Account', Value: 'Accounts-1', Type: 'AmazonWebServicesAccount' },
      {
        Name: 'Scoped',
        Value: 'x',
        Scope: { Environment: [environment], Role: ['web'] },
        Future: { a: [1] },
      },
      {
        Name: 'Asked',
        Value: 'y',
        Prompt: {
          Label: 'Which?',
          Description: 'One of two',
          Required: true,
          DisplaySettings: { 'Octopus.ControlType': 'Select', 'Octopus.SelectOptions': 'a|A\nb|B' },
        },
      },
    ];
    const saved = await server.call('PUT', url, { Version: 0, Variables: variables });
    expect(saved.status).toBe(200);
    expect(saved.body.Version).toBe(1);
    expect(saved.body.Variables).toMatchObject(variables);
    for (const { Id } of saved.body.Variables) expect(Id).toMatch(GUID);
    const read = (await server.get(url)).body;
    const again = await server.call('PUT', url, read);
    expect(again.body.Variables).toEqual(read.Variables);
  });

  it('takes camelCase property names, as the Go client writes them', async () => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    const body = { version: 0, variables: [{ name: 'A', value: '1', isSensitive: false, scope: {} }] };
    expect((await server.call('PUT', url, body)).body.Variables[0]).toMatchObject({ Name: 'A', Value: '1' });
  });

  it('refuses a change that was made on another version, and says which', async () => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    await server.call('PUT', url, { Version: 0, Variables: [{ Name: 'A', Value: '1' }] });
    const late = await server.call('PUT', url, { Version: 0, Variables: [] });
    expect(late.status).toBe(409);
    expect(late.body.ErrorMessage).toContain('version 1');
    expect((await server.get(url)).body.Variables).toHaveLength(1);
  });

  it('does not take an empty body for the wish to remove every variable', async () => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    await server.call('PUT', url, { Version: 0, Variables: [{ Name: 'A', Value: '1' }] });
    expect((await server.call('PUT', url, {})).status).toBe(400);
    expect((await server.get(url)).body.Variables).toHaveLength(1);
  });

  it('lists every complaint at once', async () => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    const Id = 'c7a6f0f2-7f3c-4d2b-9a51-1f2c3d4e5f60';
    const Variables = [{ Name: '  ' }, { Name: 'a\u0007b' }, { Name: 'x', Id }, { Name: 'y', Id }];
    const { status, body } = await server.call('PUT', url, { Version: 0, Variables });
    expect(status).toBe(400);
    expect(body.Errors).toHaveLength(3);
    expect(body.Errors[2]).toContain('given twice');
  });

  it('is not found from another space', async () => {
    await using server = await testServer();
    const { id } = await projectIn(server);
    await server.call('POST', '/api/spaces', { Name: 'Other', SpaceManagersTeamMembers: ['Users-1'] });
    expect((await server.get(`/api/Spaces-2/variables/variableset-${id}`)).status).toBe(404);
    expect((await server.get('/api/Spaces-2/variables/all')).body).toEqual([]);
  });

  it('names what its variables can be scoped to', async () => {
    await using server = await testServer();
    const { id, url, environment, action } = await projectIn(server);
    const { ScopeValues } = (await server.get(url)).body;
    expect(ScopeValues.Environments).toEqual([{ Id: environment, Name: 'Production' }]);
    expect(ScopeValues.Actions).toEqual([{ Id: action, Name: 'Deploy web' }]);
    expect(ScopeValues.Channels).toEqual([{ Id: 'Channels-1', Name: 'Default' }]);
    expect(ScopeValues.Processes).toEqual([
      { Id: id, Name: 'Deployment process', ProcessType: 'Deployment' },
      { Id: 'Runbooks-1', Name: 'Restart', ProcessType: 'Runbook' },
    ]);
    expect(ScopeValues).toMatchObject({ Machines: [], Roles: [], TenantTags: [] });
  });
});

describe('a sensitive variable', () => {
  const secret = { Name: 'Db.Password', Value: CANARY, Type: 'Sensitive', IsSensitive: true };

  it('never comes back, from no route, and does not lie in the database as text', async () => {
    await using server = await testServer();
    const { id, url } = await projectIn(server);
    const saved = await server.call('PUT', url, { Version: 0, Variables: [secret] });
    expect(saved.body.Variables[0]).toMatchObject({ Name: 'Db.Password', Value: null, IsSensitive: true });
    const urls = [
      url,
      '/api/Spaces-1/variables/all',
      `/api/Spaces-1/variables/preview?project=${id}`,
      `/api/argonaut/Spaces-1/variables/evaluate?project=${id}`,
    ];
    for (const each of urls) {
      const reply = await server.get(each);
      expect([each, reply.status]).toEqual([each, 200]);
      expect(reply.raw.toString()).toContain('Db.Password');
      expect(reply.raw.toString()).not.toContain(CANARY);
    }
    const rows = await server.services.database.query.selectFrom('documents').select('document').execute();
    expect(JSON.stringify(rows)).not.toContain(CANARY);
  });

  it('keeps its value when it is written back as it was read, and loses it only on request', async () => {
    await using server = await testServer();
    const { id, url, scopeOf } = await projectIn(server);
    const first = await server.call('PUT', url, { Version: 0, Variables: [secret] });
    await server.call('PUT', url, {
      ...first.body,
      Variables: [...first.body.Variables, { Name: 'B', Value: 'b' }],
    });
    expect((await scopeOf(id)).values['Db.Password']).toBe(CANARY);
    const [kept] = (await server.get(url)).body.Variables;
    await server.call('PUT', url, { Variables: [{ ...kept, Value: { HasValue: true, NewValue: null } }] });
    expect((await scopeOf(id)).values['Db.Password']).toBe(CANARY);
    await server.call('PUT', url, { Variables: [{ ...kept, Value: { HasValue: false, NewValue: null } }] });
    expect((await scopeOf(id)).values['Db.Password']).toBeNull();
  });

  it('gives nothing away when it is made an ordinary variable', async () => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    const saved = await server.call('PUT', url, { Version: 0, Variables: [secret] });
    const [variable] = saved.body.Variables;
    const changed = { ...variable, IsSensitive: false, Type: 'String' };
    const after = await server.call('PUT', url, { Version: 1, Variables: [changed] });
    expect(after.body.Variables[0]).toMatchObject({ IsSensitive: false, Value: null });
  });

  it('cannot be fetched through the id of a variable in another set', async () => {
    await using server = await testServer();
    const [one, other] = [await projectIn(server, 'One'), await projectIn(server, 'Other')];
    const [variable] = (await server.call('PUT', one.url, { Version: 0, Variables: [secret] })).body
      .Variables;
    await server.call('PUT', other.url, { Version: 0, Variables: [variable] });
    expect((await other.scopeOf(other.id)).values['Db.Password']).toBeNull();
  });

  it('is saved with a warning when it cannot be masked; the warning does not say what it is', async () => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    const Variables = [
      { Name: 'Short', Value: 'q7x', IsSensitive: true },
      { Name: 'Word', Value: 'production', IsSensitive: true },
      { Name: 'Good', Value: CANARY, IsSensitive: true },
    ];
    const { status, body } = await server.call('PUT', url, { Version: 0, Variables });
    expect(status).toBe(200);
    expect(body.Warnings.map(({ Name }: { Name: string }) => Name)).toEqual(['Short', 'Word']);
    expect(JSON.stringify(body.Warnings)).not.toMatch(/q7x|"production|canary/);
    expect((await server.call('PUT', url, body)).status).toBe(200);
    expect((await server.get(url)).body).not.toHaveProperty('Warnings');
  });
});

describe('the warning about a secret that cannot be hidden well', () => {
  it.each([null, '', undefined])(
    'comes when an ordinary variable becomes sensitive with the value %s',
    async (Value) => {
      await using server = await testServer();
      const { url } = await projectIn(server);
      const saved = await server.call('PUT', url, { Variables: [{ Name: 'Short', Value: 'q7x' }] });
      const [variable] = saved.body.Variables;
      const { body } = await server.call('PUT', url, {
        Variables: [{ ...variable, IsSensitive: true, Type: 'Sensitive', Value }],
      });
      expect(body.Warnings).toMatchObject([{ Name: 'Short' }]);
      expect(JSON.stringify(body.Warnings)).not.toContain('q7x');
      // It is sealed by now: nobody looks into it again.
      const again = await server.call('PUT', url, { Variables: body.Variables });
      expect(again.body.Warnings).toEqual([]);
    },
  );

  it('comes for what is masked but easily guessed', async () => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    const Variables = [{ Name: 'Word', Value: 'letmein', IsSensitive: true }];
    const { body } = await server.call('PUT', url, { Variables });
    expect(body.Warnings).toMatchObject([{ Message: expect.stringContaining('easily guessed') }]);
  });
});

describe('what is odd but can be saved comes back with a warning', () => {
  it.each([
    [
      'two definitions that are equal',
      [
        { Name: 'A', Value: '1' },
        { Name: 'a', Value: '2' },
      ],
      'more than once',
    ],
    [
      'an environment that does not exist',
      [{ Name: 'A', Scope: { Environment: ['Environments-99'] } }],
      'Environments-99',
    ],
    ['a scope that this server does not know', [{ Name: 'A', Scope: { Planet: ['Mars'] } }], 'Planet'],
    ['a name that no template can reach', [{ Name: 'a | b', Value: '1' }], 'No template'],
  ])('%s', async (_what, Variables, text) => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    const { status, body } = await server.call('PUT', url, { Version: 0, Variables });
    expect(status).toBe(200);
    expect(body.Warnings).toHaveLength(1);
    expect(body.Warnings[0].Message).toContain(text);
  });

  it('and names with brackets, colons and blanks are not odd', async () => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    const names = ['Site[eu west].Url', 'Logging:Level:Default', 'My variable', 'a/b-c_d.e'];
    const Variables = names.map((Name) => ({ Name, Value: '1' }));
    expect((await server.call('PUT', url, { Version: 0, Variables })).body.Warnings).toEqual([]);
  });
});
