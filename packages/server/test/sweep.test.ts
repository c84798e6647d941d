/** Bytes that nobody knows go, a day after they were written; what somebody knows or may yet know stays. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { markBlobs, sweepBlobs } from '../src/sweep.ts';
import { fakeWork } from './running/fake-work.ts';
import { makeProject } from './running/project-under-test.ts';
import { type TestServer, testServer } from './support.ts';

const DAY_MS = 24 * 3_600_000;

/** As if everything that lies there had been written two days ago. */
const twoDaysLater = ({ services }: TestServer) => {
  const now = () => new Date(Date.now() + 2 * DAY_MS);
  return sweepBlobs({ ...services, now });
};

async function keysOf({ services: { blobs } }: TestServer): Promise<readonly string[]> {
  return (await Promise.all(['logs', 'artifacts', 'packages'].map((prefix) => blobs.list(prefix)))).flat();
}

/** A task with a log, an artifact with content and a package, in a space. */
async function fill(server: TestServer & { task(id: string): Promise<unknown> }): Promise<void> {
  const made = await makeProject(server, [{ name: 'Build', script: 'true' }]);
  const { body } = await server.call('POST', '/api/deployments', {
    ReleaseId: made.releaseId,
    EnvironmentId: made.environmentId,
  });
  await server.task(body.TaskId);
  const artifact = await server.call('POST', '/api/artifacts', {
    Filename: 'a.txt',
    ServerTaskId: body.TaskId,
  });
  const bytes = { 'content-type': 'application/octet-stream' };
  await server.call('PUT', `${artifact.body.Links.Content}`, 'content', bytes);
  await upload(server, 'Spaces-1', 'Kept.1.0.0.zip');
}

async function upload(server: TestServer, space: string, name: string): Promise<void> {
  const form = new FormData();
  form.append('file', new Blob(['bytes']), name);
  const request = new Request('http://server/', { method: 'POST', body: form });
  const payload = Buffer.from(await request.arrayBuffer());
  const type = request.headers.get('content-type') ?? '';
  const { status } = await server.call('POST', `/api/${space}/packages/raw`, payload, {
    'content-type': type,
  });
  expect(status).toBe(201);
}

describe('the sweep', () => {
  it('removes logs, artifacts and packages that no document knows, and keeps the others', async () => {
    await using server = await fakeWork();
    const { blobs } = server.services;
    await fill(server);
    await markBlobs(server.services);
    const known = await keysOf(server);
    expect(new Set(known.map((key) => key.split('/')[0]))).toEqual(
      new Set(['logs', 'artifacts', 'packages']),
    );
    await blobs.append('logs/ServerTasks-900/1', Buffer.from('a log'));
    await blobs.append('logs/ServerTasks-900/2', Buffer.from('its next server'));
    await blobs.put('artifacts/Artifacts-900', Buffer.from('content'));
    await blobs.put('packages/9b2f0d3c-0000-4000-8000-000000000000', Buffer.from('package'));
    expect(await twoDaysLater(server)).toEqual({ removed: 4, bytes: 34 });
    expect(await keysOf(server)).toEqual(known);
    expect(await twoDaysLater(server)).toEqual({ removed: 0, bytes: 0 });
  });

  it('touches nothing that was written within a day: its transaction may still come', async () => {
    await using server = await testServer();
    const { blobs } = server.services;
    await markBlobs(server.services);
    await blobs.put('packages/9b2f0d3c-0000-4000-8000-000000000000', Buffer.from('package'));
    expect(await sweepBlobs(server.services)).toEqual({ removed: 0, bytes: 0 });
    expect(await keysOf(server)).toHaveLength(1);
  });

  it('removes what is left of uploads that died, and not of one that is on its way', async () => {
    await using server = await testServer();
    const { blobs, config } = server.services;
    await markBlobs(server.services);
    const arriving = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const upload = blobs.put(
      'packages/slow',
      Readable.from(
        (async function* () {
          yield Buffer.from('first');
          begun.resolve();
          await arriving.promise;
          yield Buffer.from('last');
        })(),
      ),
    );
    await begun.promise;
    const folder = join(config.dataDirectory, 'blobs', 'packages');
    expect(await sweepBlobs(server.services)).toEqual({ removed: 0, bytes: 0 });
    arriving.resolve();
    expect(await upload).toBe(9);
    await writeFile(join(folder, 'dead.1-1.part'), 'half');
    expect((await twoDaysLater(server)).removed).toBe(2);
    expect(await readdir(folder)).toEqual([]);
  });

  it('finds what a deleted space has left', async () => {
    await using server = await testServer();
    await markBlobs(server.services);
    const { body: space } = await server.call('POST', '/api/spaces', {
      Name: 'Gone',
      SpaceManagersTeamMembers: ['Users-1'],
    });
    await upload(server, space.Id, 'Lost.1.0.0.zip');
    await upload(server, 'Spaces-1', 'Kept.1.0.0.zip');
    await server.call('PUT', `/api/spaces/${space.Id}`, { ...space, TaskQueueStopped: true });
    expect((await server.call('DELETE', `/api/spaces/${space.Id}`)).status).toBe(200);
    expect(await keysOf(server)).toHaveLength(2);
    expect((await twoDaysLater(server)).removed).toBe(1);
    const kept = await server.get('/api/Spaces-1/packages/packages-Kept.1.0.0/raw');
    expect([kept.status, kept.raw.toString()]).toEqual([200, 'bytes']);
  });

  it('leaves the files of another installation alone, and says what to do', async () => {
    await using server = await testServer();
    const { blobs } = server.services;
    await blobs.put('artifacts/Artifacts-900', Buffer.from('content'));
    expect((await twoDaysLater(server)).refused).toContain('nothing is removed');
    await markBlobs({ blobs, installationId: 'another' });
    await markBlobs(server.services);
    expect((await twoDaysLater(server)).refused).toContain('belong to the installation "another"');
    expect(await keysOf(server)).toEqual(['artifacts/Artifacts-900']);
  });
});

it('a deleted space leaves no row of its tasks', async () => {
  await using server = await testServer();
  const { database } = server.services;
  const { body: space } = await server.call('POST', '/api/spaces', {
    Name: 'Gone',
    SpaceManagersTeamMembers: ['Users-1'],
  });
  const { body: task } = await server.call('POST', `/api/${space.Id}/tasks`, { Name: 'Health' });
  const row = { task: task.Id, plan: '{}', state: '{}', segments: '[]' };
  await database.query.insertInto('runs').values(row).execute();
  await server.call('PUT', `/api/spaces/${space.Id}`, { ...space, TaskQueueStopped: true });
  await server.call('DELETE', `/api/spaces/${space.Id}`);
  for (const table of ['runs', 'queue'] as const) {
    expect(await database.query.selectFrom(table).select('task').execute()).toEqual([]);
  }
});
