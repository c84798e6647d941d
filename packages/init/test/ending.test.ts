/** Who may end what, and when: a cancel after the program has ended, what cannot be killed, and a relay that stays. */
import { chmodSync, copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectControl, exitCodes, type GatePayload } from '../src/index.ts';
import { encodeHello } from '../src/protocol.ts';
import { AttemptUnderTest, emulated, marked, newAttemptDirectory, until } from './attempt-under-test.ts';
import { write } from './raw-gate.ts';

const root = process.getuid?.() === 0;
const stubborn = 'trap "" TERM; echo ready; while :; do sleep 0.1; done';

describe.skipIf(emulated)('a cancel of a program that has ended', () => {
  test.each([{ linger: false }, { linger: true }])(
    'ends the drain and what is left, the code stays (linger: $linger)',
    async ({ linger }) => {
      using attempt = new AttemptUnderTest({ attempt: `drain-${linger}` });
      const client = await attempt.connect();
      await client.open({
        program: ['sh', '-c', `(${stubborn}) & exit 3`],
        options: { drainMs: 600_000, linger },
      });
      await until(async () => (await client.status()).phase === 'draining', 'the program has ended');
      await until(() => attempt.log() === 'ready\n', 'its daemon is ready');
      await client.cancel(0);
      expect(await attempt.ended).toEqual({ code: 3, signal: null });
      expect(attempt.exit()).toMatchObject({ reason: 'exited', code: 3, by: null, unkilled: 0 });
      expect(attempt.exit().stragglers).toBeGreaterThanOrEqual(1);
      expect(marked(`drain-${linger}`)).toEqual([]);
      client.close();
    },
  );

  test('ends a daemon that was left to linger, also one that ignores TERM; the record stays', async () => {
    using attempt = new AttemptUnderTest({ attempt: 'linger-cancel' });
    const client = await attempt.connect();
    await client.open({
      program: ['sh', '-c', `(${stubborn}) & sleep 0.2; exit 3`],
      options: { drainMs: 100, linger: true },
    });
    await until(async () => (await client.status()).phase === 'lingering', 'init lingers');
    const record = readFileSync(attempt.path('exit'));
    await client.cancel(100);
    expect(await attempt.ended).toEqual({ code: 3, signal: null });
    expect(marked('linger-cancel')).toEqual([]);
    expect(readFileSync(attempt.path('exit'))).toEqual(record);
    client.close();
  });
});

