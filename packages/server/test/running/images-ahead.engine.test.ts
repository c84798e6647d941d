/**
 * Images before and after they are needed, on a real engine of a worker behind SSH: brought by a call and when a release is
 * created, and removed when there is no room, longest unused first, never one that is in use or planned.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { registry } from '../../../../test/services.ts';
import { pushedImage } from '../../../runner/test/pushed-image.ts';
import { type RunningServer, readConfig, startServer } from '../../src/index.ts';
import { type Caller, makeProject } from './project-under-test.ts';
import { healthySshWorker, type SshMachine } from './ssh-machine.ts';

const KEY = 'API-IMAGESAHEADAHEAD0001';
const DEADLINE_MS = 240_000;
const HOUR_MS = 3_600_000;

const docker = (...args: string[]) => promisify(execFile)('docker', args);
const directory = mkdtempSync(join(tmpdir(), 'argonaut-ahead-'));
const undo = new AsyncDisposableStack();
let server: RunningServer;
let ssh: SshMachine;
let feed: string;
let host: string;
/** What the server keeps on the worker, which is this machine. */
let folder: string;

const call: Caller['call'] = async (method, url, body) => {
  const answer = await fetch(server.address + url, {
    method,
    headers: { 'x-octopus-apikey': KEY, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: answer.status, body: isJson ? JSON.parse(text) : text };
};
const post = async (url: string, body: object) => {
  const { status, body: made } = await call('POST', url, body);
  expect(status, JSON.stringify(made)).toBeLessThan(300);
  return made;
};
const logOf = async (task: string): Promise<string> => (await call('GET', `/api/tasks/${task}/raw`)).body;

async function start(cleanUp: string): Promise<void> {
  const { DOCKER_HOST, PATH } = process.env;
  const settings = { ARGONAUT_DATA: directory, ARGONAUT_PORT: '0', ARGONAUT_LOG_LEVEL: 'error' };
  const more = { ARGONAUT_ADMIN_API_KEY: KEY, ARGONAUT_IMAGE_CLEAN_UP: cleanUp };
  server = await startServer(readConfig({ ...settings, DOCKER_HOST, PATH, ...more }));
}

beforeAll(async () => {
  await start('off');
  ssh = await healthySshWorker({ call }, 'Far');
  host = (await registry()).host;
  const container = { Name: 'Registry', FeedType: 'Docker', FeedUri: `http://${host}` };
  feed = (await post('/api/Spaces-1/feeds', container)).Id;
  folder = join(homedir(), '.argonaut', (await call('GET', '/api')).body.InstallationId);
}, 300_000);
afterAll(async () => {
  await server.stop();
  await undo.disposeAsync();
  for (const path of [folder, directory]) rmSync(path, { recursive: true, force: true });
});

/** An image that no engine has. @returns its name within the feed */
async function fresh(): Promise<string> {
  const name = `argonaut-test/ahead-${randomUUID()}:1`;
  undo.use(await pushedImage(`${host}/${name}`));
  return name;
}

/** Under which name of ours the engine has it. */
async function pull(image: string): Promise<string> {
  const path = `/api/argonaut/Spaces-1/workerpools/${ssh.pool}/pull-images`;
  const { Id } = await post(path, { Images: [{ FeedId: feed, Image: image }] });
  const { State } = await ssh.ended(Id);
  const log = await logOf(Id);
  expect(State, log).toBe('Success');
  const [, digest = ''] = /Far has \S+ \((sha256:\w+)\)/.exec(log) ?? [];
  return `argonaut.local/keep:${digest.replace(':', '-')}`;
}

const isHere = (local: string) =>
  docker('image', 'inspect', local).then(
    () => true,
    () => false,
  );
const step = (image: string) => ({
  name: 'Uses it',
  image,
  feed,
  script: 'ls -l /payload',
  action: { WorkerPoolId: ssh.pool },
});

it(
  'a call brings an image to the workers of a pool; the step that uses it pulls nothing',
  async () => {
    const image = await fresh();
    expect(await isHere(await pull(image))).toBe(true);
    const { releaseId, environmentId } = await makeProject({ call }, [step(image)]);
    const { TaskId } = await post('/api/deployments', { ReleaseId: releaseId, EnvironmentId: environmentId });
    const { State } = await ssh.ended(TaskId);
    const log = await logOf(TaskId);
    expect(State, log).toBe('Success');
    expect(log).toContain('4000000');
    expect(log).not.toContain('Pulling');
  },
  DEADLINE_MS,
);

it(
  'a project that wants it so brings the images of a new release, by the digests that it is fixed to',
  async () => {
    const image = await fresh();
    const { projectId } = await makeProject({ call }, [step(image)]);
    const project = (await call('GET', `/api/projects/${projectId}`)).body;
    await call('PUT', `/api/projects/${projectId}`, { ...project, PullImagesOnRelease: true });
    const { ReleaseId } = await post('/api/releases/create/v1', { ProjectName: projectId });
    const [row] = (await call('GET', `/api/argonaut/Spaces-1/releases/${ReleaseId}/images`)).body.Items;
    const [task] = (await call('GET', `/api/tasks?name=PullImages&regarding=${ReleaseId}`)).body.Items;
    expect((await ssh.ended(task.Id)).State, await logOf(task.Id)).toBe('Success');
    expect(await isHere(`argonaut.local/keep:${row.Digest.replace(':', '-')}`)).toBe(true);
  },
  DEADLINE_MS,
);

it(
  'when there is no room the longest unused go from it, but none that is in use, planned or young',
  async () => {
    const [used, planned, older, old, young] = [
      await fresh(),
      await fresh(),
      await fresh(),
      await fresh(),
      await fresh(),
    ];
    const locals = {
      used: await pull(used),
      planned: await pull(planned),
      older: await pull(older),
      old: await pull(old),
      young: await pull(young),
    };
    const container = `argonaut-ahead-${randomUUID()}`;
    await docker('create', '--name', container, locals.used, 'true');
    undo.defer(async () => void (await docker('rm', '--force', container)));
    const waiting = await makeProject({ call }, [step(planned)]);
    const QueueTime = new Date(Date.now() + 24 * HOUR_MS).toISOString();
    const wish = { ReleaseId: waiting.releaseId, EnvironmentId: waiting.environmentId, QueueTime };
    await post('/api/deployments', wish);
    const { releaseId, environmentId } = await makeProject({ call }, [
      { name: 'Wakes', script: 'true', action: { WorkerPoolId: ssh.pool } },
    ]);
    await server.stop();

    // Time that has passed is what the worker remembers: those that must stay were unused for longest.
    const file = join(folder, 'image-uses.json');
    const memory = JSON.parse(readFileSync(file, 'utf8'));
    const ages = { used: 9, planned: 8, older: 7, old: 6 } as const;
    for (const [name, hours] of Object.entries(ages))
      memory.images[locals[name as keyof typeof ages]].usedMs -= hours * HOUR_MS;
    writeFileSync(file, JSON.stringify(memory));

    await start('2k/1k');
    const { TaskId } = await post('/api/deployments', { ReleaseId: releaseId, EnvironmentId: environmentId });
    await ssh.ended(TaskId);
    const there = async () =>
      Object.fromEntries(
        await Promise.all(Object.entries(locals).map(async ([name, local]) => [name, await isHere(local)])),
      );
    await expect
      .poll(there, { timeout: 120_000, interval: 500 })
      .toEqual({ used: true, planned: true, older: false, old: false, young: true });
  },
  DEADLINE_MS,
);
