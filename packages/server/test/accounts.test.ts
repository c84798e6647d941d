/** Accounts: what clients write and read of them, and what is told to them when one cannot be used. */
import { generateKeyPairSync } from 'node:crypto';
import { Secret } from '@argonaut/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sshLogin } from '../src/accounts/index.ts';
import { KeyRing } from '../src/database/index.ts';
import { rotateMasterKey } from '../src/rotation.ts';
import { type TestServer, testServer } from './support.ts';

const PASSPHRASE = 'open sesame';
const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
const plainKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
}).privateKey;
const lockedKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE },
}).privateKey;

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret = (NewValue: string) => ({ HasValue: true, NewValue });
const keyAccount = (changes: object = {}) => ({
  Name: `Key ${Math.random()}`,
  AccountType: 'SshKeyPair',
  Username: 'deploy',
  PrivateKeyFile: secret(base64(plainKey)),
  ...changes,
});

describe('an account', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await testServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const create = (body: object) => server.call('POST', '/api/Spaces-1/accounts', body);
  const login = (id: string) => sshLogin(server.services.database, server.services.keys, 'Spaces-1', id);

  it('shows that it has a secret, and never which', async () => {
    const made = await create(keyAccount({ Name: 'Deployer' }));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      AccountType: 'SshKeyPair',
      Username: 'deploy',
      Slug: 'deployer',
      TenantedDeploymentParticipation: 'Untenanted',
      PrivateKeyFile: { HasValue: true, NewValue: null },
      PrivateKeyPassphrase: { HasValue: false, NewValue: null },
    });
    const stored = await server.services.database.query
      .selectFrom('documents')
      .select('document')
      .where('kind', '=', 'Accounts')
      .execute();
    expect(JSON.stringify(stored)).not.toContain(base64(plainKey).slice(100, 160));
    const found = await login(made.body.Id);
    expect(found).toMatchObject({ kind: 'key', username: 'deploy' });
    expect(found.kind === 'key' && found.privateKey.reveal()).toBe(plainKey);
  });

  it('keeps its secret when it is written back as it was read', async () => {
    const made = (
      await create({ Name: 'P', AccountType: 'UsernamePassword', Username: 'u', Password: secret('pw') })
    ).body;
    const again = await server.call('PUT', `/api/Spaces-1/accounts/${made.Id}`, {
      ...made,
      Description: 'changed',
    });
    expect(again.body).toMatchObject({ Description: 'changed', Password: { HasValue: true } });
    const found = await login(made.Id);
    expect(found.kind === 'password' && found.password.reveal()).toBe('pw');
  });

  it('of a kind that only others understand is kept as it came', async () => {
    const made = await create({
      Name: 'Cloud',
      AccountType: 'AmazonWebServicesAccount',
      AccessKey: 'AKIA',
      SecretKey: secret('very secret'),
    });
    expect(made.body).toMatchObject({ AccessKey: 'AKIA', SecretKey: { HasValue: true, NewValue: null } });
    await expect(login(made.body.Id)).rejects.toThrow(/is of type AmazonWebServicesAccount/);
  });

  it('is found by its type', async () => {
    await create({ Name: 'Token', AccountType: 'Token', Token: secret('t') });
    const { Items } = (await server.get('/api/Spaces-1/accounts?accountType=Token')).body;
    expect(Items.map(({ Name }: { Name: string }) => Name)).toEqual(['Token']);
    expect((await server.get('/api/Spaces-1/accounts/all?accountType=Token')).body).toHaveLength(1);
  });

  it.each([
    ['without a user', keyAccount({ Username: '' }), /Username is missing/],
    ['without a key', keyAccount({ PrivateKeyFile: null }), /PrivateKeyFile is missing/],
    [
      'with something that is no key',
      keyAccount({ PrivateKeyFile: secret(base64('hello')) }),
      /cannot be read/,
    ],
    [
      'with a locked key and no passphrase',
      keyAccount({ PrivateKeyFile: secret(base64(lockedKey)) }),
      /passphrase/,
    ],
    ['of an unknown type', keyAccount({ AccountType: 'Magic' }), /AccountType/],
    ['with a token that is not there', { Name: 'T', AccountType: 'Token' }, /Token is missing/],
  ])('%s is refused, and says why', async (_what, body, why) => {
    const reply = await create(body);
    expect(reply.status).toBe(400);
    expect(JSON.stringify(reply.body)).toMatch(why);
  });

  it('may have a locked key with its passphrase, and the text of a key file instead of base64', async () => {
    const locked = await create(
      keyAccount({ PrivateKeyFile: secret(base64(lockedKey)), PrivateKeyPassphrase: secret(PASSPHRASE) }),
    );
    expect(locked.status).toBe(201);
    const found = await login(locked.body.Id);
    expect(found.kind === 'key' && found.passphrase?.reveal()).toBe(PASSPHRASE);
    expect((await create(keyAccount({ PrivateKeyFile: secret(plainKey) }))).status).toBe(201);
  });

  it('opens after the master key was changed', async () => {
    const made = (await create(keyAccount())).body;
    const { database } = server.services;
    const old = server.services.keys;
    const next = new Secret(Buffer.alloc(32, 9).toString('base64'));
    const { keys } = await rotateMasterKey({ database, keys: old, now: () => new Date() }, next);
    const found = await sshLogin(database, keys, 'Spaces-1', made.Id);
    expect(found.kind === 'key' && found.privateKey.reveal()).toBe(plainKey);
    await expect(sshLogin(database, old, 'Spaces-1', made.Id)).rejects.toThrow();
    await rotateMasterKey(
      { database, keys, now: () => new Date() },
      new Secret(Buffer.alloc(32, 7).toString('base64')),
    );
    expect(new KeyRing(Buffer.alloc(32, 7)).keyId).toBe(old.keyId);
  });
});

