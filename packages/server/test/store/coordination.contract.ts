/** What the task queue promises on every database. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Coordination, type Database, LeaseLost, openCoordination } from '../../src/database/index.ts';

const MINUTE = 60_000;

export function coordinationContract(name: string, open: () => Promise<Database>): void {
  describe(`coordination on ${name}`, () => {
    let database: Database;
    let queue: Coordination;
    let clock: Date;
    beforeEach(async () => {
      clock = new Date('2030-01-01T00:00:00Z');
      database = await open();
      queue = await openCoordination(database, () => clock);
    });
    afterEach(async () => {
      await queue.close();
      await database.close();
    });
    const later = (milliseconds: number) => new Date(clock.getTime() + milliseconds);
    const add = (task: string, options: { tag?: string; at?: Date; space?: string } = {}) =>
      queue.enqueue({
        task,
        space: options.space ?? 'Spaces-1',
        queueTime: options.at ?? clock,
        tag: options.tag ?? null,
      });
    const claim = async () => (await queue.claim('me', MINUTE))?.task;

    it('hands out the longest waiting task that is due, each once', async () => {
      await add('T-2', { at: later(-1000) });
      await add('T-1', { at: later(-2000) });
      await add('T-3', { at: later(MINUTE) });
      expect([await claim(), await claim(), await claim()]).toEqual(['T-1', 'T-2', undefined]);
      expect(await queue.nextDue()).toEqual(later(MINUTE));
      clock = later(MINUTE);
      expect(await claim()).toBe('T-3');
      expect(await queue.nextDue()).toBeUndefined();
    });

    it('runs one task of a tag at a time, and others meanwhile', async () => {
      await add('T-1', { tag: 'p/e', at: later(-3) });
      await add('T-2', { tag: 'p/e', at: later(-2) });
      await add('T-3', { tag: 'other', at: later(-1) });
      const first = await queue.claim('me', MINUTE);
      expect([first?.task, await claim(), await claim()]).toEqual(['T-1', 'T-3', undefined]);
      if (first) await queue.release(first, 'done');
      expect(await claim()).toBe('T-2');
    });

    it('hands out those that were put first before the others, in their own order', async () => {
      await add('T-1', { at: later(-4) });
      await add('T-2', { at: later(-3) });
      await add('T-3', { at: later(-2) });
      await add('T-4', { at: later(MINUTE) });
      expect([await queue.putFirst('T-3'), await queue.putFirst('T-2'), await queue.putFirst('T-2')]).toEqual(
        [true, true, true],
      );
      expect(await queue.putFirst('T-4')).toBe(false);
      expect([await claim(), await claim(), await claim(), await claim()]).toEqual([
        'T-2',
        'T-3',
        'T-1',
        undefined,
      ]);
      expect(await queue.putFirst('T-1')).toBe(false);
    });

    it('leaves the tasks of a stopped space where they are', async () => {
      await add('T-1', { space: 'Spaces-2' });
      expect(await queue.claim('me', MINUTE, ['Spaces-2'])).toBeUndefined();
      expect(await claim()).toBe('T-1');
    });

    it('gives a task whose lease has run out to the next one, with a higher epoch', async () => {
      await add('T-1', { tag: 'p/e' });
      const old = await queue.claim('first', MINUTE);
      clock = later(MINUTE + 1);
      const taken = await queue.claim('second', MINUTE);
      expect([old?.epoch, taken?.epoch]).toEqual([1, 2]);
      if (!old || !taken) return;
      expect(await queue.renew(old, MINUTE)).toBe(false);
      await expect(queue.release(old, 'done')).rejects.toThrow(LeaseLost);
      expect(await queue.renew(taken, MINUTE)).toBe(true);
    });

    it('lets nobody write who has lost the lease', async () => {
      await add('T-1');
      const old = await queue.claim('first', MINUTE);
      clock = later(MINUTE + 1);
      await queue.claim('second', MINUTE);
      let written = false;
      const late =
        old &&
        queue.fence(old, async () => {
          written = true;
        });
      await expect(late).rejects.toThrow(LeaseLost);
      expect(written).toBe(false);
    });

    it('undoes what a fenced write did when it fails', async () => {
      await add('T-1');
      const lease = await queue.claim('me', MINUTE);
      const failing =
        lease &&
        queue.fence(lease, async () => {
          await add('T-2');
          throw new Error('no');
        });
      await expect(failing).rejects.toThrow('no');
      expect(await claim()).toBeUndefined();
    });

    it('can put a task back, and withdraw one that has not begun', async () => {
      await add('T-1');
      const lease = await queue.claim('me', MINUTE);
      expect(await queue.withdraw('T-1')).toBe(false);
      if (lease) await queue.release(lease, 'queued');
      expect(await queue.withdraw('T-1')).toBe(true);
      expect(await claim()).toBeUndefined();
    });

    it('wakes the sleepers when the transaction is committed, not before and not after a failure', async () => {
      let wakes = 0;
      const woken = new Promise<void>((resolve) =>
        queue.onWake(() => {
          wakes += 1;
          resolve();
        }),
      );
      const failing = database.transaction(async () => {
        await add('T-1');
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(wakes).toBe(0);
      await add('T-2');
      await woken;
      expect(wakes).toBe(1);
    });

    it('elects one leader, until it is silent for too long', async () => {
      expect(await queue.elect('cleaner', 'a', MINUTE)).toBe(true);
      expect(await queue.elect('cleaner', 'b', MINUTE)).toBe(false);
      expect(await queue.elect('cleaner', 'a', MINUTE)).toBe(true);
      clock = later(MINUTE + 1);
      expect(await queue.elect('cleaner', 'b', MINUTE)).toBe(true);
      expect(await queue.elect('cleaner', 'a', MINUTE)).toBe(false);
    });
  });
}
