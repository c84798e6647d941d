/** Types of variables beside texts and secrets: accounts and their fields, worker pools, certificates. */
import { describe, expect, it } from 'vitest';
import { type TestServer, testServer } from '../support.ts';
import { projectIn } from './project.ts';

const CANARY = 'canary-A1b2-C3d4';

async function accountIn(server: TestServer, body: object): Promise<string> {
  const reply = await server.call('POST', '/api/Spaces-1/accounts', body);
  expect(reply.status).toBe(201);
  return reply.body.Id;
}

const secret = { HasValue: true, NewValue: CANARY };
const accounts: [type: string, account: object, fields: Record<string, string>][] = [
  [
    'UsernamePasswordAccount',
    { AccountType: 'UsernamePassword', Username: 'deploy', Password: secret },
    { Username: 'deploy', Password: CANARY },
  ],
  [
    'AmazonWebServicesAccount',
    { AccountType: 'AmazonWebServicesAccount', AccessKey: 'AKIA1', SecretKey: secret },
    { AccessKey: 'AKIA1', SecretKey: CANARY },
  ],
  [
    'AzureAccount',
    {
      AccountType: 'AzureServicePrincipal',
      SubscriptionNumber: 's-1',
      ClientId: 'c-1',
      TenantId: 't-1',
      Password: secret,
    },
    { SubscriptionNumber: 's-1', Client: 'c-1', TenantId: 't-1', Password: CANARY },
  ],
  ['GoogleCloudAccount', { AccountType: 'GoogleCloudAccount', JsonKey: secret }, { JsonKey: CANARY }],
  ['TokenAccount', { AccountType: 'Token', Token: secret }, { Token: CANARY }],
];

describe('a variable whose value is an account', () => {
  it.each(accounts)('%s: its fields are variables, its secrets are hidden', async (type, account, fields) => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const id = await accountIn(server, { Name: 'The account', ...account });
    const saved = await server.call('PUT', fixture.url, {
      Variables: [{ Name: 'Cloud', Type: type, Value: id }],
    });
    expect(saved.body).toMatchObject({ Variables: [{ Type: type, Value: id }], Warnings: [] });

    const { values, sensitive, scope } = await fixture.scopeOf(fixture.id);
    expect(values.Cloud).toBe(id);
    for (const [suffix, value] of Object.entries(fields)) {
      expect([suffix, values[`Cloud.${suffix}`]]).toEqual([suffix, value]);
      expect(sensitive.has(`Cloud.${suffix}`)).toBe(value === CANARY);
    }
    expect(scope.secrets.map(({ value }) => value.reveal())).toEqual([CANARY]);
    expect(scope.warnings).toEqual([]);
  });

  it('of one step only is hidden in the logs of all', async () => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const [type, account] = accounts[0] ?? [];
    const id = await accountIn(server, { Name: 'The account', ...account });
    await server.call('PUT', fixture.url, {
      Variables: [{ Name: 'Cloud', Type: type, Value: id, Scope: { Action: [fixture.action] } }],
    });
    const here = await fixture.scopeOf(fixture.id);
    expect(here.values['Cloud.Password']).toBe(CANARY);
    const elsewhere = await fixture.scopeOf(fixture.id, { action: 'another' });
    expect(elsewhere.values['Cloud.Password']).toBeUndefined();
    expect(elsewhere.scope.secrets.map(({ value }) => value.reveal())).toEqual([CANARY]);
  });

  it('gives nothing of an account that is not meant for the environment, and says so', async () => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const id = await accountIn(server, {
      Name: 'Test only',
      AccountType: 'UsernamePassword',
      Username: 'u',
      Password: secret,
      EnvironmentIds: ['Environments-99'],
    });
    await server.call('PUT', fixture.url, {
      Variables: [{ Name: 'Cloud', Type: 'UsernamePasswordAccount', Value: id }],
    });
    const { values, scope } = await fixture.scopeOf(fixture.id, {
      place: { environment: fixture.environment },
    });
    expect(Object.keys(values).filter((name) => name.startsWith('Cloud.'))).toEqual([]);
    expect(scope.warnings).toEqual([expect.stringContaining('not meant for this environment')]);
  });

  it.each([
    ['of the same set', {}, {}],
    ['when the account is that of the step', { Action: true }, {}],
    ['when it is itself scoped to the step', {}, { Action: true }],
  ])(
    'a variable that is named like a field counts more, however it is spelled: %s',
    async (_how, ofAccount, own) => {
      await using server = await testServer();
      const fixture = await projectIn(server);
      const [type, account] = accounts[0] ?? [];
      const id = await accountIn(server, { Name: 'The account', ...account });
      const scoped = (scope: { readonly Action?: boolean }) =>
        scope.Action ? { Action: [fixture.action] } : {};
      const explicit = [
        { Name: 'cloud.username', Value: 'mine', Scope: scoped(own) },
        { Name: 'CLOUD.PASSWORD', Value: 'open', Scope: scoped(own) },
      ];
      const cloud = { Name: 'Cloud', Type: type, Value: id, Scope: scoped(ofAccount) };
      for (const Variables of [
        [cloud, ...explicit],
        [...explicit, cloud],
      ]) {
        await server.call('PUT', fixture.url, { Variables });
        const { values, sensitive } = await fixture.scopeOf(fixture.id);
        const fields = Object.entries(values).filter(([name]) => /^cloud\.(username|password)$/i.test(name));
        expect(Object.fromEntries(fields)).toEqual({ 'cloud.username': 'mine', 'CLOUD.PASSWORD': 'open' });
        expect([...sensitive]).toEqual([]);
      }
    },
  );

  it('is a fields’ source for other variables, also in the explanation, where secrets are asterisks', async () => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const [type, account] = accounts[0] ?? [];
    const id = await accountIn(server, { Name: 'The account', ...account });
    await server.call('PUT', fixture.url, {
      Variables: [
        { Name: 'Cloud', Type: type, Value: id },
        { Name: 'Login', Value: '#{Cloud.Username}:#{Cloud.Password}' },
      ],
    });
    const reply = await server.get('/api/argonaut/Spaces-1/variables/evaluate?project=Shop&name=Login');
    expect(reply.body.Variables).toMatchObject([{ Value: 'deploy:********', Error: null }]);
    expect(reply.raw.toString()).not.toContain(CANARY);
  });

  it.each([
    ['is not there', 'UsernamePasswordAccount', 'Accounts-99', 'does not exist'],
    ['is of another kind', 'AzureAccount', '', 'which is of type UsernamePassword'],
  ])('warns at save and at run when the account %s', async (_what, type, value, warning) => {
    await using server = await testServer();
    const fixture = await projectIn(server);
    const id = await accountIn(server, {
      Name: 'The account',
      AccountType: 'UsernamePassword',
      Username: 'u',
      Password: secret,
    });
    const saved = await server.call('PUT', fixture.url, {
      Variables: [{ Name: 'Cloud', Type: type, Value: value || id }],
    });
    expect(saved.status).toBe(200);
    expect(saved.body.Warnings).toMatchObject([{ Name: 'Cloud', Message: expect.stringContaining(warning) }]);
    expect((await fixture.scopeOf(fixture.id)).scope.warnings).toEqual([expect.stringContaining(warning)]);
  });
});

