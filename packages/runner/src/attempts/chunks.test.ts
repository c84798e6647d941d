import { describe, expect, it } from 'vitest';
import type { OutputBatch } from '../messages/index.ts';
import { Chunks } from './chunks.ts';

const run = (text: string, timeMs = 1) => ({
  stream: 'stdout' as const,
  level: 'Info' as const,
  timeMs,
  bytes: Buffer.from(text),
});
const batch = (cursor: number, more: Partial<OutputBatch> = {}): OutputBatch => ({
  cursor,
  ahead: { stdout: 0, stderr: 0 },
  runs: [],
  outputs: [],
  artifacts: [],
  ...more,
});

describe('chunks', () => {
  it('are handed over at once when nothing is held back', () => {
    const chunks = new Chunks(0);
    chunks.add(batch(3, { runs: [run('abc')] }), 0);
    expect(chunks.due(0)).toMatchObject({ type: 'log', cursor: 3 });
    expect(chunks.due(0)).toBeUndefined();
  });

  it('wait while one stream is ahead, and are cut all the same when that lasts', () => {
    const chunks = new Chunks(0);
    chunks.add(batch(3, { runs: [run('abc')], ahead: { stdout: 2, stderr: 0 } }), 0);
    expect(chunks.due(500)).toBeUndefined();
    chunks.add(batch(3, { runs: [run('de')], ahead: { stdout: 4, stderr: 0 } }), 600);
    const cut = chunks.due(1_000);
    expect(cut).toMatchObject({ cursor: 3, ahead: { stdout: 4, stderr: 0 } });
    expect(Buffer.concat(cut?.runs.map(({ bytes }) => bytes) ?? []).toString()).toBe('abcde');
  });

  it('do not wait with more than a few megabytes', () => {
    const chunks = new Chunks(0);
    chunks.add(batch(1, { runs: [run('x'.repeat(5_000_000))], ahead: { stdout: 9, stderr: 0 } }), 0);
    expect(chunks.due(0)).toBeDefined();
  });

  it('come at the end whatever is ahead', () => {
    const chunks = new Chunks(0);
    chunks.add(batch(1, { ahead: { stdout: 9, stderr: 0 } }), 0);
    expect(chunks.due(0, true)).toBeDefined();
  });

  it('are not made of silence: a reader that catches up has nothing to hand over', () => {
    const chunks = new Chunks(100);
    chunks.add(batch(60), 0);
    expect(chunks.due(0)).toBeUndefined();
    chunks.add(batch(100), 0);
    expect(chunks.due(0, true)).toBeUndefined();
    chunks.add(batch(101, { runs: [run('x')] }), 0);
    expect(chunks.due(0)?.cursor).toBe(101);
  });

  it('keep everything that was found, and the newest progress', () => {
    const chunks = new Chunks(0);
    const output = (name: string) => ({ name, value: '', sensitive: false });
    const ahead = { stdout: 1, stderr: 0 };
    chunks.add(batch(1, { ahead, outputs: [output('a')], progress: { percentage: 1, message: 'one' } }), 0);
    chunks.add(
      batch(2, { outputs: [output('b')], progress: { percentage: 2, message: 'two' }, resultMessage: 'why' }),
      0,
    );
    const chunk = chunks.due(0);
    expect(chunk?.outputs.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(chunk?.progress?.percentage).toBe(2);
    expect(chunk?.resultMessage).toBe('why');
  });

  it('unite neighbours of one stream, level and moment, and no others', () => {
    const chunks = new Chunks(0);
    chunks.add(
      batch(9, { runs: [run('a'), run('b'), run('c', 2), { ...run('d', 2), stream: 'stderr' }] }),
      0,
    );
    expect(chunks.due(0)?.runs.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['ab', 'c', 'd']);
  });
});
