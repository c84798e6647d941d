/** The gate: who may start a program, with what, and what happens to half a message. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectControl, encodeGateMessages, encodeRelease, encodeStatus, exitCodes } from '../src/index.ts';
import { encodeMessage, encodeRecord } from '../src/protocol.ts';
import { AttemptUnderTest, initCommand, newAttemptDirectory, until } from './attempt-under-test.ts';
import { badRecord, changed, firstAnswer, withGo, write } from './raw-gate.ts';

const root = process.getuid?.() === 0;

describe('the start guard', () => {
  test('of three starts on one directory lets exactly one through; the others end with 250 and touch nothing', async () => {
    for (let round = 0; round < Number(process.env.ARGONAUT_STARTS ?? 10); round++) {
      const directory = newAttemptDirectory();
      const three = [0, 1, 2].map(() => new AttemptUnderTest({ directory }));
      const client = await Promise.any(three.map((each) => each.connect()));
      await client.open({
        program: ['sh', '-c', 'echo run >> "$0"; exit 4', join(directory, '..', 'ledger')],
      });
      const codes = await Promise.all(three.map(async (each) => (await each.ended).code));
      expect(codes.toSorted()).toEqual([exitCodes.alreadyStarted, exitCodes.alreadyStarted, 4]);
      expect(readFileSync(join(directory, '..', 'ledger'), 'utf8')).toBe('run\n');
      for (const each of three) each[Symbol.dispose]();
    }
  });

  test('refuses a second start after the end, and leaves the first result alone', async () => {
    using first = new AttemptUnderTest();
    await first.run('echo one; exit 3');
    const before = readFileSync(first.path('exit'));
    using second = new AttemptUnderTest({ directory: first.directory });
    expect((await second.ended).code).toBe(exitCodes.alreadyStarted);
    expect(readFileSync(first.path('exit'))).toEqual(before);
    expect(first.log()).toBe('one\n');
  });

  test('says 251 and writes nothing if the directory is missing', async () => {
    using attempt = new AttemptUnderTest({ directory: '/nowhere/at/all' });
    expect((await attempt.ended).code).toBe(exitCodes.directory);
    expect(attempt.stderr).toContain('/nowhere/at/all');
  });

  test.skipIf(!root)('says 251 and writes nothing if the user may not write into the directory', async () => {
    const directory = newAttemptDirectory();
    chmodSync(directory, 0o755);
    using attempt = new AttemptUnderTest({ directory, uid: 12_345 });
    expect((await attempt.ended).code).toBe(exitCodes.directory);
    expect(readdirSync(directory)).toEqual([]);
  });

  test.skipIf(!root)('works for a user without a passwd entry in a directory of mode 0777', async () => {
    using attempt = new AttemptUnderTest({ uid: 54_321 });
    expect(await attempt.run('id -u; exit 0')).toMatchObject({ code: 0 });
    expect(attempt.log()).toBe('54321\n');
  });

  test('works below a path that is too long for a socket', async () => {
    const short = newAttemptDirectory();
    const directory = join(short, 'x'.repeat(161), 'attempt');
    mkdirSync(directory, { recursive: true });
    using attempt = new AttemptUnderTest({ directory });
    expect(await attempt.run('exit 5')).toMatchObject({ code: 5 });
    rmSync(join(short, '..'), { recursive: true });
  });
});

describe('at the gate', () => {
  test('init waits without a wake-up, and no user code has run', async () => {
    using attempt = new AttemptUnderTest();
    const client = await attempt.connect();
    expect(await client.status()).toEqual({ phase: 'waiting', logBlocked: false });
    const switches = () =>
      /voluntary_ctxt_switches:\s+(\d+)/.exec(
        readFileSync(`/proc/${attempt.process.pid}/status`, 'utf8'),
      )?.[1];
    // Whoever polls wakes up in every window; a machine that is busy (or an emulator) disturbs one or the other.
    const quiet: boolean[] = [];
    while (quiet.length < 10 && !quiet.includes(true)) {
      const before = switches();
      await new Promise((resolve) => setTimeout(resolve, 300));
      quiet.push(switches() === before);
    }
    expect(quiet).toContain(true);
    expect(attempt.log()).toBe('');
    client.close();
  });

  test('TERM ends it at once: cancelled-at-gate, 143', async () => {
    using attempt = new AttemptUnderTest();
    (await attempt.connect()).close();
    attempt.process.kill('SIGTERM');
    expect(await attempt.ended).toEqual({ code: exitCodes.cancelledAtGate, signal: null });
    expect(attempt.exit()).toMatchObject({
      reason: 'cancelled-at-gate',
      code: 143,
      by: 'SIGTERM',
      logBytes: 0n,
    });
  });

  test('a cancel through the socket does the same, is answered, and nobody can open afterwards', async () => {
    using attempt = new AttemptUnderTest();
    const client = await attempt.connect();
    const late = await attempt.connect();
    await client.cancel();
    await expect(late.open({ program: ['true'] })).rejects.toMatchObject({ kind: 'Lost' });
    expect((await attempt.ended).code).toBe(exitCodes.cancelledAtGate);
    expect(attempt.exit()).toMatchObject({ reason: 'cancelled-at-gate', by: 'control' });
  });

  test('its own deadline ends it with 252', async () => {
    using attempt = new AttemptUnderTest({ gateMs: 100 });
    expect((await attempt.ended).code).toBe(exitCodes.gate);
    expect(attempt.exit()).toMatchObject({ reason: 'gate-timeout', code: 252 });
  });

  test('the gate’s deadline does not hold for the program', async () => {
    using attempt = new AttemptUnderTest({ gateMs: 400 });
    expect(await attempt.run('sleep 0.6; exit 3')).toMatchObject({ reason: 'exited', code: 3 });
  });

  test('without a writable place for its socket init says 252', async () => {
    const directory = newAttemptDirectory();
    mkdirSync(join(directory, 'ctl'));
    using attempt = new AttemptUnderTest({ directory });
    expect((await attempt.ended).code).toBe(exitCodes.gate);
  });
});

describe('opening', () => {
  test('is answered once the program has started, and a second go is told so', async () => {
    using attempt = new AttemptUnderTest();
    const client = await attempt.connect();
    expect(await client.open({ program: ['sleep', '60'] })).toEqual({ outcome: 'started' });
    expect(await client.open({ program: ['true'] })).toEqual({ outcome: 'already' });
    expect(await client.status()).toMatchObject({ phase: 'running' });
    const another = await attempt.connect();
    expect(await another.open({ program: ['true'] })).toEqual({ outcome: 'already' });
    await another.cancel(0);
    await attempt.ended;
    client.close();
    another.close();
  });

  test('requests that follow in the same breath are answered too', async () => {
    using attempt = new AttemptUnderTest();
    const client = await attempt.connect();
    const [opened, state] = await Promise.all([client.open({ program: ['sleep', '0.2'] }), client.watch()]);
    expect(opened).toEqual({ outcome: 'started' });
    expect(state.phase).toBe('running');
    await attempt.ended;
  });

  test('watchers are told every phase and the exit record', async () => {
    using attempt = new AttemptUnderTest();
    const client = await attempt.connect();
    const seen: unknown[] = [];
    client.onState = (state) => seen.push(state.phase);
    client.onExit = (record) => seen.push(record.code);
    const closed = new Promise((resolve) => (client.onClose = resolve));
    await client.watch();
    await attempt.open({ program: ['sh', '-c', 'exit 6'] });
    await closed;
    expect(seen[0]).toBe('waiting');
    expect(seen).toContain('running');
    expect(seen).toContain('draining');
    expect(seen.at(-1)).toBe(6);
  });

  test.each([
    { what: 'half a payload', cut: (whole: Buffer) => whole.subarray(0, whole.length >> 1) },
    { what: 'all but the last byte', cut: (whole: Buffer) => whole.subarray(0, whole.length - 1) },
  ])('$what and a lost connection change nothing; a new connection starts afresh', async ({ cut }) => {
    using attempt = new AttemptUnderTest();
    const torn = await connectControl(attempt.directory, { deadlineMs: 10_000 });
    await write(
      torn,
      cut(Buffer.concat(encodeGateMessages({ program: ['sh', '-c', 'echo torn'], env: { TORN: '1' } }))),
    );
    torn.destroy();
    expect(await attempt.run('echo "whole$TORN"')).toMatchObject({ code: 0 });
    expect(attempt.log()).toBe('whole\n');
  });

  test('variables sent on another connection do not mix in', async () => {
    using attempt = new AttemptUnderTest();
    const other = await connectControl(attempt.directory, { deadlineMs: 10_000 });
    await write(
      other,
      encodeMessage([encodeRecord('env', 'LD_PRELOAD=/evil'), encodeRecord('argument', 'evil')]),
    );
    await attempt.run('echo "[$LD_PRELOAD]"');
    expect(attempt.log()).toBe('[]\n');
    other.destroy();
  });

  test.each([
    { what: 'a flipped bit', harm: (m: Buffer) => changed(m, 20, (m[20] ?? 0) ^ 1), says: 'damaged' },
    { what: 'another magic', harm: (m: Buffer) => changed(m, 0, 0x42), says: 'not a message' },
    {
      what: 'a length over the cap',
      harm: (m: Buffer) => changed(m, 7, 1),
      says: 'too long',
    },
    { what: 'a record that ends outside', harm: () => badRecord(), says: 'damaged' },
    {
      what: 'an unknown record',
      harm: () => encodeMessage([Buffer.from([99, 0, 0, 0, 0])]),
      says: 'unknown record',
    },
    { what: 'no program', harm: () => encodeMessage([encodeRecord('go')]), says: 'no program' },
    {
      what: 'an unknown option',
      harm: () => withGo(encodeRecord('option', 'colour=red')),
      says: 'unknown option',
    },
    {
      what: 'a path that only the command line may set',
      harm: () => withGo(encodeRecord('option', 'files=/etc')),
      says: 'unknown option',
    },
    {
      what: 'a negative time',
      harm: () => withGo(encodeRecord('option', 'grace-ms=-1')),
      says: 'unknown option',
    },
    { what: 'a NUL in a variable', harm: () => withGo(encodeRecord('env', 'A=b\0c')), says: 'NUL' },
    {
      what: 'more arguments than an exec may carry',
      harm: () => {
        const many = encodeMessage(new Array<Buffer>(150_000).fill(encodeRecord('argument', 'x')));
        return Buffer.concat([...new Array<Buffer>(7).fill(many), withGo()]);
      },
      says: 'too many arguments',
    },
  ])('$what is refused with a reason, and the gate stays', async ({ harm, says }) => {
    using attempt = new AttemptUnderTest();
    const socket = await connectControl(attempt.directory, { deadlineMs: 10_000 });
    const message = harm(Buffer.concat(encodeGateMessages({ program: ['sh', '-c', 'echo never'] })));
    expect(await firstAnswer(socket, message)).toMatchObject({
      type: 'error',
      message: expect.stringContaining(says),
    });
    expect(await attempt.run('echo fine')).toMatchObject({ code: 0 });
    expect(attempt.log()).toBe('fine\n');
  });

  test('options of a refused payload are forgotten', async () => {
    using attempt = new AttemptUnderTest();
    const socket = await connectControl(attempt.directory, { deadlineMs: 10_000 });
    await firstAnswer(socket, withGo(encodeRecord('option', 'deadline-ms=50'), encodeRecord('env', '=x')));
    expect(await attempt.run('sleep 0.2; exit 3')).toMatchObject({ reason: 'exited', code: 3 });
  });

  test('nine strangers on the socket cannot lock the worker out', async () => {
    using attempt = new AttemptUnderTest();
    const strangers: Socket[] = [];
    for (let i = 0; i < 9; i++)
      strangers.push(await connectControl(attempt.directory, { deadlineMs: 10_000 }));
    expect(await attempt.run('exit 2')).toMatchObject({ code: 2 });
    for (const each of strangers) each.destroy();
  });

  test('after go only what cannot raise rights is obeyed', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.open({ program: ['sleep', '60'], options: { deadlineMs: 300, graceMs: 0 } });
    const client = await attempt.connect();
    expect(await client.open({ program: ['true'], options: { deadlineMs: 600_000 } })).toEqual({
      outcome: 'already',
    });
    await attempt.ended;
    expect(attempt.exit().reason).toBe('timeout');
  });
});

test('the start is not lost with the sender: whoever reconnects asks for the status', async () => {
  using attempt = new AttemptUnderTest();
  const sender = await connectControl(attempt.directory, { deadlineMs: 10_000 });
  await write(sender, Buffer.concat(encodeGateMessages({ program: ['sleep', '60'] })));
  sender.destroy();
  const client = await attempt.connect();
  await until(async () => (await client.status()).phase === 'running', 'the program runs');
  attempt.process.kill('SIGTERM');
  await attempt.ended;
});

test('a release in any other state does nothing', async () => {
  using attempt = new AttemptUnderTest();
  const socket = await connectControl(attempt.directory, { deadlineMs: 10_000 });
  expect(await firstAnswer(socket, encodeRelease())).toEqual({ type: 'ok' });
  const again = await connectControl(attempt.directory, { deadlineMs: 10_000 });
  expect(await firstAnswer(again, encodeStatus())).toMatchObject({ state: { phase: 'waiting' } });
  expect(await attempt.run('exit 0')).toMatchObject({ code: 0 });
});

test('an unknown command line is told so with 254', async () => {
  const [command, ...rest] = initCommand('run', 'colour=red');
  const child = spawn(command, rest, { stdio: 'ignore' });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(code).toBe(exitCodes.usage);
});
