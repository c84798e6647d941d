/**
 * The process of the shell dies at every point that it passes, once at a time: before and after each transaction, before
 * and after each call to the worker. Whoever claims the task next must bring it to the same end, with every program
 * started at most once (exactly once if it ended) and every stream stored exactly.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  FileRunStore,
  MemoryRunStore,
  type RunChange,
  type RunStore,
  TaskExecution,
} from '../../src/execution/index.ts';
import type { LogSource } from '../../src/tasklog/index.ts';
import type { Program } from './fake-worker.ts';
import { aStep, type Harness, harness, storedText, TASK } from './harness.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

class Killed extends Error {}

/** Counts the points that are passed, and kills at the n-th. */
class Killer {
  readonly abort = new AbortController();
  passed = 0;
  readonly #at: number;

  constructor(at: number) {
    this.#at = at;
  }

  get killed(): boolean {
    return this.abort.signal.aborted;
  }

  readonly pass = (): void => {
    // A dead process does nothing more.
    if (this.killed) throw new Killed();
    this.passed += 1;
    if (this.passed !== this.#at) return;
    this.abort.abort(new Killed());
    throw new Killed();
  };
}

/** The store as a process sees it that may die before or after each transaction. */
function mortal(store: RunStore, killer: Killer): RunStore {
  return {
    create: (plan, state) => store.create(plan, state),
    claim: (task) => store.claim(task),
    async commit(task: string, epoch: number, change: RunChange) {
      killer.pass();
      await store.commit(task, epoch, change);
      killer.pass();
    },
  };
}

async function runUntilKilled(setup: Harness, killer: Killer) {
  setup.worker.fuse = killer.pass;
  const ports = { ...setup.ports, store: mortal(setup.ports.store, killer) };
  try {
    const execution = await TaskExecution.claim(TASK, ports);
    return await execution.run(AbortSignal.any([killer.abort.signal, AbortSignal.timeout(20_000)]));
  } catch (error) {
    if (killer.killed) return 'stopped';
    throw error;
  }
}

const steps = () => [
  aStep('one'),
  aStep('two'),
  aStep('beside', { start: 'StartWithPrevious' }),
  aStep('three', { action: { container: { image: 'alpine:#{Octopus.Action[two].Output.Tag}' } } }),
  aStep('breaks', { action: { options: { retries: { max: 1, backoffMs: 0 } } } }),
  aStep('never'),
  aStep('always', { condition: { kind: 'Always' } }),
];

function programs(title: string): Program {
  return {
    writes: [
      { stream: 'stdout', text: `${title} says ` },
      { stream: 'stderr', text: `${title} complains\n` },
      { stream: 'stdout', text: 'this\n' },
    ],
    outputs: [{ name: 'Tag', value: '3.19', sensitive: false }],
    artifacts: [{ path: `${title}.txt`, name: `${title}.txt` }],
    exit: title === 'breaks' ? 1 : 0,
  };
}

async function expectTheWholeStory(setup: Harness, log: LogSource): Promise<void> {
  const started = [...setup.worker.attempts.values()].filter(({ starts }) => starts > 0);
  expect(started.map(({ starts }) => starts).every((starts) => starts === 1)).toBe(true);
  const titles = started.map(({ spec }) => spec.title).sort();
  expect(titles).toEqual(['always', 'beside', 'breaks', 'breaks', 'one', 'three', 'two']);
  expect([...setup.worker.attempts.values()].every(({ phase }) => phase === 'finished')).toBe(true);
  expect(setup.leases.size).toBe(0);
  const texts = await storedText(log);
  for (const { spec } of started) {
    expect(texts.get(`${spec.attempt} stdout`)).toBe(`${spec.title} says this\n`);
    expect(texts.get(`${spec.attempt} stderr`)).toBe(`${spec.title} complains\n`);
  }
  expect([...setup.artifacts.keys()].sort()).toEqual([...new Set(titles)].map((title) => `${title}.txt`));
}

for (const worker of ['goes on', 'is restarted too'] as const) {
  test(`killed once at every point while the worker ${worker}`, { timeout: 120_000 }, async () => {
    let points = 0;
    for (let at = 1; ; at += 1) {
      const store = new MemoryRunStore();
      const setup = await harness(steps(), { store, programs });
      const killer = new Killer(at);
      let end = await runUntilKilled(setup, killer);
      if (killer.killed) {
        points += 1;
        if (worker === 'is restarted too') setup.worker.restart();
        end = await runUntilKilled(setup, new Killer(0));
      }
      expect(end, `killed at point ${at}`).toMatchObject({ result: 'Failed' });
      await expectTheWholeStory(setup, store.log(TASK));
      if (!killer.killed) break;
    }
    expect(points).toBeGreaterThan(100);
  });
}

test('killed again and again, after every 25 points, until the task is over', async () => {
  const store = new MemoryRunStore();
  const setup = await harness(steps(), { store, programs });
  let kills = 0;
  for (;;) {
    const killer = new Killer(25);
    const end = await runUntilKilled(setup, killer);
    if (end !== 'stopped') {
      expect(end).toMatchObject({ result: 'Failed' });
      break;
    }
    kills += 1;
    expect(kills).toBeLessThan(500);
  }
  expect(kills).toBeGreaterThan(5);
  await expectTheWholeStory(setup, store.log(TASK));
});

test('the store in files brings back what was committed, and cuts off what was not', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'argonaut-runs-'));
  directories.push(directory);
  for (let at = 1, last = false; !last; at += 7) {
    const home = join(directory, String(at));
    await using first = new FileRunStore(home);
    const setup = await harness(steps(), { store: first, programs });
    const killer = new Killer(at);
    let end = await runUntilKilled(setup, killer);
    last = !killer.killed;
    await using second = new FileRunStore(home);
    if (!last) {
      const resumed = { ...setup, ports: { ...setup.ports, store: second } };
      end = await runUntilKilled(resumed, new Killer(0));
    }
    expect(end, `killed at point ${at}`).toMatchObject({ result: 'Failed' });
    await using log = await second.log(TASK);
    if (log === undefined) throw new Error('Nothing was logged.');
    await expectTheWholeStory(setup, log);
  }
});
