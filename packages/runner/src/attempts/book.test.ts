/** What several make of an attempt's entry at the same time: nothing of it is lost, whatever the journal's order. */
import { expect, test } from 'vitest';
import type { Clock } from '../ports/clock.ts';
import type { Journal, JournalEntry } from '../ports/journal.ts';
import { AttemptBook } from './book.ts';

/** Answers each `put` when the test says so, in any order, as a database with several connections does. */
class PlayedJournal implements Journal {
  readonly waiting: (() => void)[] = [];
  stored: JournalEntry | undefined;

  put(entry: JournalEntry): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waiting.push(() => {
      this.stored = entry;
      resolve();
    });
    return promise;
  }

  /** The newest first, as long as somebody asks. */
  async answer(work: Promise<unknown>): Promise<void> {
    let over = false;
    const ended = work.finally(() => {
      over = true;
    });
    while (!over) {
      this.waiting.pop()?.();
      await new Promise(setImmediate);
    }
    await ended;
  }

  get = async () => this.stored;
  list = async () => [entry];
  remove = async () => {};
}

const entry = {
  spec: { attempt: 'a1' },
  phase: 'go',
  epoch: 1,
  directory: '/d',
  changedMs: 0,
} as JournalEntry;
const clock = { now: () => 0 } as Clock;

test('what two change at once stands, both of it', async () => {
  const journal = new PlayedJournal();
  const book = await AttemptBook.open(journal, clock);
  const changes = [
    book.change('a1', (now) => now && { ...now, phase: 'ended' }),
    book.change('a1', (now) => now && { ...now, killSent: true }),
  ];
  await journal.answer(Promise.all(changes));
  const both = { phase: 'ended', killSent: true };
  expect([book.get('a1'), journal.stored]).toMatchObject([both, both]);
});

test('a change waits for the verb that has the lock, and sees what it has written', async () => {
  const journal = new PlayedJournal();
  const book = await AttemptBook.open(journal, clock);
  const cancelling = book.locked('a1', async () => {
    const before = book.require('a1');
    await new Promise(setImmediate);
    await book.put({ ...before, cancelRequested: true });
  });
  const ending = book.change('a1', (now) => now && { ...now, phase: 'ended' });
  await journal.answer(Promise.all([cancelling, ending]));
  expect(journal.stored).toMatchObject({ phase: 'ended', cancelRequested: true });
});

test('a newer epoch of one who has no lock takes nothing back that is just being written', async () => {
  const journal = new PlayedJournal();
  const book = await AttemptBook.open(journal, clock);
  const cancelling = book.locked('a1', () => book.put({ ...book.require('a1'), cancelRequested: true }));
  await journal.answer(Promise.all([cancelling, book.admitUnlocked('a1', 2)]));
  expect(journal.stored).toMatchObject({ epoch: 2, cancelRequested: true });
});

test('what shall stay as it is, is not written', async () => {
  const journal = new PlayedJournal();
  const book = await AttemptBook.open(journal, clock);
  expect(await book.change('a1', () => undefined)).toBeUndefined();
  expect(journal.waiting).toEqual([]);
});
