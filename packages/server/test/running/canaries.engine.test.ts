/**
 * Secrets are planted wherever one can be entered. Each step proves by a hash that it received its own, shows them carelessly in its
 * log, and waits; meanwhile, and again after the end, everything that the server, the worker and the engine hold or answer is
 * searched for all of them in every shape. One canary is no secret and lies in the open: the search must find it in each place, or
 * its silence about the others would mean nothing.
 */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { passwordRegistry } from '../../../../test/services.ts';
import { zip } from '../../../runner/test/packages/archives.ts';
import { crawl } from './api-crawl.ts';
import {
  type Finding,
  newCanary,
  plainCanary,
  Search,
  searchDirectory,
  searchEngine,
  searchProcesses,
} from './canary-search.ts';
import { FROM_VARIABLES, functions, IMAGE, made, masked, REFUSED, script, sha256 } from './canary-steps.ts';
import { KillableServer } from './killable-server.ts';
import { makeProject, type StepWish } from './project-under-test.ts';

const CONTROL = 'Control';
/** Where secrets come closest to the surface; the crawl asks for much more. */
const MUST_ANSWER = [
  /^\/api\/tasks\/ServerTasks-\d+\/raw$/,
  /^\/api\/tasks\/ServerTasks-\d+\/details$/,
  /^\/api\/argonaut\/tasks\/ServerTasks-\d+\/log$/,
  /^\/api\/Spaces-1\/variables\/variableset-Projects-\d+$/,
  /^\/api\/Spaces-1\/variables\/variableset-LibraryVariableSets-\d+$/,
  /^\/api\/Spaces-1\/feeds\/Feeds-\d+$/,
  /^\/api\/Spaces-1\/accounts\/Accounts-\d+$/,
  /^\/api\/Spaces-1\/deployments\/Deployments-\d+$/,
  /^\/api\/Spaces-1\/projects\/Projects-\d+\/deploymentprocesses$/,
  /^\/api\/users\/Users-\d+$/,
  /^\/api\/events$|^\/api\/Spaces-1\/events$/,
];
/** The log of an attempt in its directory on the worker. */
const RAW_LOG = /^worker worker\/attempts\/[^/]+\/(services\/[^/]+\/)?a\/log$/;

