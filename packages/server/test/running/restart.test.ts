/** A server that stops or dies while tasks run: the next one on the same data goes on where it was. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialState, plainAction, plan } from '@argonaut/orchestrator';
import { afterEach, expect, test } from 'vitest';
import { DirectoryBlobStore } from '../../src/blobs/index.ts';
import { KeyRing, memoryDatabase } from '../../src/database/index.ts';
import type { RunChange } from '../../src/execution/index.ts';
import { encodeFrames, type LogFrame, readFrames } from '../../src/tasklog/index.ts';
import { openRunLog } from '../../src/tasks/runs/run-log.ts';
import { DatabaseRunStore } from '../../src/tasks/runs/run-store.ts';
import { FakeWorker } from '../execution/fake-worker.ts';
import { testServer } from '../support.ts';
import { fakeWork } from './fake-work.ts';
import { makeProject } from './project-under-test.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

async function shared() {
  const directory = await mkdtemp(join(tmpdir(), 'argonaut-restart-'));
  directories.push(directory);
  return {
    database: await memoryDatabase(),
    blobs: () => new DirectoryBlobStore(directory),
    keys: new KeyRing(Buffer.alloc(32, 7)),
    installationId: '7f9c24e8-3b12-4fef-91e0-5ad8a1c5d3b1',
  };
}

test('a graceful stop leaves steps running; the next server brings them to their end', async () => {
  const { blobs, ...data } = await shared();
  const worker = new FakeWorker((title) =>
    title === 'long' ? { endless: true, writes: [{ stream: 'stdout', text: 'begun\n' }] } : {},
  );
  let taskId = '';
  {
    await using first = await fakeWork(undefined, { ...data, blobs: blobs() }, worker);
    const made = await makeProject(first, [
      { name: 'long', script: 'x', image: 'alpine:3' },
      { name: 'after', script: 'y', image: 'alpine:3' },
    ]);
    taskId = (await first.deploy(made.releaseId, made.environmentId)).taskId;
    await first.task(taskId, ({ State }) => State === 'Executing');
    await expect.poll(async () => (await first.get(`/api/tasks/${taskId}/raw`)).body).toContain('begun');
  }
  const long = [...worker.attempts.values()].find(({ spec }) => spec.title === 'long');
  expect(long?.phase).toBe('go');
  long?.ended.resolve({
    result: 'Succeeded',
    cause: 'exited',
    message: '',
    infrastructure: false,
    exitCode: 0,
  });

  await using second = await fakeWork(undefined, { ...data, blobs: blobs() }, worker);
  expect(await second.task(taskId)).toMatchObject({ State: 'Success' });
  const raw = (await second.get(`/api/tasks/${taskId}/raw`)).body;
  expect(raw.match(/begun/g)).toHaveLength(1);
  expect([...worker.attempts.values()].map(({ spec, starts }) => [spec.title, starts])).toContainEqual([
    'after',
    1,
  ]);
  await data.database.close();
});

test('a cancel and an answer that came while no server was there are not lost', async () => {
  const { blobs, ...data } = await shared();
  const worker = new FakeWorker(() => ({ endless: true }));
  let taskId = '';
  {
    await using first = await fakeWork(undefined, { ...data, blobs: blobs() }, worker);
    const made = await makeProject(first, [{ name: 'long', script: 'x', image: 'alpine:3' }]);
    taskId = (await first.deploy(made.releaseId, made.environmentId)).taskId;
    await first.task(taskId, ({ State }) => State === 'Executing');
    await first.work.stop();
    const cancelled = await first.call('POST', `/api/tasks/${taskId}/cancel`);
    expect(cancelled.body.State).toBe('Cancelling');
  }
  await using second = await fakeWork(undefined, { ...data, blobs: blobs() }, worker);
  expect(await second.task(taskId)).toMatchObject({ State: 'Canceled' });
  await data.database.close();
});

const emptyChange: RunChange = {
  addedOrders: [],
  removedOrders: [],
  addedTimers: [],
  removedTimers: [],
  cursors: {},
  outputs: [],
  artifacts: [],
  questions: [],
  withdrawn: [],
  log: new Uint8Array(),
  frames: [],
};

function said(text: string): Pick<RunChange, 'log' | 'frames'> {
  const frame: LogFrame = {
    type: 'text',
    activity: 'a',
    source: 'stdout',
    level: 'Info',
    timeMs: 1,
    bytes: Buffer.from(text),
  };
  return { log: encodeFrames([frame]), frames: [frame] };
}

async function runStore() {
  const server = await testServer();
  const { services } = server;
  const store = new DatabaseRunStore(services, { record: async () => {} });
  const task = 'ServerTasks-1';
  const made = plan({
    task,
    title: 'Test',
    server: 's',
    attemptPrefix: 'x',
    process: {
      schema: 1,
      steps: [
        {
          id: 's1',
          name: 'one',
          condition: { kind: 'Success' },
          start: 'StartAfterPrevious',
          actions: [plainAction('a1', 'one', { kind: 'Manual', instructions: '', responsibleTeams: [] })],
        },
      ],
    },
    defaultPool: 'p',
    scope: { variables: () => ({}), nowMs: 0 },
  });
  await services.coordination.enqueue({ task, space: 'Spaces-1', queueTime: new Date(0), tag: null });
  const take = async (owner: string) => {
    const lease = await services.coordination.claim(owner, 60_000);
    if (lease === undefined) throw new Error('Nothing to claim.');
    store.hold(lease);
    return lease;
  };
  const texts = async () => {
    const all: string[] = [];
    for await (const { frame } of readFrames(openRunLog(services.database, services.blobs, task))) {
      if (frame.type === 'text') all.push(Buffer.from(frame.bytes).toString());
    }
    return all;
  };
  return { server, services, store, task, made, take, texts };
}

test('what was written behind the committed log is never read, and the log goes on behind what was', async () => {
  const { server, services, store, task, made, take, texts } = await runStore();
  await using _ = server;
  await take('first');
  await store.create(made, initialState(made));
  const { epoch } = await store.claim(task);
  await store.commit(task, epoch, { ...emptyChange, ...said('kept') });
  // A server that dies between the log and the transaction.
  await services.blobs.append(`logs/${task}/${epoch}`, Buffer.from('half a frame'));
  await take('second');
  const again = await store.claim(task);
  expect(again.epoch).toBeGreaterThan(epoch);
  await store.commit(task, again.epoch, { ...emptyChange, ...said('after') });
  expect(await texts()).toEqual(['kept', 'after']);
});

test('a server that has lost the task writes nothing any more', async () => {
  const { server, store, task, made, take, texts } = await runStore();
  await using _ = server;
  await take('first');
  await store.create(made, initialState(made));
  const old = await store.claim(task);
  await take('second');
  await expect(store.commit(task, old.epoch, { ...emptyChange, ...said('late') })).rejects.toThrow(/epoch/);
  const { epoch } = await store.claim(task);
  await store.commit(task, epoch, { ...emptyChange, ...said('mine') });
  expect(await texts()).toEqual(['mine']);
});

test('sensitive outputs are sealed at rest, come back for the run, and go with its end', async () => {
  const { server, services, store, task, made, take } = await runStore();
  await using _ = server;
  await take('first');
  await store.create(made, initialState(made));
  const { epoch } = await store.claim(task);
  const outputs = [
    { action: 'one', name: 'Token', value: 'hunter2-hunter2', sensitive: true },
    { action: 'one', name: 'Plain', value: 'seen', sensitive: false },
  ];
  await store.commit(task, epoch, { ...emptyChange, outputs });
  const rows = await services.database.query.selectFrom('run_entries').selectAll().execute();
  expect(JSON.stringify(rows)).not.toContain('hunter2');
  expect(JSON.stringify(rows)).toContain('seen');
  await take('second');
  expect((await store.claim(task)).run.outputs).toEqual(outputs);
  // Bound to its place: moved to another task it does not open.
  await services.database.query.updateTable('run_entries').set({ task: 'ServerTasks-2' }).execute();
  const moved = rows.map((row) => JSON.parse(row.body)).find(({ name }) => name === 'Token');
  expect(() =>
    services.keys.open(moved.sealed, { kind: 'run_entries', id: 'ServerTasks-2', field: 'output 1' }),
  ).toThrow();
});
