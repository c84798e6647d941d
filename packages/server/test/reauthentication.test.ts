/** How long a connection stays open whose owner may not have it any more. */
import { ArgonautError } from '@argonaut/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ASK_AGAIN_MS, askAgain } from '../src/http/reauthentication.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const later = () => vi.advanceTimersByTimeAsync(ASK_AGAIN_MS);

test('it is ended with the refusal, which is asked for again and again', async () => {
  const refusal = new ArgonautError('Unauthorised', 'Disabled.');
  const admit = vi.fn(async () => {});
  using asked = askAgain(admit, () => {});
  await later();
  await later();
  expect(admit).toHaveBeenCalledTimes(2);
  expect(asked.signal.aborted).toBe(false);
  admit.mockRejectedValue(refusal);
  await later();
  expect(asked.signal.reason).toBe(refusal);
});

test('a database that is away ends nothing, and the next answer counts', async () => {
  const problems: unknown[] = [];
  const admit = vi.fn(async () => {});
  admit.mockRejectedValueOnce(new Error('away'));
  using asked = askAgain(admit, (error) => problems.push(error));
  await later();
  expect(problems).toEqual([new Error('away')]);
  expect(asked.signal.aborted).toBe(false);
  admit.mockRejectedValueOnce(new ArgonautError('Forbidden', 'No more.'));
  await later();
  expect(asked.signal.aborted).toBe(true);
});

test('a question that takes long is not asked a second time meanwhile, and none is asked afterwards', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const admit = vi.fn(() => promise);
  const asked = askAgain(admit, () => {});
  await later();
  await later();
  expect(admit).toHaveBeenCalledTimes(1);
  resolve();
  await later();
  expect(admit).toHaveBeenCalledTimes(2);
  asked[Symbol.dispose]();
  await later();
  expect(admit).toHaveBeenCalledTimes(2);
});
