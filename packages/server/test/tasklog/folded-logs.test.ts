/** Trees of logs that are asked for again and again: only what is new is read. */
import { describe, expect, test } from 'vitest';
import { encodeFrames, type LogFrame, type LogSource, MAGIC } from '../../src/tasklog/index.ts';
import { FoldedLogs } from '../../src/tasks/folded-logs.ts';

const ROOT: LogFrame = { type: 'activity', activity: 'task', parent: '', name: 'Ship', kind: 'task' };

function lineOf(text: string, level: 'Info' | 'Verbose' = 'Info'): LogFrame {
  return {
    type: 'text',
    activity: 'task',
    source: 'stdout',
    level,
    timeMs: 1_000,
    bytes: Buffer.from(`${text}\n`),
  };
}

/** Logs in memory that grow, and count the bytes that are read of them. */
class GrowingLogs {
  readonly #logs = new Map<string, Buffer>();
  bytesRead = 0;
  broken = false;

  write(task: string, ...frames: readonly LogFrame[]): number {
    const bytes = encodeFrames(frames);
    this.#logs.set(task, Buffer.concat([this.#logs.get(task) ?? MAGIC, bytes]));
    return bytes.length;
  }

  readonly open = (task: string): LogSource => ({
    length: async () => this.#of(task).length,
    read: async (offset, maxBytes) => {
      const bytes = this.#of(task).subarray(offset, offset + maxBytes);
      this.bytesRead += bytes.length;
      return bytes;
    },
  });

  #of(task: string): Buffer {
    if (this.broken) throw new Error('The disk is away.');
    return this.#logs.get(task) ?? Buffer.alloc(0);
  }
}

async function linesOf(trees: FoldedLogs, task: string, verbose = true): Promise<readonly string[]> {
  const [root] = (await trees.treeOf(task, verbose)).toElements();
  return root?.LogElements.map(({ MessageText }) => MessageText) ?? [];
}

describe('the tree of a log', () => {
  test('is the whole log each time, and reads only what was written since', async () => {
    const logs = new GrowingLogs();
    const trees = new FoldedLogs(logs.open);
    logs.write('a', ROOT, lineOf('one'));
    expect(await linesOf(trees, 'a')).toEqual(['one']);
    logs.bytesRead = 0;
    expect(await linesOf(trees, 'a')).toEqual(['one']);
    expect(logs.bytesRead).toBe(0);
    const written = logs.write('a', lineOf('two'));
    expect(await linesOf(trees, 'a')).toEqual(['one', 'two']);
    expect(logs.bytesRead).toBe(written);
  });

  test('is read once for all who ask at the same time', async () => {
    const logs = new GrowingLogs();
    const trees = new FoldedLogs(logs.open);
    const written = logs.write('a', ROOT, lineOf('one'));
    const all = await Promise.all(Array.from({ length: 5 }, () => linesOf(trees, 'a')));
    expect(all).toEqual(Array.from({ length: 5 }, () => ['one']));
    expect(logs.bytesRead).toBe(MAGIC.length + written);
  });

  test('with verbose lines and the one without are two', async () => {
    const logs = new GrowingLogs();
    const trees = new FoldedLogs(logs.open);
    logs.write('a', ROOT, lineOf('loud'), lineOf('quiet', 'Verbose'));
    expect(await linesOf(trees, 'a', false)).toEqual(['loud']);
    expect(await linesOf(trees, 'a', true)).toEqual(['loud', 'quiet']);
  });

  test('of which nobody asked for the longest time goes first when there is no room', async () => {
    const logs = new GrowingLogs();
    // Room for two of the three.
    const trees = new FoldedLogs(logs.open, 2_500);
    for (const task of ['a', 'b', 'c']) logs.write(task, ROOT, lineOf('x'.repeat(1_000)));
    for (const task of ['a', 'b', 'a', 'c']) await linesOf(trees, task);
    const again = async (task: string) => {
      logs.bytesRead = 0;
      await linesOf(trees, task);
      return logs.bytesRead;
    };
    expect([await again('a'), await again('c')]).toEqual([0, 0]);
    expect(await again('b')).toBeGreaterThan(1_000);
  });

  test('is made anew after a failure', async () => {
    const logs = new GrowingLogs();
    const trees = new FoldedLogs(logs.open);
    logs.write('a', ROOT, lineOf('one'));
    await linesOf(trees, 'a');
    logs.broken = true;
    await expect(linesOf(trees, 'a')).rejects.toThrow('The disk is away.');
    logs.broken = false;
    logs.write('a', lineOf('two'));
    expect(await linesOf(trees, 'a')).toEqual(['one', 'two']);
  });
});