describe.skipIf(!root || emulated)('a process that became another user’s and cannot be killed', () => {
  /** A copy of `setpriv` that is root for whoever runs it, beside the attempt. */
  function withRootsHelp(attempt: string): { attempt: AttemptUnderTest; become: string } {
    const directory = newAttemptDirectory();
    const become = join(dirname(directory), 'become');
    copyFileSync('/usr/bin/setpriv', become);
    chmodSync(become, 0o4755);
    return { attempt: new AttemptUnderTest({ directory, attempt, uid: 1000 }), become };
  }

  async function end(attempt: AttemptUnderTest, name: string, payload: GatePayload): Promise<void> {
    await attempt.open(payload);
    await until(() => existsSync(attempt.path('exit')), 'it is given up');
    const left = marked(name);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    expect(left).toHaveLength(1);
    await attempt.ended;
  }

  test('is given up when the program left it behind, and counted', async () => {
    const { attempt, become } = withRootsHelp('foreign-daemon');
    using _ = attempt;
    await end(attempt, 'foreign-daemon', {
      program: ['sh', '-c', '"$0" --reuid 0 --clear-groups sleep 60 & sleep 0.3; exit 4', become],
      options: { drainMs: 100 },
    });
    expect(attempt.exit()).toMatchObject({ reason: 'exited', code: 4, stragglers: 1, unkilled: 1 });
  });

  test('is given up when it is the program itself: neither code nor signal, and counted', async () => {
    const { attempt, become } = withRootsHelp('foreign-program');
    using _ = attempt;
    await end(attempt, 'foreign-program', {
      program: [become, '--reuid', '0', '--clear-groups', 'sleep', '60'],
      options: { deadlineMs: 300, graceMs: 0, drainMs: 0 },
    });
    expect(attempt.exit()).toMatchObject({ reason: 'timeout', code: null, signal: null, unkilled: 1 });
    expect(await attempt.ended).toEqual({ code: 137, signal: null });
  });

  test('is not counted when it ends by itself after it was given up', async () => {
    const { attempt, become } = withRootsHelp('foreign-late');
    using _ = attempt;
    const client = await attempt.connect();
    await client.open({
      program: [become, '--reuid', '0', '--clear-groups', 'sleep', '60'],
      options: { deadlineMs: 300, graceMs: 0, drainMs: 600_000 },
    });
    await until(async () => (await client.status()).phase === 'draining', 'the program is given up');
    for (const pid of marked('foreign-late')) process.kill(pid, 'SIGKILL');
    await attempt.ended;
    expect(attempt.exit()).toMatchObject({ reason: 'timeout', signal: null, stragglers: 0, unkilled: 0 });
    client.close();
  });

  test('is given up when it was left to linger and is cancelled', async () => {
    const { attempt, become } = withRootsHelp('foreign-linger');
    using _ = attempt;
    const client = await attempt.connect();
    await client.open({
      program: ['sh', '-c', '"$0" --reuid 0 --clear-groups sleep 60 & sleep 0.3; exit 4', become],
      options: { drainMs: 100, linger: true },
    });
    await until(async () => (await client.status()).phase === 'lingering', 'init lingers');
    await client.cancel(0);
    expect(await attempt.ended).toEqual({ code: 4, signal: null });
    const left = marked('foreign-linger');
    for (const pid of left) process.kill(pid, 'SIGKILL');
    expect(left).toHaveLength(1);
    client.close();
  });

  test('adds nothing to the log once the record is written, though it goes on printing', async () => {
    const { attempt, become } = withRootsHelp('foreign-printer');
    using _ = attempt;
    const beats = join(attempt.directory, 'beats');
    const loop = 'while :; do echo more; echo beat >> "$0"; sleep 0.05; done';
    await attempt.open({
      program: [
        ...['sh', '-c', '"$0" --reuid 0 --clear-groups sh -c "$1" "$2" & sleep 0.3; exit 4'],
        ...[become, loop, beats],
      ],
      options: { drainMs: 100, holdMs: 600_000 },
    });
    await until(() => existsSync(attempt.path('held')), 'the attempt is held');
    const before = statSync(beats).size;
    await until(() => statSync(beats).size > before + 20, 'it goes on printing');
    const size = statSync(attempt.path('log')).size;
    for (const pid of marked('foreign-printer')) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // one of its `sleep`s, ended by itself meanwhile
      }
    }
    expect(attempt.exit().logBytes).toBe(BigInt(size));
    attempt.process.kill('SIGUSR1');
    expect(await attempt.ended).toEqual({ code: 4, signal: null });
  });
});

describe('a relay that does not hang up when everything has ended', () => {
  test('keeps init, and nobody else does; TERM ends the wait, and the code stays', async () => {
    using attempt = new AttemptUnderTest();
    const relay = await connectControl(attempt.directory, { deadlineMs: 10_000 });
    const stranger = await connectControl(attempt.directory, { deadlineMs: 10_000 });
    await write(relay, encodeHello(1));
    const told = new Promise((resolve) => relay.once('end', resolve));
    const dropped = new Promise((resolve) => stranger.once('close', resolve));
    relay.resume();
    stranger.resume();
    relay.allowHalfOpen = true; // else Node hangs up by itself when init says that this was all
    await attempt.open({ program: ['sh', '-c', 'exit 6'] });
    await Promise.all([told, dropped]);
    expect(attempt.exit()).toMatchObject({ reason: 'exited', code: 6 });
    expect(attempt.process.exitCode).toBe(null);
    attempt.process.kill('SIGTERM');
    expect(await attempt.ended).toEqual({ code: 6, signal: null });
    expect(attempt.exit()).toMatchObject({ reason: 'exited', by: null });
    relay.destroy();
  });

  test('at the gate keeps a cancelled attempt no longer than it takes to hang up', async () => {
    using attempt = new AttemptUnderTest();
    const relay = await connectControl(attempt.directory, { deadlineMs: 10_000 });
    await write(relay, encodeHello(1));
    relay.resume();
    const client = await attempt.connect();
    await client.cancel();
    expect((await attempt.ended).code).toBe(exitCodes.cancelledAtGate);
    client.close();
  });
});
