/** How long a worker that is away is waited for, and what the log says meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ArgonautError } from '@argonaut/contracts';
import type { AttemptEvent, AttemptSpec, StagedAttempt } from '@argonaut/contracts/attempt';
import { expect, test } from 'vitest';
import { MemoryRunStore } from '../../src/execution/index.ts';
import { type Patience, WorkerLost, withPatience } from '../../src/execution/patience.ts';
import { type LogSource, readFrames } from '../../src/tasklog/index.ts';
import { FakeWorker } from './fake-worker.ts';
import { aStep, harness, runToEnd, TASK } from './harness.ts';

const MINUTE = 60_000;
const away = new ArgonautError('Unavailable', 'No route to host.');

/** Calls that last for so many minutes each, and whether each fails; the pauses between them take no time. */
function patient(
  calls: readonly { readonly minutes: number; readonly fails: boolean; readonly says?: boolean }[],
) {
  let now = 0;
  let made = 0;
  const patience: Patience = {
    worker: 'one',
    lostAfterMs: 3 * MINUTE,
    now: () => now,
    signal: AbortSignal.timeout(60_000),
    mayPass: () => true,
  };
  const done = withPatience(patience, async (answered) => {
    const call = calls[made];
    if (call === undefined) throw new Error('It was called too often.');
    made += 1;
    now += call.minutes * MINUTE;
    if (call.says) answered();
    if (call.fails) throw away;
  });
  return { done, made: () => made };
}

test('a call that lasted for hours finds all of the patience when its worker is away for a moment', async () => {
  const { done, made } = patient([
    { minutes: 120, fails: true },
    { minutes: 1, fails: true },
    { minutes: 0, fails: false },
  ]);
  await done;
  expect(made()).toBe(3);
});

test('what was answered in between begins anew', async () => {
  const fails = { minutes: 1, fails: true };
  const { done } = patient([
    fails,
    fails,
    { ...fails, says: true },
    fails,
    fails,
    { minutes: 0, fails: false },
  ]);
  await done;
});

test('a worker that does not answer at all is given up after that time', async () => {
  const { done, made } = patient(Array.from({ length: 20 }, () => ({ minutes: 1, fails: true })));
  await expect(done).rejects.toThrow(WorkerLost);
  await expect(done).rejects.toThrow(/"one" has not answered for 180 s: No route to host\./);
  expect(made()).toBe(4);
});

test('the log says once that a worker is away, and that it is back', async () => {
  const store = new MemoryRunStore();
  let now = 0;
  const setup = await harness([aStep('a')], {
    store,
    ports: {
      now: () => {
        now += 1_000;
        return now;
      },
    },
  });
  let asked = 0;
  setup.worker.fuse = (point) => {
    if (point === 'stage.before' && ++asked < 4) throw away;
  };
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  expect((await lines(store.log(TASK))).filter((line) => line.includes('answer'))).toEqual([
    expect.stringMatching(
      /^Warning Worker "worker one" does not answer.*No route to host.*600 s at most.*a cancel too/,
    ),
    'Info Worker "worker one" answers again.',
  ]);
});

/** One step of two writes while the other cannot be prepared, which takes some tries. */
class HalfAway extends FakeWorker {
  refused = 0;

  override async stage(spec: AttemptSpec, epoch: number): Promise<StagedAttempt> {
    if (spec.title === 'away' && this.refused < 4) {
      this.refused += 1;
      throw away;
    }
    return super.stage(spec, epoch);
  }

  override async *follow(...given: Parameters<FakeWorker['follow']>): AsyncGenerator<AttemptEvent> {
    for (let cursor = 1; this.refused < 4; cursor += 1) {
      const bytes = Buffer.from('.');
      const runs = [{ stream: 'stdout', level: 'Info', timeMs: cursor, bytes }] as const;
      yield { type: 'log', cursor, runs, outputs: [], artifacts: [] };
      await sleep(50);
    }
    yield* super.follow(...given);
  }
}

test('that it is back is not told while one call still waits for it, whatever others hear', async () => {
  const store = new MemoryRunStore();
  let now = 0;
  const connection = new HalfAway(() => ({}));
  const setup = await harness([aStep('here'), aStep('away', { start: 'StartWithPrevious' })], {
    store,
    ports: {
      now: () => {
        now += 1_000;
        return now;
      },
      workers: {
        lease: async () => ({ worker: 'Workers-1', name: 'worker one', connection }),
        release: async () => {},
      },
    },
  });
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  expect((await lines(store.log(TASK))).filter((line) => line.includes('answer'))).toEqual([
    expect.stringMatching(/^Warning Worker "worker one" does not answer/),
    'Info Worker "worker one" answers again.',
  ]);
});

async function lines(log: LogSource): Promise<string[]> {
  const found: string[] = [];
  for await (const { frame } of readFrames(log)) {
    if (frame.type === 'text') found.push(`${frame.level} ${Buffer.from(frame.bytes).toString().trimEnd()}`);
  }
  return found;
}