describe('other types', () => {
  it('a worker pool that does not exist is told at save; a template is not judged', async () => {
    await using server = await testServer();
    const { url } = await projectIn(server);
    const { body } = await server.call('PUT', url, {
      Variables: [
        { Name: 'Good', Type: 'WorkerPool', Value: 'WorkerPools-1' },
        { Name: 'Late', Type: 'WorkerPool', Value: '#{Good}' },
        { Name: 'Bad', Type: 'WorkerPool', Value: 'WorkerPools-99' },
      ],
    });
    expect(body.Warnings).toMatchObject([
      { Name: 'Bad', Message: expect.stringContaining('WorkerPools-99') },
    ]);
  });

  it('certificates are saved with a warning, keep what they name, and the run and the explanation say what is missing', async () => {
    await using server = await testServer();
    const { id, url, scopeOf } = await projectIn(server);
    const Variables = [
      { Name: 'Tls', Type: 'Certificate', Value: 'Certificates-1' },
      { Name: 'Other', Value: 'of the same set' },
    ];
    const { status, body } = await server.call('PUT', url, { Variables });
    expect(status).toBe(200);
    expect(body.Variables).toMatchObject(Variables);
    expect(body.Warnings).toMatchObject([{ Name: 'Tls', Message: expect.stringContaining('"Tls.Pfx"') }]);
    const { values, scope } = await scopeOf(id);
    expect(values).toMatchObject({ Tls: 'Certificates-1', Other: 'of the same set' });
    expect(scope.warnings).toEqual([expect.stringContaining('names a certificate')]);
    const evaluated = await server.get('/api/argonaut/Spaces-1/variables/evaluate?project=Shop');
    expect(evaluated.body.Warnings).toEqual([expect.stringContaining('names a certificate')]);
  });
});
