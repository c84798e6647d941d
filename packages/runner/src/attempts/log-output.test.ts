/** What of a log is masked when: the two pipes of a script have no order between them. */
import type { StreamTag } from '@argonaut/init';
import { expect, it } from 'vitest';
import { formatMessage } from '../messages/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { LogOutput } from './log-output.ts';
import type { LogReader } from './log-reader.ts';
import { StagingDirectory } from './staging-directory.ts';
import type { AttemptRoom } from './surroundings.ts';

const signal = AbortSignal.timeout(60_000);
const directory = new StagingDirectory('/attempts/one');
const clock: Clock = { now: () => 0, monotonic: () => 0, sleep: async () => {}, random: () => 0 };
const idle = { logBlocked: false };
const declared = `${formatMessage('mask', { value: 'later-secret' })}\n`;

interface Init {
  /** Absent: it does not answer. */
  readonly state?: { readonly logBlocked: boolean };
  /** Called when it is asked. */
  readonly asked?: () => void;
  /** It has written its last. */
  readonly ended?: boolean;
}

/** A log that grows by `grows`. */
function follow({ state, asked = () => {}, ended = false }: Init) {
  const written: { readonly stream: StreamTag; readonly bytes: Uint8Array; readonly offset: number }[] = [];
  let end = 0;
  let read = 0;
  const log = {
    get offset() {
      return read;
    },
    next: async () => {
      read = end;
      return written.splice(0).map((piece) => ({ ...piece, timeNs: 0n }));
    },
  } as unknown as LogReader;
  const entry = { spec: { serviceMessages: true } } as unknown as JournalEntry;
  const output = new LogOutput(log, entry, { cursor: 0, secrets: [] }, []);
  const status = async () => {
    asked();
    return state;
  };
  const stat = async () => (ended ? { kind: 'file' } : undefined);
  const shown = () => (output.due(0)?.runs ?? []).map(({ bytes }) => Buffer.from(bytes).toString()).join('');
  return {
    output,
    shown,
    settle: () =>
      output.settle(
        { gates: { status }, clock, files: { stat } } as unknown as AttemptRoom,
        directory,
        signal,
      ),
    grows: (stream: StreamTag, text: string) => {
      written.push({ stream, bytes: Buffer.from(text), offset: end });
      end += text.length;
    },
  };
}

it('waits with stderr until init has read what was written to stdout before', async () => {
  const { output, shown, settle, grows } = follow({ state: idle, asked: () => grows('stdout', declared) });
  grows('stderr', 'see later-secret\n');
  await output.read(signal);
  expect([shown(), output.waits]).toEqual(['', true]);
  expect(await settle()).toBe(true);
  expect([shown(), output.waits]).toEqual(['see ********\n', false]);
});

it('does not wait with stdout', async () => {
  const { output, shown, grows } = follow({ state: idle });
  grows('stdout', 'plain\n');
  await output.read(signal);
  expect([shown(), output.waits]).toEqual(['plain\n', false]);
});

it('needs no init for what lies far behind the end of what was read', async () => {
  const { output, shown, grows } = follow({ state: idle });
  grows('stderr', 'see later-secret\n');
  grows('stdout', declared);
  grows('stdout', `${'x'.repeat(128 * 1024)}\n`);
  await output.read(signal);
  expect(shown().startsWith('see ********\n')).toBe(true);
});

it('shows nothing of stderr while the disk is full: init does not read then', async () => {
  const { output, shown, settle, grows } = follow({ state: { logBlocked: true } });
  grows('stderr', 'see later-secret\n');
  await output.read(signal);
  expect([await settle(), shown(), output.waits]).toEqual([false, '', true]);
});

it('goes on without an init that cannot be asked', async () => {
  const { output, shown, settle, grows } = follow({});
  grows('stderr', 'text\n');
  await output.read(signal);
  expect([await settle(), shown()]).toEqual([true, 'text\n']);
});

it('shows all of it at the end', async () => {
  const { output, grows } = follow({});
  grows('stderr', 'see later-secret\n');
  grows('stdout', declared);
  await output.read(signal);
  expect(Buffer.from(output.end(0)?.runs[0]?.bytes ?? []).toString()).toBe('see ********\n');
});

it('leaves the end of a log whose init has ended to the end', async () => {
  const { output, shown, settle, grows } = follow({ ended: true });
  grows('stderr', 'see later-secret\n');
  await output.read(signal);
  expect([await settle(), shown(), output.waits]).toEqual([true, '', true]);
});
