/** What a terminal shows: secrets hidden across pieces, and the echo of a key never kept for good. */
import { Duplex, PassThrough } from 'node:stream';
import { Secret } from '@argonaut/contracts';
import { describe, expect, it } from 'vitest';
import { SecretSet } from '../masking/index.ts';
import type { JournalEntry } from '../ports/journal.ts';
import type { EngineRoom } from './engine-room.ts';
import { close, maskedOutput, openTerminal } from './terminal.ts';

function secrets(value: string): SecretSet {
  const set = new SecretSet();
  set.add([{ name: 'Token', value: new Secret(value) }]);
  return set;
}

async function everything(output: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  // A part may be a view of a buffer that is used again.
  for await (const part of output) parts.push(Uint8Array.from(part));
  return Buffer.concat(parts).toString('latin1');
}

describe('the output of a terminal', () => {
  it('hides a secret, also one that comes in pieces', async () => {
    const stream = new PassThrough();
    for (const piece of ['before hunter', '2-is-', 'secret after']) stream.write(piece);
    stream.end();
    const shown = await everything(maskedOutput(stream, secrets('hunter2-is-secret')));
    expect(shown).toMatch(/^before .* after$/);
    expect(shown).not.toContain('hunter2');
  });

  it('hides what the script declares secret, also when it does so while the terminal is open', async () => {
    const learnt = secrets('declared-before');
    const stream = new PassThrough();
    const output = maskedOutput(stream, secrets('hunter2-is-secret'), learnt);
    stream.write('declared-before\n');
    let shown = Buffer.from((await output.next()).value ?? []).toString();
    learnt.add([{ name: 'Late', value: new Secret('declared-meanwhile') }]);
    stream.end('declared-meanwhile hunter2-is-secret');
    shown += await everything(output);
    expect(shown).not.toMatch(/declared|hunter2/);
    expect(shown).toContain('********(Late)');
  });

  it('shows the echo of a key that could begin a secret, although nothing follows', async () => {
    const stream = new PassThrough();
    const output = maskedOutput(stream, secrets('hunter2-is-secret'))[Symbol.asyncIterator]();
    stream.write('$ h');
    let shown = '';
    while (shown !== '$ h') shown += Buffer.from((await output.next()).value ?? []).toString();
    stream.end();
    expect((await output.next()).done).toBe(true);
  });

  it('leaves every other byte as it is', async () => {
    const bytes = Uint8Array.from({ length: 256 * 300 }, (_, index) => index % 256);
    const stream = new PassThrough();
    stream.end(bytes);
    const shown = await everything(maskedOutput(stream, secrets('hunter2-is-secret')));
    expect(Buffer.from(shown, 'latin1').equals(Buffer.from(bytes))).toBe(true);
  });

  it('ends when the connection breaks, with what came before', async () => {
    const stream = new PassThrough();
    stream.write('so far');
    setImmediate(() => stream.destroy(new Error('broken')));
    expect(await everything(maskedOutput(stream, secrets('hunter2-is-secret')))).toBe('so far');
  });
});

/** Notes what is typed. */
function shellOf(told: Buffer[]): Duplex {
  return new Duplex({
    read: () => {},
    write: (bytes: Buffer, _encoding, done) => {
      told.push(bytes);
      done();
    },
  });
}

describe('closing a terminal', () => {
  it('tells the shell first', async () => {
    const told: Buffer[] = [];
    const stream = shellOf(told);
    await close({ stream });
    expect(Buffer.concat(told)).toEqual(Buffer.from([3, 4]));
    expect(stream.destroyed).toBe(true);
  });

  it('tells it once, also when the one it is for just leaves', async () => {
    const told: Buffer[] = [];
    const stream = shellOf(told);
    const room = {
      engine: {
        inspectContainer: async () => ({ id: 'c1', status: 'running' }),
        terminal: async () => ({ stream }),
      },
      interpreters: { find: async () => '/bin/sh' },
      images: { known: () => undefined },
    } as unknown as EngineRoom;
    const entry = {
      spec: { title: 'Step', attempt: 'a1', place: { kind: 'container', image: { local: 'tool:1' } } },
      phase: 'go',
    } as unknown as JournalEntry;
    const leaving = new AbortController();
    const request = { columns: 80, rows: 24, term: 'xterm', secrets: [] };
    const session = await openTerminal(room, entry, request, async () => new SecretSet(), leaving.signal);
    leaving.abort(new Error('left'));
    await session.close();
    expect(Buffer.concat(told)).toEqual(Buffer.from([3, 4]));
    expect(stream.destroyed).toBe(true);
  });

  it('does not wait for a program that reads nothing', async () => {
    const stream = new Duplex({ read: () => {}, write: () => {} });
    stream.write('a long paste');
    const shown = everything(maskedOutput(stream, secrets('hunter2-is-secret')));
    await close({ stream });
    expect(await shown).toBe('');
  });
});
