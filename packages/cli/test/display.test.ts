/** What is shown of a run: on a terminal, and as JSON. */
import type { LogFrame } from '@argonaut/server/tasklog';
import { expect, test } from 'vitest';
import { RunLines } from '../src/display/lines-of-run.ts';
import { durationText, TerminalDisplay } from '../src/display/terminal-display.ts';
import { JsonDisplay } from '../src/run/json-display.ts';

const text = (activity: string, bytes: string, level: 'Info' | 'Error' | 'Verbose' = 'Info'): LogFrame => ({
  type: 'text',
  activity,
  source: level === 'Error' ? 'stderr' : 'stdout',
  level,
  timeMs: 1_000,
  bytes: Buffer.from(bytes),
});

const frames: readonly LogFrame[] = [
  { type: 'activity', activity: 'task', parent: '', name: 'Ship', kind: 'task' },
  { type: 'activity', activity: 'step-1', parent: 'task', name: 'Step 1: build', kind: 'step' },
  { type: 'activity', activity: 'step-2', parent: 'task', name: 'Step 2: scan', kind: 'step' },
  { type: 'status', activity: 'step-1', status: 'Running', timeMs: 0 },
  { type: 'activity', activity: 'a1', parent: 'step-1', name: 'this machine', kind: 'attempt' },
  { type: 'status', activity: 'a1', status: 'Running', timeMs: 0 },
  text('a1', 'half a '),
  text('a1', 'hidden\n', 'Verbose'),
  text('a1', 'wrong\n', 'Error'),
  text('a1', 'line\nno end'),
  { type: 'status', activity: 'a1', status: 'Success', timeMs: 1_500 },
  { type: 'status', activity: 'step-1', status: 'Success', timeMs: 1_500 },
];

test('a terminal shows headers, whole lines and durations', () => {
  let shown = '';
  const write = (piece: string): void => {
    shown += piece;
  };
  const lines = new RunLines(new TerminalDisplay({ write, colours: false, verbose: false }));
  for (const frame of frames) lines.push(frame);
  expect(shown).toBe('▶ 1 build\n  half a hidden\n  wrong\n  line\n  no end\n✓ build success 1.5 s\n');
});

test('lines of steps that run side by side carry their name', () => {
  let shown = '';
  const write = (piece: string): void => {
    shown += piece;
  };
  const lines = new RunLines(new TerminalDisplay({ write, colours: false, verbose: false }));
  for (const frame of frames.slice(0, 6)) lines.push(frame);
  lines.push({ type: 'status', activity: 'step-2', status: 'Running', timeMs: 0 });
  lines.push(text('a1', 'mine\n'));
  expect(shown).toBe('▶ 1 build\n▶ 2 scan\nbuild │ mine\n');
});

test('JSON tells one event a line', () => {
  const events: unknown[] = [];
  const lines = new RunLines(new JsonDisplay((line) => void events.push(JSON.parse(line))));
  for (const frame of frames) lines.push(frame);
  expect(events).toContainEqual({
    type: 'log',
    of: 'step',
    name: 'build',
    step: 1,
    source: 'stderr',
    level: 'Error',
    time: '1970-01-01T00:00:01.000Z',
    text: 'wrong',
  });
  expect(events.at(-1)).toMatchObject({ type: 'status', of: 'step', name: 'build', status: 'Success' });
});

test('durations are short to read', () => {
  expect([40, 12_345, 184_000].map(durationText)).toEqual(['0.0 s', '12.3 s', '3 min 4 s']);
});
