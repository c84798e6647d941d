/** What the audit trail promises, whatever database is below. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database/index.ts';
import { type Happening, recordEvent } from '../../src/events/index.ts';
import { type EventFilter, eventOf, findEvents } from '../../src/events/queries.ts';

const ALL = { skip: 0, take: 1000 };

export function eventsContract(name: string, open: () => Promise<Database>): void {
  describe(`the audit trail on ${name}`, () => {
    let database: Database;
    let clock: Date;
    beforeEach(async () => {
      database = await open();
      clock = new Date('2030-01-01T00:00:00.000Z');
    });
    afterEach(() => database.close());

    const record = (message: string, rest: Partial<Happening> = {}) =>
      recordEvent(
        { database, now: () => clock },
        { category: 'Created', space: 'Spaces-1', message, related: [], ...rest },
      );
    const messages = async (filter: EventFilter, page = ALL) =>
      (await findEvents(database, filter, page)).items.map(({ body }) => body.Message);

    it('numbers events upwards and lists the newest first, page by page, with the whole number of them', async () => {
      for (const message of ['a', 'b', 'c']) await record(message);
      const { items, total } = await findEvents(database, {}, { skip: 1, take: 1 });
      expect(items.map(({ body }) => body.Message)).toEqual(['b']);
      expect(total).toBe(3);
      const all = (await findEvents(database, {}, ALL)).items.map(({ number }) => number);
      expect(all).toEqual([...all].sort((a, b) => b - a));
    });

    it('finds by space, category, user, document, kind of document and time', async () => {
      const by = { id: 'Users-1', username: 'ada', isAdministrator: false, managedSpaces: [] };
      await record('made', { related: ['Environments-1', 'Projects-1'], by });
      clock = new Date('2030-01-02T00:00:00.000Z');
      await record('changed', { category: 'Modified', related: ['Environments-1'] });
      await record('elsewhere', { space: 'Spaces-2', related: ['Environments-10'] });
      await record('nowhere', { space: '', category: 'LoginSucceeded', by });
      expect(await messages({ spaces: ['Spaces-1'] })).toEqual(['changed', 'made']);
      expect(await messages({ spaces: [] })).toEqual([]);
      expect(await messages({ categories: ['Modified', 'LoginSucceeded'] })).toEqual(['nowhere', 'changed']);
      expect(await messages({ users: ['Users-1'] })).toEqual(['nowhere', 'made']);
      expect(await messages({ about: [['Environments-1']] })).toEqual(['changed', 'made']);
      expect(await messages({ about: [['Environments-1'], ['Projects-1'], []] })).toEqual(['made']);
      expect(await messages({ about: [['Projects-1', 'Environments-10']] })).toEqual(['elsewhere', 'made']);
      expect(await messages({ kinds: ['Projects'] })).toEqual(['made']);
      expect(await messages({ kinds: ['Project%'] })).toEqual([]);
      expect(await messages({ to: '2030-01-01T12:00:00.000Z' })).toEqual(['made']);
      expect(await messages({ from: '2030-01-02T00:00:00.000Z' })).toHaveLength(3);
    });

    it('says where names stand in a message, and who did it from where', async () => {
      await record('Environment Größe was created', {
        mentions: [
          { id: 'Environments-1', text: 'Größe' },
          { id: 'Environments-2', text: 'absent' },
        ],
        by: {
          id: 'Users-1',
          username: 'ada',
          isAdministrator: false,
          managedSpaces: [],
          credential: 'API key APIKeys-1',
          client: { address: '10.0.0.1', userAgent: 'octopus-cli' },
        },
      });
      const [event] = (await findEvents(database, {}, ALL)).items;
      expect(event?.body).toMatchObject({
        MessageReferences: [{ ReferencedDocumentId: 'Environments-1', StartIndex: 12, Length: 5 }],
        Username: 'ada',
        IdentityEstablishedWith: 'API key APIKeys-1',
        IpAddress: '10.0.0.1',
        UserAgent: 'octopus-cli',
      });
      expect(await eventOf(database, `Events-${event?.number}`, ['Spaces-1'])).toEqual(event);
      await expect(eventOf(database, `Events-${event?.number}`, ['Spaces-2'])).rejects.toThrow(
        'was not found',
      );
      await expect(eventOf(database, 'nonsense', undefined)).rejects.toThrow('was not found');
    });

    it('is undone with what it tells of', async () => {
      await record('stays');
      const failing = database.transaction(async () => {
        await record('goes', { related: ['Environments-1'] });
        throw new Error('the work failed');
      });
      await expect(failing).rejects.toThrow('the work failed');
      expect(await messages({})).toEqual(['stays']);
      expect(await messages({ about: [['Environments-1']] })).toEqual([]);
    });

    it('cannot be changed or removed, whoever asks the database', async () => {
      await record('true', { related: ['Environments-1'] });
      const refused = 'append-only';
      const { query } = database;
      await expect(query.updateTable('events').set({ body: '{}' }).execute()).rejects.toThrow(refused);
      await expect(query.deleteFrom('events').execute()).rejects.toThrow(refused);
      await expect(query.updateTable('event_documents').set({ document: 'x' }).execute()).rejects.toThrow(
        refused,
      );
      await expect(query.deleteFrom('event_documents').execute()).rejects.toThrow(refused);
      expect(await messages({ about: [['Environments-1']] })).toEqual(['true']);
    });
  });
}
