/** What a digest table promises on every database. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database/index.ts';
import { ImageLocks } from '../../src/images/locks.ts';

const key = { feed: 'Feeds-1', image: 'web:1' };
const at = (minute: number) => `2030-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`;
const byTask = (actor: string, minute = 0) => ({ by: 'FirstUse', actor, at: at(minute) }) as const;
const byUser = (minute: number) => ({ by: 'Accepted', actor: 'Users-1', at: at(minute) }) as const;

export function imageLocksContract(name: string, open: () => Promise<Database>): void {
  describe(`digest tables on ${name}`, () => {
    let database: Database;
    let locks: ImageLocks;
    beforeEach(async () => {
      database = await open();
      locks = new ImageLocks(database);
    });
    afterEach(() => database.close());

    it('let the first of many writers win, and tell the others what holds', async () => {
      const digests = Array.from({ length: 8 }, (_, index) => `sha256:${index}`);
      const answers = await Promise.all(
        digests.map((digest, index) => locks.lock('Releases-1', key, digest, byTask(`ServerTasks-${index}`))),
      );
      expect(answers.filter(({ won }) => won)).toHaveLength(1);
      expect(new Set(answers.map(({ digest }) => digest)).size).toBe(1);
      const row = await locks.find('Releases-1', key);
      const winner = answers.findIndex(({ won }) => won);
      expect(row).toMatchObject({
        digest: digests[winner],
        actor: `ServerTasks-${winner}`,
        locked_by: 'FirstUse',
      });
    });

    it('keep each owner, feed and image apart, and go with their owner', async () => {
      await locks.lock('Releases-1', key, 'sha256:a', byTask('T-1'));
      await locks.lock('Releases-2', key, 'sha256:b', byTask('T-2'));
      await locks.lock('Releases-1', { ...key, feed: '' }, 'sha256:c', byTask('T-1'));
      await locks.lock('Releases-1', { ...key, image: 'web:2' }, 'sha256:d', byTask('T-1'));
      expect((await locks.of('Releases-1')).map(({ digest }) => digest)).toEqual([
        'sha256:c',
        'sha256:a',
        'sha256:d',
      ]);
      await locks.forget('Releases-1');
      expect(await locks.of('Releases-1')).toEqual([]);
      expect(await locks.of('Releases-2')).toHaveLength(1);
    });

    it('an open row says why, and is fixed by the first use; a fixed one is never opened by a late failure', async () => {
      await locks.leaveOpen('Releases-1', key, 'no answer', { by: 'Creation', actor: '', at: at(0) });
      expect(await locks.find('Releases-1', key)).toMatchObject({ digest: null, problem: 'no answer' });
      expect(await locks.lock('Releases-1', key, 'sha256:a', byTask('T-1', 1))).toEqual({
        digest: 'sha256:a',
        won: true,
      });
      await locks.leaveOpen('Releases-1', key, 'too late', { by: 'Creation', actor: '', at: at(2) });
      expect(await locks.find('Releases-1', key)).toMatchObject({
        digest: 'sha256:a',
        problem: null,
        locked_by: 'FirstUse',
      });
    });

    it('replace only what was seen, and remember what was before', async () => {
      await locks.lock('Releases-1', key, 'sha256:a', byTask('T-1'));
      const seen = await locks.find('Releases-1', key);
      if (seen === undefined) throw new Error('There is no row.');
      expect(await locks.replace(seen, 'sha256:b', byUser(1))).toBe(true);
      expect(await locks.replace(seen, 'sha256:c', byUser(2))).toBe(false);
      expect(await locks.find('Releases-1', key)).toMatchObject({
        digest: 'sha256:b',
        previous: 'sha256:a',
        locked_by: 'Accepted',
        actor: 'Users-1',
      });
    });
  });
}
