/** Puts the canaries where people put secrets: users and keys, accounts, feeds, variables, settings of steps. All through the API. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { zip } from '../../../runner/test/packages/archives.ts';
import { ACCOUNTS, CANARIES, FEEDS, FIELDS, UNKNOWN_FIELD } from './canary-fields.ts';
import { newCanary, plainCanary } from './canary-search.ts';
import type { KillableServer } from './killable-server.ts';

/** Lies in the open: the search must find it. */
export const CONTROL = 'Control';

export const secret = (NewValue: string) => ({ HasValue: true, NewValue });

/** The value of each canary, and whether it was planted. */
export class Canaries {
  readonly values = new Map<string, string>(CANARIES.map((name) => [name, newCanary()]));
  readonly #planted = new Set<string>();

  constructor() {
    this.values.set(CONTROL, plainCanary());
    // A package's file, a script and its parameters have them in their own quotes.
    for (const name of ['Package', 'Body', 'Parameter']) this.values.set(name, plainCanary());
    this.values.set('Lines', [newCanary(), newCanary(), newCanary()].join('\n'));
  }

  /** Its value, for whoever plants it. */
  readonly plant = (name: string): string => {
    this.#planted.add(name);
    return this.named(name);
  };

  readonly named = (name: string): string => {
    const value = this.values.get(name);
    if (value === undefined) throw new Error(`There is no canary "${name}".`);
    return value;
  };

  get forgotten(): readonly string[] {
    return CANARIES.filter((name) => !this.#planted.has(name));
  }
}

/** Throws with the answer when a request is refused. */
// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
export type Call = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) => Promise<any>;

export function callerOf(server: KillableServer): Call {
  return async (method, path, body) => {
    // The first answers to these are kept.
    const headers = method === 'POST' ? { 'idempotency-key': randomUUID() } : {};
    const answer = await server.call(method, path, body, headers);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
}

/** A user who signs in, and a key. */
export async function plantUser(server: KillableServer, canaries: Canaries): Promise<void> {
  const call = callerOf(server);
  const Password = canaries.plant('User.Password');
  await call('POST', '/api/users', { Username: 'somebody', DisplayName: 'Somebody', Password });
  const { Id } = await call('GET', '/api/users/me');
  const { ApiKey } = await call('POST', `/api/users/${Id}/apikeys`, { Purpose: 'sweep' });
  canaries.values.set('ApiKey', ApiKey);
  const asMe = await fetch(`${server.address}/api/users/me`, {
    headers: { 'x-octopus-apikey': canaries.plant('ApiKey') },
  });
  expect(await asMe.json()).toMatchObject({ Id });
  const signedIn = await login(server, { Username: 'somebody', Password });
  expect(signedIn.status).toBe(200);
  const cookies = signedIn.headers.getSetCookie().map((cookie) => /^([^=]+)=([^;]*)/.exec(cookie) ?? []);
  const [, , session] = cookies.find(([, name]) => !name?.includes('Csrf')) ?? [];
  canaries.values.set('Session', session ?? '');
  expect(canaries.plant('Session')).toMatch(/^[\w-]{40,}$/);
}

const login = (server: KillableServer, body: object) =>
  fetch(`${server.address}/api/users/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** A key that opens only with its passphrase, as accounts take it; and what of its file is in no other key's. */
async function lockedKey(privateKey: string, passphrase: string): Promise<{ base64: string; inner: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'argonaut-key-'));
  try {
    const file = join(directory, 'key');
    await writeFile(file, privateKey, { mode: 0o600 });
    await promisify(execFile)('ssh-keygen', ['-q', '-p', '-P', '', '-N', passphrase, '-f', file]);
    const text = await readFile(file, 'utf8');
    const lines = text.trim().split('\n');
    return { base64: Buffer.from(text).toString('base64'), inner: lines.slice(3, -2).join('\n') };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** One account of each type; their ids by type. The key pair logs in at the machine whose key is given. */
export async function plantAccounts(
  call: Call,
  canaries: Canaries,
  machine: { readonly username: string; readonly privateKey: string },
): Promise<ReadonlyMap<string, string>> {
  const key = await lockedKey(machine.privateKey, canaries.named('SshKeyPair.PrivateKeyPassphrase'));
  canaries.values.set('SshKeyPair.PrivateKeyFile', key.base64);
  canaries.values.set('SshKeyPair.File', key.inner);
  const ids = new Map<string, string>();
  for (const [AccountType, { plain, secrets }] of Object.entries(ACCOUNTS)) {
    const { Id } = await call('POST', '/api/accounts', {
      Name: `An ${AccountType}`,
      AccountType,
      ...plain,
      ...(AccountType === 'SshKeyPair' ? { Username: machine.username } : {}),
      ...secretsOf(canaries, AccountType, secrets),
    });
    ids.set(AccountType, Id);
  }
  return ids;
}

function secretsOf({ plant }: Canaries, owner: string, fields: readonly string[]): object {
  return Object.fromEntries(
    [...fields, UNKNOWN_FIELD].map((field) => [field, secret(plant(`${owner}.${field}`))]),
  );
}

/** One feed of each type; the one of images is real, and another asks the same registry with a wrong password. */
export async function plantFeeds(
  call: Call,
  canaries: Canaries,
  registry: {
    readonly host: string;
    readonly credentials: { readonly username: string; readonly password: string };
  },
): Promise<string> {
  canaries.values.set('Feed.Docker.Password', registry.credentials.password);
  let images = '';
  for (const [FeedType, secrets] of Object.entries(FEEDS)) {
    const { Id, Links } = await call('POST', '/api/feeds', {
      Name: `A ${FeedType}`,
      FeedType,
      FeedUri: `http://${registry.host}`,
      Username: registry.credentials.username,
      ...secretsOf(canaries, `Feed.${FeedType}`, secrets),
    });
    if (FeedType === 'Docker') images = Id;
    if (FeedType !== 'Docker' && FeedType !== 'AzureContainerRegistry') continue;
    const verdict = await call('POST', Links.Test, {});
    expect(verdict.Passed, JSON.stringify(verdict)).toBe(FeedType === 'Docker');
  }
  return images;
}

