/** Where the time of a task went: from the records of its log, in the order in which things happened. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DirectoryBlobStore } from '../../src/blobs/index.ts';
import { memoryDatabase } from '../../src/database/index.ts';
import type { LogFrame, PlacedFrame } from '../../src/tasklog/index.ts';
import { type Task, tasksIn } from '../../src/tasks/queries.ts';
import { noteRemoval, removalsOf } from '../../src/tasks/removals.ts';
import { whereTheTimeWent } from '../../src/tasks/where.ts';

const BEGUN = Date.parse('2026-11-24T12:00:00Z');
const at = (ms: number): string => new Date(BEGUN + ms).toISOString();
const task = { QueueTime: at(0), StartTime: at(100), CompletedTime: at(2_000) } as Task;

async function* placed(frames: readonly LogFrame[]): AsyncGenerator<PlacedFrame> {
  for (const frame of frames) yield { frame, next: 0 };
}

const attempt = (activity: string): LogFrame => ({
  type: 'activity',
  activity,
  parent: 'step',
  name: activity,
  kind: 'attempt',
});
const status = (activity: string, is: 'Running' | 'Success', ms: number): LogFrame => ({
  type: 'status',
  activity,
  status: is,
  timeMs: BEGUN + ms,
});
const prepared = (activity: string, from: number, to: number): LogFrame => ({
  type: 'timing',
  activity,
  timings: { create: 20, start: 30 },
  span: { beganMs: BEGUN + from, endedMs: BEGUN + to },
  image: 'busybox',
});
const said = (activity: string, ms: number): LogFrame => ({
  type: 'text',
  activity,
  source: 'stdout',
  level: 'Info',
  timeMs: BEGUN + ms,
  bytes: Buffer.from('hello\n'),
});

const frames: readonly LogFrame[] = [
  {
    type: 'timing',
    activity: 'preparation',
    timings: { resolve: 12, pull: 400 },
    span: { beganMs: BEGUN + 100, endedMs: BEGUN + 512 },
    image: 'busybox',
  },
  attempt('one'),
  prepared('one', 520, 600),
  status('one', 'Running', 605),
  // Made ahead: told before it is declared.
  prepared('two', 610, 700),
  said('one', 615),
  { type: 'timing', activity: 'one', timings: { run: 300, drain: 20 } },
  status('one', 'Success', 930),
  attempt('two'),
  status('two', 'Running', 935),
  { type: 'timing', activity: 'one', timings: { confirm: 40 } },
  said('two', 950),
  { type: 'timing', activity: 'two', timings: { run: 10, drain: 5 } },
  status('two', 'Success', 960),
];

test('every attempt tells its phases in their order, from the queue to the removal', async () => {
  const where = await whereTheTimeWent('ServerTasks-1', task, placed(frames), new Map([['one', 55.5]]));
  expect(where).toMatchObject({ TaskId: 'ServerTasks-1', Queued: 100, Duration: 1_900 });
  const [one, two] = where.Activities;
  expect(Object.entries(one?.Timings ?? {})).toEqual(
    Object.entries({
      queue: 520,
      resolve: 12,
      pull: 400,
      create: 20,
      start: 30,
      wait: 5,
      firstByte: 10,
      run: 300,
      drain: 20,
      confirm: 40,
      remove: 55.5,
    }),
  );
  expect(one).toMatchObject({ Kind: 'attempt', Began: 505, Duration: 325 });
  // It was begun with before its turn, and waited at its gate.
  expect(two?.Timings).toMatchObject({ queue: 0, wait: 235, firstByte: 15, run: 10 });
  expect(two?.Timings).not.toHaveProperty('remove');
});

test('of a task that has not begun there is nothing to tell', async () => {
  const waiting = { ...task, StartTime: null, CompletedTime: null } as Task;
  const where = await whereTheTimeWent('ServerTasks-1', waiting, placed([]), new Map());
  expect(where).toEqual({ TaskId: 'ServerTasks-1', Queued: null, Duration: null, Activities: [] });
});

test('removals are kept beside the log, also those after the end, a torn line is left out, and none is written for a task that is gone', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'argonaut-removals-'));
  const blobs = new DirectoryBlobStore(directory);
  const database = await memoryDatabase();
  const tasks = tasksIn(database);
  const insert = (id: string) =>
    tasks.insert({ id, document: { ...task, Description: id, PendingInterruptionTypes: [] } });
  try {
    await insert('ServerTasks-1');
    await insert('ServerTasks-2');
    expect(await removalsOf(blobs, 'ServerTasks-1')).toEqual(new Map());
    const log = { warn: () => {} } as never;
    await noteRemoval({ blobs, database, log }, { task: 'ServerTasks-1', attempt: 'one', ms: 12.5 });
    await noteRemoval({ blobs, database, log }, { task: 'ServerTasks-2', attempt: 'other', ms: 1 });
    await noteRemoval({ blobs, database, log }, { task: 'ServerTasks-1', attempt: 'one', ms: 14 });
    await blobs.append('logs/ServerTasks-1/removals', Buffer.from('{"attempt":"two","m'));
    expect(await removalsOf(blobs, 'ServerTasks-1')).toEqual(new Map([['one', 14]]));
    // The next server goes on behind it; what it writes first is lost with it, and nothing else.
    await noteRemoval({ blobs, database, log }, { task: 'ServerTasks-1', attempt: 'three', ms: 1 });
    await noteRemoval({ blobs, database, log }, { task: 'ServerTasks-1', attempt: 'four', ms: 2 });
    await blobs.append('logs/ServerTasks-1/removals', Buffer.from(''));
    expect(await removalsOf(blobs, 'ServerTasks-1')).toEqual(
      new Map([
        ['one', 14],
        ['four', 2],
      ]),
    );
    await tasks.remove('ServerTasks-2');
    await blobs.delete('logs/ServerTasks-2');
    await noteRemoval({ blobs, database, log }, { task: 'ServerTasks-2', attempt: 'late', ms: 1 });
    expect(await blobs.size('logs/ServerTasks-2/removals')).toBeUndefined();
  } finally {
    await database.close();
    await blobs.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
