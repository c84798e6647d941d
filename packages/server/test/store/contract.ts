/**
 * What the store promises, whatever database is below. The same suite runs on SQLite (`sqlite.test.ts`) and on a real
 * PostgreSQL (`postgres.engine.test.ts`).
 */
import { Conflict, Invalid, NotFound } from '@argonaut/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Collection, type Database, type Kind } from '../../src/database/index.ts';

interface Thing {
  readonly Name: string;
  readonly Owner?: string;
  readonly Rank?: number;
  readonly Colours?: readonly string[];
}

const thing: Kind<Thing> = {
  name: 'Things',
  title: 'thing',
  nameOf: (document) => document.Name,
  slugs: true,
  parentOf: (document) => document.Owner ?? '',
  sortOf: (document) => document.Rank ?? 0,
  index: (document) => ({ Colour: document.Colours }),
};

const event: Kind<Thing> = {
  ...thing,
  name: 'Happenings',
  uniqueNames: false,
  slugs: false,
  order: 'newest',
};

export function storeContract(name: string, open: () => Promise<Database>): void {
  describe(`the store on ${name}`, () => {
    let database: Database;
    let things: Collection<Thing>;
    beforeEach(async () => {
      database = await open();
      things = new Collection(database, thing);
    });
    afterEach(() => database.close());

    const put = (document: Thing, space = 'Spaces-1') => things.insert({ space, document });
    const names = async (query: Parameters<typeof things.list>[0]) =>
      (await things.list(query)).items.map(({ document }) => document.Name);

    it('gives ids per kind, across spaces, never twice', async () => {
      const first = await put({ Name: 'a' });
      const second = await put({ Name: 'a' }, 'Spaces-2');
      await things.remove(second.id);
      const third = await put({ Name: 'b' });
      expect([first.id, second.id, third.id]).toEqual(['Things-1', 'Things-2', 'Things-3']);
    });

    it('gives back what was stored, and finds it by id within its space only', async () => {
      const stored = await put({ Name: 'Größe "1" 🚀', Rank: 3 });
      expect(await things.get(stored.id, 'Spaces-1')).toEqual(stored);
      expect(await things.find(stored.id, 'Spaces-2')).toBeUndefined();
      await expect(things.get('Things-99')).rejects.toThrow(NotFound);
    });

    it('keeps names unique within space and parent, whatever their case', async () => {
      await put({ Name: 'Web', Owner: 'Projects-1' });
      await expect(put({ Name: 'WEB', Owner: 'Projects-1' })).rejects.toThrow(Invalid);
      await put({ Name: 'Web', Owner: 'Projects-2' });
      const other = await put({ Name: 'Db', Owner: 'Projects-1' });
      await expect(things.update(other, { ...other.document, Name: 'web' })).rejects.toThrow(
        'named "web" already exists',
      );
      await things.update(other, { ...other.document, Name: 'DB' });
    });

    it('lets one of two writers at the same moment have the name', async () => {
      const results = await Promise.allSettled([put({ Name: 'x' }), put({ Name: 'X' })]);
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await things.count()).toBe(1);
    });

    it('makes slugs from names and numbers them when taken; a wished one is kept or refused', async () => {
      const slugs = [
        await put({ Name: 'My App' }),
        await put({ Name: 'my-app' }),
        await put({ Name: 'Ümläut & ß' }),
      ];
      expect(slugs.map(({ slug }) => slug)).toEqual(['my-app', 'my-app-1', 'umlaut-ss']);
      const wish = things.insert({ space: 'Spaces-1', document: { Name: 'Third' }, slug: 'my-app' });
      await expect(wish).rejects.toThrow('slug "my-app" is already used');
      expect((await things.resolve('MY-APP', 'Spaces-1'))?.id).toBe('Things-1');
      expect((await things.resolve('ümläut & ß', 'Spaces-1'))?.id).toBe('Things-3');
    });

    it('refuses a write over a version that is no longer there', async () => {
      const stored = await put({ Name: 'a' });
      const newer = await things.update(stored, { Name: 'b' });
      expect(newer.version).toBe(2);
      await expect(things.update(stored, { Name: 'c' })).rejects.toThrow(Conflict);
      await things.remove(stored.id);
      await expect(things.update(newer, { Name: 'd' })).rejects.toThrow(NotFound);
    });

    it('lists by rank, then by name without regard to case, in pages', async () => {
      for (const [Name, Rank] of [
        ['b', 1],
        ['a', 1],
        ['C', 1],
        ['z', 0],
      ] as const)
        await put({ Name, Rank });
      expect(await names({ space: 'Spaces-1' })).toEqual(['z', 'a', 'b', 'C']);
      const page = await things.list({ space: 'Spaces-1', skip: 1, take: 2 });
      expect(page).toMatchObject({
        total: 4,
        items: [{ document: { Name: 'a' } }, { document: { Name: 'b' } }],
      });
      expect(await things.list({ skip: 9, take: 2 })).toEqual({ items: [], total: 4 });
      expect(await things.list({ take: 0 })).toEqual({ items: [], total: 4 });
      expect((await things.list({ take: 2_147_483_647 })).items).toHaveLength(4);
    });

    it('lists the newest first by number, not by text', async () => {
      const happenings = new Collection(database, event);
      for (let n = 1; n <= 11; n += 1) await happenings.insert({ document: { Name: 'same' } });
      const ids = (await happenings.list({ take: 3 })).items.map(({ id }) => id);
      expect(ids).toEqual(['Happenings-11', 'Happenings-10', 'Happenings-9']);
    });

    it('searches names for a literal text', async () => {
      for (const Name of ['100% sure', '100 sure', 'a_b', 'aXb', 'ÄRGER', 'back\\slash']) await put({ Name });
      expect(await names({ partialName: '0%' })).toEqual(['100% sure']);
      expect(await names({ partialName: 'a_b' })).toEqual(['a_b']);
      expect(await names({ partialName: 'ärg' })).toEqual(['ÄRGER']);
      expect(await names({ partialName: 'k\\s' })).toEqual(['back\\slash']);
      expect(await names({ name: 'AXB' })).toEqual(['aXb']);
    });

    it('filters by ids and by indexed fields, and passes over what does not exist', async () => {
      await put({ Name: 'a', Colours: ['red', 'blue'] });
      await put({ Name: 'b', Colours: ['red'] });
      const c = await put({ Name: 'c' });
      expect(await names({ ids: ['Things-2', 'Things-99'] })).toEqual(['b']);
      expect(await names({ ids: [] })).toEqual(['a', 'b', 'c']);
      expect(await names({ where: { Colour: 'red' } })).toEqual(['a', 'b']);
      expect(await names({ where: { Colour: ['blue', 'green'] } })).toEqual(['a']);
      expect(await names({ where: { Colour: [] } })).toEqual(['a', 'b', 'c']);
      await things.update(c, { Name: 'c', Colours: ['blue'] });
      await things.remove('Things-1');
      expect(await names({ where: { Colour: 'blue' } })).toEqual(['c']);
    });

    it('undoes everything when a transaction fails, also what other collections wrote', async () => {
      const happenings = new Collection(database, event);
      let effects = 0;
      const failing = database.transaction(async () => {
        await put({ Name: 'a' });
        await database.transaction(() => happenings.insert({ document: { Name: 'b' } }));
        database.afterCommit(() => {
          effects += 1;
        });
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect([await things.count(), await happenings.count(), effects]).toEqual([0, 0, 0]);
    });

    it('runs effects after the commit, when the data is there for everybody', async () => {
      let seen: Promise<number> | undefined;
      await database.transaction(async () => {
        await put({ Name: 'a' });
        database.afterCommit(() => {
          seen = things.count();
        });
        expect(seen).toBeUndefined();
      });
      expect(await seen).toBe(1);
    });

    it('keeps a query outside of a transaction away from it', async () => {
      let release = () => {};
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      const writing = database.transaction(async () => {
        await put({ Name: 'a' });
        await gate;
        throw new Error('undone');
      });
      const outside = things.count();
      release();
      await expect(writing).rejects.toThrow('undone');
      expect(await outside).toBe(0);
    });

    it('gives every one of many parallel writers its own id', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, n) => put({ Name: `n${n}` })));
      const all = await things.all({ order: 'oldest' });
      expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, n) => `Things-${n + 1}`));
    });
  });
}