/** Variables of a library set and of a project, accounts among them; the ids of those that are asked for. */
export async function plantVariables(
  call: Call,
  { plant, named }: Canaries,
  where: {
    readonly projectId: string;
    readonly environmentId: string;
    readonly accounts: ReadonlyMap<string, string>;
  },
): Promise<void> {
  const sensitive = (Name: string, Scope = {}) => ({
    Name,
    Value: plant(Name),
    Type: 'Sensitive',
    IsSensitive: true,
    Scope,
  });
  const library = await call('POST', '/api/libraryvariablesets', { Name: 'Shared' });
  const elsewhere = await call('POST', '/api/environments', { Name: 'Elsewhere' });
  await save(call, library.VariableSetId, [
    sensitive('Library.Secret', { Environment: [where.environmentId] }),
    { ...sensitive('Library.Elsewhere', { Environment: [elsewhere.Id] }), Name: 'Library.Secret' },
  ]);
  const project = await call('GET', `/api/projects/${where.projectId}`);
  await call('PUT', `/api/projects/${where.projectId}`, {
    ...project,
    IncludedLibraryVariableSetIds: [library.Id],
  });
  const own = FIELDS['Variable.Value']?.filter((name) => !/^Library|^Refused$/.test(name)) ?? [];
  const asked = (Name: string) => ({
    Name,
    Type: 'Sensitive',
    IsSensitive: true,
    Prompt: { Label: `A secret: ${Name}`, Required: false },
  });
  await save(call, project.VariableSetId, [
    ...own.map((name) => sensitive(name)),
    asked('Asked'),
    asked('Runbook.Asked'),
    ...Object.entries(ACCOUNTS).flatMap(([Name, { variable: Type }]) =>
      Type === undefined ? [] : [{ Name, Type, Value: where.accounts.get(Name) }],
    ),
    { Name: CONTROL, Value: named(CONTROL) },
  ]);
}

async function save(call: Call, set: string, Variables: readonly object[]): Promise<void> {
  await call('PUT', `/api/variables/${set}`, { ...(await call('GET', `/api/variables/${set}`)), Variables });
}

