/** The task log's format and what is made of it. */
import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  ActivityTree,
  encodeFrames,
  hashStreams,
  LogDamaged,
  LogFile,
  type LogFrame,
  type LogSource,
  MAGIC,
  MAX_LINE_BYTES,
  MAX_TEXT_BYTES,
  RawText,
  readFrames,
} from '../../src/tasklog/index.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

async function logPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'argonaut-log-'));
  directories.push(directory);
  return join(directory, 'log');
}

const inMemory = (bytes: Buffer): LogSource => ({
  length: async () => bytes.length,
  read: async (offset, maxBytes) => bytes.subarray(offset, offset + maxBytes),
});

const whole = (frames: readonly LogFrame[]): Buffer => Buffer.concat([MAGIC, encodeFrames(frames)]);

const text = (
  bytes: string | Buffer,
  changes: Partial<Extract<LogFrame, { type: 'text' }>> = {},
): LogFrame => ({
  type: 'text',
  activity: 'a1',
  source: 'stdout',
  level: 'Info',
  timeMs: 1_000,
  bytes: Buffer.from(bytes),
  ...changes,
});

const declared: readonly LogFrame[] = [
  { type: 'activity', activity: 'task', parent: '', name: 'Ship', kind: 'task' },
  { type: 'activity', activity: 'step-1', parent: 'task', name: 'Step 1: build', kind: 'step' },
  { type: 'activity', activity: 'a1', parent: 'step-1', name: 'worker one', kind: 'attempt' },
];

async function framesOf(source: LogSource, from = 0): Promise<LogFrame[]> {
  const frames: LogFrame[] = [];
  for await (const { frame } of readFrames(source, from)) frames.push(frame);
  return frames;
}

function treeOf(frames: readonly LogFrame[], options = {}) {
  const tree = new ActivityTree(options);
  for (const frame of frames) tree.push(frame);
  return tree;
}

function attemptOf(tree: ActivityTree, tail?: number) {
  const attempt = tree.toElements(tail)[0]?.Children[0]?.Children[0];
  if (attempt === undefined) throw new Error('There is no attempt in the tree.');
  return attempt;
}

describe('the format', () => {
  test('gives back every kind of frame, with every byte', async () => {
    const frames: readonly LogFrame[] = [
      ...declared,
      { type: 'status', activity: 'a1', status: 'Running', timeMs: 1.5 },
      text(Buffer.from([0, 255, 10, 13, 128])),
      text('', { source: 'stderr', level: 'Error' }),
      { type: 'progress', activity: 'a1', percentage: 40, message: 'half' },
      { type: 'timing', activity: 'a1', timings: { create: 8.25 } },
    ];
    expect(await framesOf(inMemory(whole(frames)))).toEqual(frames);
  });

  test('splits text that is longer than a frame may be, and loses nothing', async () => {
    const bytes = Buffer.alloc(2 * MAX_TEXT_BYTES + 7, 'x');
    const frames = await framesOf(inMemory(whole([text(bytes)])));
    expect(frames).toHaveLength(3);
    expect(Buffer.concat(frames.map((frame) => (frame.type === 'text' ? frame.bytes : Buffer.of())))).toEqual(
      bytes,
    );
  });

  test('can be read on from the end of any frame', async () => {
    const source = inMemory(whole([...declared, text('one\n'), text('two\n'), text('three\n')]));
    const all = await framesOf(source);
    let position = 0;
    for await (const { next } of readFrames(source)) {
      position += 1;
      expect(await framesOf(source, next)).toEqual(all.slice(position));
    }
    expect(position).toBe(all.length);
  });

  test('says where it is damaged: a changed byte, a torn end, another file', async () => {
    const bytes = whole([text('one\n'), text('two\n')]);
    const changed = Buffer.from(bytes);
    changed[bytes.length - 2] = 0x21;
    await expect(framesOf(inMemory(changed))).rejects.toThrow(LogDamaged);
    await expect(framesOf(inMemory(bytes.subarray(0, -1)))).rejects.toThrow(/cut off/);
    await expect(framesOf(inMemory(Buffer.from('something else entirely')))).rejects.toThrow(/at byte 0/);
  });
});

describe('a log in a file', () => {
  test('keeps what was committed and cuts off what was not', async () => {
    const path = await logPath();
    let committed = 0;
    {
      await using log = await LogFile.openForAppend(path, 0);
      committed = await log.append(encodeFrames([text('kept\n')]));
      await log.append(encodeFrames([text('never committed\n')]));
    }
    await appendFile(path, 'half a fra');
    await using again = await LogFile.openForAppend(path, committed);
    expect(await framesOf(again)).toEqual([text('kept\n')]);
    await again.append(encodeFrames([text('next\n')]));
    expect(await framesOf(again)).toEqual([text('kept\n'), text('next\n')]);
  });

  test('refuses to go on when the disk lost committed bytes', async () => {
    const path = await logPath();
    {
      await using log = await LogFile.openForAppend(path, 0);
      await log.append(encodeFrames([text('x\n')]));
    }
    await expect(LogFile.openForAppend(path, 10_000)).rejects.toThrow(/10000 were stored/);
  });
});

