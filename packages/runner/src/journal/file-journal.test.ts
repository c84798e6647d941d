import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { AttemptPhase } from '@argonaut/contracts/attempt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../ports/journal.ts';
import { openFileJournal } from './file-journal.ts';

const entry = (attempt: string, phase: AttemptPhase): JournalEntry => ({
  spec: {
    attempt,
    task: 't',
    server: 's',
    lane: 'l',
    title: 'ein Schritt – mit Umlauten äöü',
    place: { kind: 'host' },
    limits: {},
    interpreters: [],
    oneStream: false,
    serviceMessages: true,
    gateDeadlineMs: 1,
    holdOnFailureMs: 0,
    leftovers: 'end',
  },
  phase,
  epoch: 1,
  directory: `/data/attempts/${attempt}`,
  changedMs: 1,
});

describe('a journal in files', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp('/tmp/argonaut-journal-');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('remembers the last entry of each attempt, also for the next process', async () => {
    const journal = await openFileJournal(directory);
    await journal.put(entry('a', 'accepted'));
    await journal.put(entry('b', 'accepted'));
    await journal.put(entry('a', 'go'));
    const next = await openFileJournal(directory);
    expect(await next.get('a')).toEqual(entry('a', 'go'));
    expect((await next.list()).map(({ spec, phase }) => [spec.attempt, phase])).toEqual([
      ['a', 'go'],
      ['b', 'accepted'],
    ]);
  });

  it('forgets what is removed', async () => {
    const journal = await openFileJournal(directory);
    await journal.put(entry('a', 'finished'));
    await journal.remove('a');
    await journal.remove('a');
    expect(await journal.get('a')).toBeUndefined();
    expect(await readdir(directory)).toEqual([]);
  });

  it('keeps the order of entries that are written at once', async () => {
    const journal = await openFileJournal(directory);
    const phases = ['accepted', 'staged', 'go', 'ended', 'finished'] as const;
    await Promise.all(phases.map((phase) => journal.put(entry('a', phase))));
    expect((await journal.get('a'))?.phase).toBe('finished');
  });

  it('falls back to the entry before, wherever the last one was torn, and goes on from there', async () => {
    const journal = await openFileJournal(directory);
    await journal.put(entry('a', 'accepted'));
    const path = `${directory}/a.journal`;
    const whole = (await readFile(path)).length;
    await journal.put(entry('a', 'go'));
    const bytes = await readFile(path);
    for (let size = whole; size < bytes.length - 1; size++) {
      await writeFile(path, bytes.subarray(0, size));
      expect((await journal.get('a'))?.phase, `torn at ${size}`).toBe('accepted');
    }
    await journal.put(entry('a', 'staged'));
    expect((await journal.get('a'))?.phase).toBe('staged');
  });

  it('does not take a changed line for an entry', async () => {
    const journal = await openFileJournal(directory);
    await journal.put(entry('a', 'accepted'));
    await journal.put(entry('a', 'go'));
    const path = `${directory}/a.journal`;
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"phase":"go"', '"phase":"oo"'));
    expect((await journal.get('a'))?.phase).toBe('accepted');
  });
});