let server: KillableServer;
beforeAll(async () => {
  server = await KillableServer.create();
  await server.start({ ARGONAUT_LOG_LEVEL: 'trace' });
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function call(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) {
  const answer = await server.call(method, path, body);
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const secret = (NewValue: string) => ({ HasValue: true, NewValue });

test('no secret is anywhere but where it belongs', { timeout: 300_000 }, async () => {
  const registry = await passwordRegistry();
  const canaries = new Map<string, string>([
    ...FROM_VARIABLES.map((name): [string, string] => [name, newCanary()]),
    ['Environment', newCanary()],
    ['Container', newCanary()],
    ['Service', newCanary()],
    ['Package', plainCanary()],
    ['Body', plainCanary()],
    ['Feed.Password', registry.credentials.password],
    ['User.Password', newCanary()],
    [CONTROL, plainCanary()],
  ]);
  const value = (name: string): string => canaries.get(name) ?? '';
  canaries.set('Made', made(canaries));
  canaries.set('Masked', masked(canaries));
  canaries.set('Refused', newCanary());

  const feed = await call('POST', '/api/feeds', {
    Name: 'Registry',
    FeedType: 'Docker',
    FeedUri: `http://${registry.host}`,
    Username: registry.credentials.username,
    Password: secret(registry.credentials.password),
  });
  const account = await call('POST', '/api/accounts', {
    Name: 'Login',
    AccountType: 'UsernamePassword',
    Username: 'somebody',
    Password: secret(value('Login.Password')),
  });
  await call('POST', '/api/users', {
    Username: 'somebody',
    DisplayName: 'Somebody',
    Password: value('User.Password'),
  });
  const me = await call('GET', '/api/users/me');
  const key = await call('POST', `/api/users/${me.Id}/apikeys`, { Purpose: 'sweep' });
  canaries.set('ApiKey', key.ApiKey);
  const asMe = await fetch(`${server.address}/api/users/me`, { headers: { 'x-octopus-apikey': key.ApiKey } });
  expect(await asMe.json()).toMatchObject({ Id: me.Id });
  const login = await fetch(`${server.address}/api/users/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ Username: 'somebody', Password: value('User.Password') }),
  });
  expect(login.status).toBe(200);

  await pushSettings();
  const steps: StepWish[] = [
    {
      name: 'Script',
      image: IMAGE,
      feed: feed.Id,
      script,
      properties: {
        'Argonaut.Action.Environment': JSON.stringify({ FROM_ENVIRONMENT: '#{Environment}' }),
        'Octopus.Action.Container.Options': '--label control=#{Control}',
        'Octopus.Action.EnabledFeatures': 'Octopus.Features.SubstituteInFiles',
        'Octopus.Action.SubstituteInFiles.TargetFiles': '**/*.txt',
        'Argonaut.Action.Container.Services': JSON.stringify([
          {
            name: 'beside',
            image: IMAGE,
            feed: feed.Id,
            command: [
              '/bin/sh',
              '-c',
              `${functions}prove Service "$SECRET"; careless "$SECRET"; exec sleep 600`,
            ],
            env: { SECRET: '#{Service}' },
            log: 'always',
          },
        ]),
      },
      action: {
        Packages: [
          {
            Id: '',
            Name: 'settings',
            PackageId: 'Swept.Settings',
            FeedId: 'feeds-builtin',
            AcquisitionLocation: 'Server',
            Properties: { Extract: 'True', SelectionMode: 'immediate' },
          },
        ],
      },
    },
    {
      name: 'Output',
      image: IMAGE,
      feed: feed.Id,
      script: `${functions}prove Made "$(get_octopusvariable 'Octopus.Action[Script].Output.Made')"
careless "$(get_octopusvariable 'Octopus.Action[Script].Output.Made')"`,
    },
    {
      name: 'Container',
      type: 'Argonaut.Container',
      image: IMAGE,
      feed: feed.Id,
      properties: {
        'Argonaut.Action.Container.Command': JSON.stringify([
          '/bin/sh',
          '-c',
          `${functions}prove Container "$SECRET"; careless "$SECRET"; hold '#{Control}'`,
        ]),
        'Argonaut.Action.Container.Environment': JSON.stringify({ SECRET: '#{Container}' }),
      },
    },
  ];
  const project = await makeProject(server, steps, { name: 'Swept' });
  const { release, asked } = await plant(project.projectId, account.Id, value);

  const search = () => new Search(canaries);
  const deployment = await call('POST', '/api/deployments', {
    ReleaseId: release,
    EnvironmentId: project.environmentId,
    FormValues: { [asked]: value('Asked') },
  });
  const task: string = deployment.TaskId;

  for (const [nth, step] of ['Script', 'Container'].entries()) {
    const container = await holding(task, nth + 1);
    const during = search();
    await searchAll(during);
    expect(await leaksOf(during)).toEqual([]);
    const places = ['database', 'blobs', 'api', 'processes'];
    // What the step itself writes and wears in the open, the first one shows.
    if (step === 'Script') places.push('worker', 'layer', 'inspect');
    expect([...during.placesOf(CONTROL)].sort()).toEqual(expect.arrayContaining(places));
    await docker('exec', container, 'touch', '/tmp/go');
  }
  const ended = await over(task);
  const raw: string = (await server.call('GET', `/api/tasks/${task}/raw`)).body;
  expect(ended.State, raw).toBe('Success');

  expect(raw).toContain('The artifact "collected" is not collected: its path holds a secret');
  await refusals(value('Refused'));

  const after = search();
  await searchAll(after);
  expect(await leaksOf(after)).toEqual([]);
  expect(after.findings.filter(({ where }) => RAW_LOG.test(where))).toEqual([]);
  expect([...after.placesOf(CONTROL)]).toEqual(expect.arrayContaining(['database', 'blobs', 'api']));

  for (const name of [...FROM_VARIABLES, 'Environment', 'Body', 'Package', 'Made', 'Container', 'Service']) {
    expect(raw, name).toContain(`proof ${name} ${sha256(value(name))}`);
  }
  expect(raw.match(/careless \*+/g)).toHaveLength(FROM_VARIABLES.length + 4);
});

/** Every step with a secret where the engine would keep it fails, and says which variable it is. */
async function refusals(canary: string): Promise<void> {
  const steps = REFUSED.map(({ name, type, property, value }): StepWish => {
    const program = type === undefined ? { script: 'true' } : { type };
    const step = { Condition: 'Always' };
    return { name, ...program, image: IMAGE, step, properties: { [property]: value } };
  });
  const variables = [{ Name: 'Refused', Value: canary, Type: 'Sensitive', IsSensitive: true }];
  const project = await makeProject(server, steps, { name: 'Refusing', variables });
  const { TaskId } = await call('POST', '/api/deployments', {
    ReleaseId: project.releaseId,
    EnvironmentId: project.environmentId,
  });
  expect((await over(TaskId)).State).toBe('Failed');
  const raw: string = (await server.call('GET', `/api/tasks/${TaskId}/raw`)).body;
  for (const { name } of REFUSED) {
    expect(raw).toMatch(new RegExp(`of step "${name}" depends on the sensitive variable "Refused"`));
  }
}

/** A package whose file has a place for a secret. */
async function pushSettings(): Promise<void> {
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

/** The variables, the library set, a secret setting of the first step; and a release that holds them. */
async function plant(projectId: string, accountId: string, value: (name: string) => string) {
  const sensitive = (Name: string) => ({ Name, Value: value(Name), Type: 'Sensitive', IsSensitive: true });
  const library = await call('POST', '/api/libraryvariablesets', { Name: 'Shared' });
  const shared = await call('GET', `/api/variables/${library.VariableSetId}`);
  await call('PUT', `/api/variables/${library.VariableSetId}`, {
    ...shared,
    Variables: [sensitive('Library.Secret')],
  });
  const project = await call('GET', `/api/projects/${projectId}`);
  await call('PUT', `/api/projects/${projectId}`, {
    ...project,
    IncludedLibraryVariableSetIds: [library.Id],
  });
  const set = await call('GET', `/api/variables/${project.VariableSetId}`);
  const saved = await call('PUT', `/api/variables/${project.VariableSetId}`, {
    ...set,
    Variables: [
      ...['Project.Secret', 'Environment', 'Container', 'Service', 'Package', 'Body'].map(sensitive),
      { Name: 'Asked', Type: 'Sensitive', IsSensitive: true, Prompt: { Label: 'A secret', Required: true } },
      { Name: 'Login', Type: 'UsernamePasswordAccount', Value: accountId },
      { Name: 'Control', Value: value(CONTROL) },
    ],
  });
  const path = `/api/projects/${projectId}/deploymentprocesses`;
  const process = await call('GET', path);
  process.Steps[0].Actions[0].Properties['My.Password'] = secret(value('My.Password'));
  await call('PUT', path, process);
  const release = await call('POST', '/api/releases/create/v1', {
    ProjectName: 'Swept',
    ReleaseVersion: '2.0.0',
  });
  const asked = saved.Variables.find(({ Name }: { Name: string }) => Name === 'Asked');
  return { release: release.ReleaseId as string, asked: asked.Id as string };
}

const docker = async (...words: string[]): Promise<string> =>
  (await promisify(execFile)('docker', words, { timeout: 60_000 })).stdout.trim();

/** The container of a step that says it is holding; rejects with the log when the task ends before. */
async function holding(task: string, count: number): Promise<string> {
  const end = Date.now() + 60_000;
  for (;;) {
    const { body: raw } = await server.call('GET', `/api/tasks/${task}/raw`);
    if (String(raw).match(/\| +holding$/gm)?.length === count) break;
    const { body } = await server.call('GET', `/api/tasks/${task}`);
    if (body.IsCompleted || Date.now() > end) throw new Error(`Nobody holds: ${raw}`);
    await sleep(100);
  }
  const filters = ['--filter', `label=argonaut.task=${task}`, '--filter', 'label=argonaut.role=attempt'];
  for (const id of (await docker('ps', '--quiet', ...filters)).split('\n')) {
    const held = await docker('exec', id, 'test', '-e', '/tmp/holding').then(
      () => true,
      () => false,
    );
    if (held) return id;
  }
  throw new Error('The container that holds was not found.');
}

async function over(task: string) {
  const end = Date.now() + 60_000;
  for (;;) {
    const { body } = await server.call('GET', `/api/tasks/${task}`);
    if (body.IsCompleted || Date.now() > end) return body;
    await sleep(100);
  }
}

/**
 * What was found but for the control. While a step runs, what it wrote lies on the worker as it wrote it, before anything could be
 * masked: in a directory that only the worker's user can enter.
 */
async function leaksOf({ findings }: Search): Promise<Finding[]> {
  const { mode } = await stat(join(server.directory, 'worker/attempts'));
  const isClosed = (mode & 0o077) === 0;
  return findings.filter(({ canary, where }) => canary !== CONTROL && !(isClosed && RAW_LOG.test(where)));
}

async function searchAll(search: Search): Promise<void> {
  await searchDirectory(search, server.directory);
  await searchEngine(search);
  await searchProcesses(search);
  // Of a run in which nothing fails the server writes little; a control cannot be planted there.
  search.look('server-log', 'of the process', Buffer.from(server.troubles));
  const answers = await crawl(server);
  for (const { path, bytes } of answers) search.look('api', path, bytes);
  const answered = answers.filter(({ status }) => status === 200);
  for (const part of MUST_ANSWER) {
    expect(
      answered.some(({ path }) => part.test(path)),
      `${part} was asked`,
    ).toBe(true);
  }
}
