/**
 * The server is killed with SIGKILL at its crash points, and started again. However it went: every script was started
 * exactly once (counted in a ledger outside), every stream is stored as it was written, the task has its true end, and
 * nothing is left on the engine or on the disk.
 *
 * Which pass of a point is hit is drawn by a seed, new each run; `ARGONAUT_SEED` repeats one, `ARGONAUT_EVERY_CRASH=1`
 * takes all passes.
 */
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { crashPoints } from '@argonaut/runner';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { executionCrashPoints } from '../../src/execution/index.ts';
import { KillableServer } from './killable-server.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { type Made, makeProject, type StepWish } from './project-under-test.ts';
import {
  ask,
  deploy,
  drawn,
  expectNothingLeft,
  isOver,
  storedStreams,
  TASK_DEADLINE_MS,
  taskWhen,
} from './through-kills.ts';

const seed = Number(process.env.ARGONAUT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const every = process.env.ARGONAUT_EVERY_CRASH === '1';

const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
let server: KillableServer;
let ledger: Ledger;
let quick: Made;
let endless: Made;

/** Steps shorter than 100 ms, one of them beside another and on the host, one that fails, one that always runs. */
const NAMES = ['one', 'two', 'beside', 'breaks', 'always'];
const says = (name: string) => `${name} says this\n`;
const complains = (name: string) => `${name} complains\n`;

function quickSteps(): StepWish[] {
  const step = (name: string, rest: Partial<StepWish> = {}, end = ''): StepWish => ({
    name,
    image: 'argonaut-test/busybox:1',
    script: `${ledger.line(name)}; echo "${name} says this"; echo "${name} complains" >&2${end}`,
    ...rest,
  });
  const { image: _, ...beside } = step('beside', { step: { StartTrigger: 'StartWithPrevious' } });
  return [
    step('one'),
    step('two'),
    beside,
    step('breaks', {}, '; exit 3'),
    step('never'),
    step('always', { step: { Condition: 'Always' } }),
  ];
}

beforeAll(async () => {
  ledger = await openLedger();
  server = await KillableServer.create();
  await server.start();
  quick = await makeProject(server, quickSteps());
  const script = `${ledger.line('hangs')}; echo begun; while :; do sleep 0.1; done`;
  endless = await makeProject(server, [{ name: 'hangs', image: 'argonaut-test/busybox:1', script }]);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
  await engine.close();
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function expectTheWholeStory(task: string): Promise<void> {
  const { State, ErrorMessage } = await taskWhen(server, task, isOver);
  expect({ State, ErrorMessage }).toEqual({
    State: 'Failed',
    ErrorMessage: expect.stringContaining('breaks'),
  });
  expect(ledger.take()).toEqual(Object.fromEntries(NAMES.map((name) => [name, 1])));
  const streams = await storedStreams(server, task);
  const hashes = Object.fromEntries(Object.entries(streams).map(([key, text]) => [key, sha256(text)]));
  expect(hashes).toEqual(
    Object.fromEntries(
      NAMES.flatMap((name) => [
        [`${name} stdout`, sha256(says(name))],
        [`${name} stderr`, sha256(complains(name))],
      ]),
    ),
  );
}

/** How often each point is passed in a deployment that nobody kills. */
async function countPasses(made: Made): Promise<Map<string, number>> {
  const log = join(server.directory, 'points');
  await server.kill();
  await server.start({ ARGONAUT_CRASH_LOG: log });
  const task = await deploy(server, made);
  if (made === endless) await cancelWhenItRuns(task);
  await taskWhen(server, task, isOver);
  const counts = new Map<string, number>();
  for (const point of (await readFile(log, 'utf8')).trim().split('\n')) {
    counts.set(point, (counts.get(point) ?? 0) + 1);
  }
  await rm(log);
  ledger.take();
  return counts;
}

async function cancelWhenItRuns(task: string): Promise<void> {
  await taskWhen(server, task, ({ State }) => State !== 'Queued');
  for (const end = Date.now() + TASK_DEADLINE_MS; Date.now() < end; await sleep(20)) {
    const raw = await ask(server, 'GET', `/api/tasks/${task}/raw`);
    if (String(raw.body).includes('begun')) break;
  }
  await server.call('POST', `/api/tasks/${task}/cancel`).catch(() => undefined);
}

/** Which passes of the point this seed hits. */
function passesOf(point: string, count: number): readonly number[] {
  if (every) return Array.from({ length: count }, (_, index) => index + 1);
  return [1 + drawn(seed, point, count)];
}

test(`killed at its crash points and started again (ARGONAUT_SEED=${seed})`, {
  timeout: 1_800_000,
}, async () => {
  const passes = await countPasses(quick);
  const never = executionCrashPoints.filter((point) => !passes.has(point));
  expect(never, 'points of the shell that are never passed').toEqual([]);
  let kills = 0;
  for (const [point, count] of passes) {
    for (const pass of passesOf(point, count)) {
      await server.kill();
      const before = server.starts;
      await server.start({ ARGONAUT_CRASH_AT: `${point}:${pass}` });
      const task = await deploy(server, quick);
      await taskWhen(server, task, isOver);
      if (server.starts > before + 1) kills += 1;
      await expectTheWholeStory(task).catch((error) => {
        throw new Error(`killed at ${point}:${pass}: ${String(error)}`, { cause: error });
      });
    }
  }
  console.log(`killed ${kills} times at ${passes.size} points`);
  expect(kills).toBeGreaterThan(passes.size / 2);
});

test('killed while it cancels: the task is cancelled, and what ran is ended', {
  timeout: 600_000,
}, async () => {
  const passes = await countPasses(endless);
  for (const point of crashPoints.filter((name) => name.startsWith('cancel.'))) {
    expect(passes.has(point), point).toBe(true);
    await server.kill();
    await server.start({ ARGONAUT_CRASH_AT: `${point}:1` });
    const task = await deploy(server, endless);
    await cancelWhenItRuns(task);
    expect(await taskWhen(server, task, isOver)).toMatchObject({ State: 'Canceled' });
    expect(ledger.take()).toEqual({ hangs: 1 });
  }
});

test('nothing is left: no container, no attempt directory, no entry of a journal, no lease', () =>
  expectNothingLeft(server, engine));