describe('the tree of activities', () => {
  test('puts lines together that were cut anywhere, each stream by itself, with the time of its first byte', () => {
    const tree = treeOf([
      ...declared,
      text('hel', { timeMs: 1_000 }),
      text('wrong\n', { source: 'stderr', level: 'Error', timeMs: 1_500 }),
      text('lo\r\nopen', { timeMs: 2_000 }),
    ]);
    expect(attemptOf(tree).LogElements).toEqual([
      { Category: 'Error', OccurredAt: '1970-01-01T00:00:01.500+00:00', MessageText: 'wrong' },
      { Category: 'Info', OccurredAt: '1970-01-01T00:00:01.000+00:00', MessageText: 'hello' },
      { Category: 'Info', OccurredAt: '1970-01-01T00:00:02.000+00:00', MessageText: 'open' },
    ]);
  });

  test('characters of several bytes survive a cut', () => {
    const bytes = Buffer.from('grüße\n');
    const tree = treeOf([...declared, text(bytes.subarray(0, 3)), text(bytes.subarray(3))]);
    expect(attemptOf(tree).LogElements[0]?.MessageText).toBe('grüße');
  });

  test('a success with warnings says so, up to the step', () => {
    const done = { type: 'status', status: 'Success', timeMs: 3_000 } as const;
    const tree = treeOf([
      ...declared,
      text('careful\n', { level: 'Warning' }),
      { ...done, activity: 'a1' },
      { ...done, activity: 'step-1' },
    ]);
    expect(tree.toElements()[0]?.Children[0]?.Status).toBe('SuccessWithWarning');
    expect(tree.hasWarningsOrErrors()).toBe(true);
  });

  test('keeps the last lines only when asked, and says how many are left out', () => {
    const lines = Array.from({ length: 10 }, (_, index) => text(`line ${index}\n`));
    const tree = treeOf([...declared, ...lines]);
    const { LogElements } = attemptOf(tree, 2);
    expect(attemptOf(tree).LogElements).toHaveLength(10);
    expect(attemptOf(tree, 0).LogElements).toEqual([]);
    expect(LogElements.map(({ Category, MessageText }) => `${Category} ${MessageText}`)).toEqual([
      'Gap 8 earlier lines are left out here; the raw log has them.',
      'Info line 8',
      'Info line 9',
    ]);
  });

  test('leaves out verbose lines when asked', () => {
    const frames = [...declared, text('loud\n'), text('quiet\n', { level: 'Verbose', source: 'server' })];
    expect(attemptOf(treeOf(frames, { verbose: false })).LogElements).toHaveLength(1);
  });

  test('a line of 50 MB is cut for display, and memory does not grow with it', () => {
    const tree = treeOf(declared);
    const piece = text(Buffer.alloc(1024 * 1024, 'y'));
    for (let index = 0; index < 50; index += 1) tree.push(piece);
    tree.push(text('\n'));
    const [element] = attemptOf(tree).LogElements;
    expect(element?.MessageText.length).toBeLessThan(MAX_LINE_BYTES + 100);
    expect(element?.MessageText).toContain(`${50 * 1024 * 1024 - MAX_LINE_BYTES} more bytes`);
  });

  test('holds no more for many long activities than for a few: the longest give lines, and say how many', () => {
    const tree = treeOf(declared);
    const line = `${'z'.repeat(10_000)}\n`;
    const [many, lines] = [12, 400];
    for (let index = 0; index < many; index += 1) {
      const activity = `b${index}`;
      tree.push({ type: 'activity', activity, parent: 'step-1', name: activity, kind: 'attempt' });
      for (let count = 0; count < lines; count += 1) tree.push(text(line, { activity }));
    }
    expect(tree.length).toBeLessThan(17 * 1024 * 1024);
    const attempts = tree.toElements()[0]?.Children[0]?.Children.slice(1) ?? [];
    const leftOut = attempts.map(({ LogElements: [first] }) =>
      first?.Category === 'Gap' ? Number.parseInt(first.MessageText, 10) : 0,
    );
    const shown = attempts.map(
      ({ LogElements }) => LogElements.filter(({ Category }) => Category !== 'Gap').length,
    );
    expect(shown.map((count, index) => count + (leftOut[index] ?? 0))).toEqual(attempts.map(() => lines));
    expect(Math.min(...shown)).toBeGreaterThan(50);
  });
});

test('the raw text names each activity when it changes, and shows lines without an end', () => {
  const raw = new RawText();
  const frames: readonly LogFrame[] = [
    ...declared,
    text('one\ntwo', { timeMs: Date.UTC(2026, 0, 1, 12, 34, 56) }),
    { type: 'status', activity: 'a1', status: 'Failed', timeMs: Date.UTC(2026, 0, 1, 12, 35, 0) },
  ];
  const shown = [...frames.flatMap((frame) => [...raw.push(frame)]), ...raw.finish()].join('');
  expect(shown).toBe(
    '                    | == Ship / Step 1: build / worker one ==\n' +
      '12:34:56   Info     | one\n' +
      '12:34:56   Info     | two\n' +
      '12:35:00   Info     | == Failed ==\n',
  );
});

test('streams are hashed by attempt and stream, without our own lines', async () => {
  const source = inMemory(
    whole([
      text('a'),
      text('E', { source: 'stderr' }),
      text('ours\n', { source: 'server' }),
      text('b'),
      text('x', { activity: 'a2' }),
    ]),
  );
  const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');
  expect(await hashStreams(source)).toEqual([
    { activity: 'a1', stream: 'stdout', bytes: 2, sha256: sha256('ab') },
    { activity: 'a1', stream: 'stderr', bytes: 1, sha256: sha256('E') },
    { activity: 'a2', stream: 'stdout', bytes: 1, sha256: sha256('x') },
  ]);
});
