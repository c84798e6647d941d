/**
 * Fixed images on a real engine and a real registry with a password: a tag that moves, a registry that is away, content
 * that is gone. Every image is new to the engine and says by itself which one it is.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningServer, readConfig, startServer } from '../../src/index.ts';
import { type Caller, makeProject } from '../running/project-under-test.ts';
import { type ClosableRegistry, closableRegistry } from './closable-registry.ts';

const KEY = 'API-IMAGESIMAGESIMAGES01';
const DEADLINE_MS = 180_000;

let directory: string;
let server: RunningServer;
let registry: ClosableRegistry;
let feed: string;
let testing: string;

const api: Caller = {
  async call(method, url, body) {
    const answer = await fetch(`${server.address}${url}`, {
      method,
      headers: { 'x-octopus-apikey': KEY, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: answer.status, body: isJson ? JSON.parse(text) : text };
  },
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'argonaut-images-'));
  const settings = { ARGONAUT_DATA: directory, ARGONAUT_PORT: '0', ARGONAUT_LOG_LEVEL: 'warn' };
  const { DOCKER_HOST, PATH } = process.env;
  server = await startServer(readConfig({ ...settings, DOCKER_HOST, PATH, ARGONAUT_ADMIN_API_KEY: KEY }));
  registry = await closableRegistry();
  const { username, password } = registry.credentials;
  feed = await feedOf('Registry', username, password);
  testing = (await api.call('POST', '/api/environments', { Name: 'Test' })).body.Id;
}, 300_000);

afterAll(async () => {
  await server.stop();
  await registry[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function feedOf(Name: string, Username: string, password: string): Promise<string> {
  const made = await api.call('POST', '/api/feeds', {
    Name,
    FeedType: 'Docker',
    FeedUri: `http://${registry.host}`,
    Username,
    Password: { HasValue: true, NewValue: password },
    DownloadAttempts: 1,
  });
  return made.body.Id;
}

const greeting = (image: string, from = feed) => ({
  name: 'Greet',
  image,
  feed: from,
  script: 'echo "I am $GREETING"',
});
const project = (image: string, from = feed) => makeProject(api, [greeting(image, from)]);
const table = async (release: string) =>
  (await api.call('GET', `/api/argonaut/Spaces-1/releases/${release}/images`)).body.Items;

async function deploy(ReleaseId: string, EnvironmentId: string) {
  const started = await api.call('POST', '/api/deployments', { ReleaseId, EnvironmentId });
  expect(started.status, JSON.stringify(started.body)).toBe(201);
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const { body: task } = await api.call('GET', `/api/tasks/${started.body.TaskId}`);
    if (task.IsCompleted)
      return { task, log: (await api.call('GET', `/api/tasks/${task.Id}/raw`)).body as string };
    if (Date.now() > end) throw new Error(`It did not end: ${JSON.stringify(task)}`);
    await sleep(50);
  }
}

test('a tag that moves after the release was made changes nothing in it', async () => {
  const repository = registry.repository();
  const image = `${repository.name}:1`;
  const one = await repository.push('1', 'number one');
  const made = await project(image);
  expect(await table(made.releaseId)).toMatchObject([
    { FeedId: feed, Image: image, Digest: one, LockedBy: 'Creation' },
  ]);
  const two = await repository.push('1', 'number two');
  const { task, log } = await deploy(made.releaseId, made.environmentId);
  expect(task).toMatchObject({ State: 'Success', ErrorMessage: '' });
  expect(log).toContain('I am number one');

  const next = await api.call('POST', '/api/releases/create/v1', { ProjectName: made.projectId });
  expect(await table(next.body.ReleaseId)).toMatchObject([{ Digest: two }]);
  expect((await deploy(next.body.ReleaseId, made.environmentId)).log).toContain('I am number two');
});

test('what could not be asked when the release was made is fixed by its first use, for all that follow', async () => {
  const repository = registry.repository();
  const image = `${repository.name}:1`;
  const one = await repository.push('1', 'number one');
  await registry.shut();
  const made = await project(image);
  await registry.open();
  const [open] = await table(made.releaseId);
  expect(open).toMatchObject({ Image: image, Digest: null });
  expect(open.Problem).toContain('The registry of the feed "Registry"');
  // Two at once: whoever is first, there is one answer.
  const both = await Promise.all([
    deploy(made.releaseId, testing),
    deploy(made.releaseId, made.environmentId),
  ]);
  for (const { log } of both) expect(log).toContain('I am number one');
  const [row] = await table(made.releaseId);
  expect(row).toMatchObject({ Digest: one, LockedBy: 'FirstUse' });
  expect(both.map(({ task }) => task.Id)).toContain(row.Actor);
  await repository.push('1', 'number two');
  expect((await deploy(made.releaseId, testing)).log).toContain('I am number one');
});

test('content that is gone has a name and a way out', async () => {
  const repository = registry.repository();
  const image = `${repository.name}:1`;
  const one = await repository.push('1', 'number one');
  const made = await project(image);
  const two = await repository.push('1', 'number two');
  await repository.remove(one);
  const failed = await deploy(made.releaseId, made.environmentId);
  expect(failed.task.State).toBe('Failed');
  for (const part of [
    `"${image}" is fixed to ${one} in release`,
    'the feed "Registry" does not have that content',
  ])
    expect(failed.task.ErrorMessage).toContain(part);
  const [, path = '', body = ''] = /POST (\S+) with (\{.*?\})/.exec(failed.task.ErrorMessage) ?? [];
  // What the message says to do is done to the letter.
  const accepted = await api.call('POST', path, JSON.parse(body));
  expect(accepted).toMatchObject({ status: 200, body: { Digest: two, PreviousDigest: one } });
  const { task, log } = await deploy(made.releaseId, made.environmentId);
  expect(task.State).toBe('Success');
  expect(log).toContain('I am number two');
});

test('content that the worker has needs no registry; what is not fixed is taken from there with a warning', async () => {
  const repository = registry.repository();
  const image = `${repository.name}:1`;
  const one = await repository.push('1', 'number one');
  const made = await project(image);
  await deploy(made.releaseId, testing);
  await registry.shut();
  try {
    const locked = await deploy(made.releaseId, made.environmentId);
    expect(locked.task).toMatchObject({ State: 'Success', HasWarningsOrErrors: false });
    const later = await project(image);
    const { task, log } = await deploy(later.releaseId, later.environmentId);
    expect(task).toMatchObject({ State: 'Success', HasWarningsOrErrors: true });
    expect(log).toContain('I am number one');
    expect(await table(later.releaseId)).toMatchObject([{ Digest: one, LockedBy: 'FirstUse' }]);
    const away = await project(`${registry.repository().name}:1`);
    const failed = await deploy(away.releaseId, away.environmentId);
    expect(failed.task.ErrorMessage).toMatch(/The registry of the feed "Registry" \(http:\/\/127\S+\)/);
  } finally {
    await registry.open();
  }
});

test('a tag that was taken away is not stood in for by what the worker has of it', async () => {
  const repository = registry.repository();
  const image = `${repository.name}:1`;
  const one = await repository.push('1', 'number one');
  const made = await project(image);
  await deploy(made.releaseId, testing);
  await repository.remove(one);
  const later = await project(image);
  expect((await deploy(later.releaseId, later.environmentId)).task).toMatchObject({ State: 'Failed' });
  expect((await deploy(made.releaseId, made.environmentId)).task).toMatchObject({ State: 'Success' });
});

test('what is missing or refused is said as the feed test says it', async () => {
  const repository = registry.repository();
  await repository.push('1.2.3', 'number one');
  const tag = await project(`${repository.name}:1.2.4`);
  expect((await deploy(tag.releaseId, tag.environmentId)).task.ErrorMessage).toMatch(
    /the feed "Registry" .* but not its tag "1\.2\.4"\. The nearest tags are 1\.2\.3/,
  );
  const name = await project(`${repository.name}x:1.2.3`);
  expect((await deploy(name.releaseId, name.environmentId)).task.ErrorMessage).toContain(
    `has no image "${repository.name}x"`,
  );
  const wrong = await feedOf('Wrong', registry.credentials.username, 'guessed');
  const refused = await project(`${repository.name}:1.2.3`, wrong);
  const { task, log } = await deploy(refused.releaseId, refused.environmentId);
  expect(task.ErrorMessage).toMatch(/the feed "Wrong" .* refuses the feed's user name or password/);
  expect(task.ErrorMessage + log).not.toContain('guessed');
});
