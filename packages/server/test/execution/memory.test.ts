/** Containers wait for their turn only where memory is to spare. */
import { expect, test } from 'vitest';
import { MemoryRunStore } from '../../src/execution/index.ts';
import { readFrames } from '../../src/tasklog/index.ts';
import { aStep, harness, runToEnd, TASK } from './harness.ts';

const MEBIBYTE = 1024 * 1024;

/** How many containers each step found waiting when it began, itself included; and why they did not. */
async function prepared(freeBytes: number | undefined) {
  const store = new MemoryRunStore();
  let waiting: number[] = [];
  const setup = await harness([aStep('one'), aStep('two'), aStep('three'), aStep('four')], { store });
  setup.worker.freeBytes = freeBytes;
  setup.worker.fuse = (point) => {
    if (point !== 'open.before') return;
    const staged = [...setup.worker.attempts.values()].filter(({ phase }) => phase === 'staged');
    waiting = [...waiting, staged.length];
  };
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  const reasons: string[] = [];
  for await (const { frame } of readFrames(store.log(TASK))) {
    const text = frame.type === 'text' ? Buffer.from(frame.bytes).toString() : '';
    if (text.startsWith('Not prepared ahead')) reasons.push(text.trimEnd());
  }
  return { waiting, reasons };
}

test.each([undefined, 4096 * MEBIBYTE])('with %s bytes free the next ones are prepared', async (free) => {
  const { waiting, reasons } = await prepared(free);
  expect(Math.max(...waiting)).toBeGreaterThan(1);
  expect(reasons).toEqual([]);
});

test('on a worker that is short of memory each is made at its turn, and the log says why', async () => {
  const { waiting, reasons } = await prepared(100 * MEBIBYTE);
  expect(waiting).toEqual([1, 1, 1, 1]);
  expect(reasons).toHaveLength(3);
  expect(reasons[0]).toBe(
    'Not prepared ahead: the worker has 100 MiB of memory to spare, and 146 are wanted for a container that would only wait.',
  );
});