/** A package whose file has a place for a secret. */
export async function pushSettings(server: KillableServer): Promise<void> {
  const form = new FormData();
  const bytes = zip([{ name: 'settings.txt', body: '#{Package}' }]);
  form.append('file', new Blob([new Uint8Array(bytes)]), 'Swept.Settings.1.0.0.zip');
  const answer = await fetch(`${server.address}/api/Spaces-1/packages/raw`, {
    method: 'POST',
    headers: { 'x-octopus-apikey': server.key },
    body: form,
  });
  expect(answer.status).toBe(201);
}

/** Requests with secrets that are refused: neither their answers nor what the server writes about them may repeat one. */
export async function sendRejected(server: KillableServer, { plant }: Canaries): Promise<readonly Buffer[]> {
  const send = (method: string, path: string, body: unknown, headers = {}) =>
    fetch(`${server.address}${path}`, {
      method,
      headers: { 'x-octopus-apikey': server.key, 'content-type': 'application/json', ...headers },
      ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const post = (path: string, body: unknown) => send('POST', path, body);
  // A header takes no more than ASCII.
  const credential = Buffer.from(plant('Rejected.Key')).toString('hex');
  const nobody = { 'x-octopus-apikey': '' };
  const query = encodeURIComponent(plant('Rejected.Query'));
  const [set] = (await callerOf(server)('GET', '/api/variables/all')) as { readonly Id: string }[];
  const pair = { Name: 'Rejected', AccountType: 'SshKeyPair', Username: 'somebody' };
  const address = encodeURIComponent(plant('Rejected.Address'));
  const answers = [
    await login(server, { Username: 'somebody', Password: plant('Rejected.Login') }),
    await send('GET', '/api/users/me', '', { 'x-octopus-apikey': credential }),
    await send('GET', '/api/users/me', '', { ...nobody, authorization: `Bearer ${credential}` }),
    await send('GET', `/api/users/me?apikey=${query}`, '', nobody),
    await send('PUT', `/api/variables/${set?.Id}`, {
      Variables: [
        { Name: '', Value: plant('Rejected.Variable'), IsSensitive: true },
        { Name: 'Other', Value: [plant('Rejected.Variable')], IsSensitive: true },
      ],
    }),
    await post('/api/deployments', {
      ReleaseId: 'Releases-1',
      EnvironmentId: 'Environments-1',
      FormValues: { Asked: [plant('Rejected.Answer')] },
    }),
    await post('/api/feeds', { Name: 'F', FeedType: 'Docker', FeedUri: `http://user:${address}@127.0.0.1` }),
    await post('/api/accounts', { ...pair, PrivateKeyFile: secret(plant('Rejected.PrivateKey')) }),
    await post('/api/accounts', {
      ...pair,
      PrivateKeyFile: secret('bm8ga2V5'),
      PrivateKeyPassphrase: secret(plant('Rejected.Passphrase')),
    }),
    await post('/api/certificates', {
      Name: 'C',
      CertificateData: secret(plant('Rejected.Certificate')),
      Password: secret(plant('Rejected.Certificate')),
    }),
    // Fields that are kept as they come, and that hide nothing.
    await post('/api/libraryvariablesets', {
      Name: 'Templates',
      Templates: [{ Name: 'T', DefaultValue: secret(plant('Rejected.Template')) }],
    }),
    await post('/api/workers', {
      Name: 'W',
      WorkerPoolIds: ['WorkerPools-1'],
      SkipInitialHealthCheck: true,
      Endpoint: { CommunicationStyle: 'TentaclePassive', Password: secret(plant('Rejected.Endpoint')) },
    }),
    await post('/api/accounts', `{"Password": {"NewValue": ${JSON.stringify(plant('Rejected.Json'))} oops`),
    await post('/api/deployments/create/tenanted/v1', {
      ProjectName: 'Swept',
      ReleaseVersion: '2.0.0',
      EnvironmentName: 'Production',
      Tenants: ['Acme'],
      Variables: { Asked: plant('Rejected.Tenanted') },
    }),
  ];
  for (const { status, url } of answers) expect(status, url).toBeGreaterThanOrEqual(400);
  return Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
}