describe('a worker behind SSH', () => {
  let server: TestServer;
  let pool: string;
  let account: string;
  beforeAll(async () => {
    server = await testServer();
    pool = (await server.get('/api/Spaces-1/workerpools/all')).body[0].Id;
    account = (await server.call('POST', '/api/Spaces-1/accounts', keyAccount({ Name: 'Deployer' }))).body.Id;
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const create = (endpoint: object) =>
    server.call('POST', '/api/Spaces-1/workers', {
      Name: `W ${Math.random()}`,
      WorkerPoolIds: [pool],
      SkipInitialHealthCheck: true,
      Endpoint: { CommunicationStyle: 'Ssh', ...endpoint },
    });
  const whole = () => ({
    AccountId: account,
    Host: 'worker.example.org',
    Port: 2222,
    Fingerprint: `SHA256:${'A'.repeat(43)}`,
    DotNetCorePlatform: 'linux-x64',
  });

  it('keeps its endpoint as it came, and its account cannot go', async () => {
    const made = await create(whole());
    expect(made.status).toBe(201);
    expect(made.body.Endpoint).toEqual({ CommunicationStyle: 'Ssh', ...whole() });
    const refused = await server.call('DELETE', `/api/Spaces-1/accounts/${account}`);
    expect(refused.status).toBe(409);
    expect(refused.body.ErrorMessage).toContain(made.body.Name);
    const usages = await server.get(`/api/Spaces-1/accounts/${account}/usages`);
    expect(usages.body.Workers).toEqual([{ Id: made.body.Id, Name: made.body.Name }]);
  });

  it('without what it needs is refused, with every complaint at once', async () => {
    const reply = await create({ Port: 0 });
    expect(reply.status).toBe(400);
    for (const field of ['AccountId', 'Host', 'Port', 'Fingerprint']) {
      expect(JSON.stringify(reply.body)).toContain(`Endpoint.${field}`);
    }
    expect((await create({ ...whole(), Fingerprint: 'trust me' })).status).toBe(400);
    expect((await create({ ...whole(), AccountId: 'Accounts-999' })).body.ErrorMessage).toContain(
      'Accounts-999',
    );
  });
});
