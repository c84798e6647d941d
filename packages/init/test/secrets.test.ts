/** What the gate carries stays in memory and with its owner; and what is held of a failed attempt. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectControl, exitCodes } from '../src/index.ts';
import { encodeMessage, encodeRecord } from '../src/protocol.ts';
import { AttemptUnderTest, emulated, until } from './attempt-under-test.ts';
import { firstAnswer, withGo } from './raw-gate.ts';

const root = process.getuid?.() === 0;

describe('secrets and files', () => {
  test('files are 0400 in a 0700 directory in memory, of the program’s user, and gone from a host afterwards', async () => {
    using attempt = new AttemptUnderTest(root ? { uid: 1000 } : {});
    const exit = await attempt.run('stat -c "%a %u" "$D" "$D/token"; cat "$D/token"; stat -f -c %T "$D"', {
      env: { D: attempt.files },
      files: [{ name: 'token', content: 'canary-1\n' }],
    });
    expect(exit.code).toBe(0);
    const uid = root ? 1000 : process.getuid?.();
    expect(attempt.log()).toBe(`700 ${uid}\n400 ${uid}\ncanary-1\ntmpfs\n`);
    expect(existsSync(attempt.files)).toBe(false);
  });

  test('a payload of many megabytes arrives whole', async () => {
    using attempt = new AttemptUnderTest();
    const content = Buffer.alloc(5_000_000, 'abcdefg');
    await attempt.run('cksum < "$D/big"; cksum < "$D/small"', {
      env: { D: attempt.files },
      files: [
        { name: 'big', content },
        { name: 'small', content: 'x' },
      ],
    });
    const sum = (input: Buffer) => execFileSync('cksum', { input }).toString();
    expect(attempt.log()).toBe(sum(content) + sum(Buffer.from('x')));
  });

  test('a payload over the cap is refused', async () => {
    using attempt = new AttemptUnderTest();
    const socket = await connectControl(attempt.directory, { deadlineMs: 10_000 });
    const record = encodeRecord('fileMore', Buffer.alloc(1_000_000));
    const messages = Buffer.concat(Array.from({ length: 70 }, () => encodeMessage([record])));
    expect(await firstAnswer(socket, messages)).toMatchObject({ type: 'error', message: 'payload too big' });
    expect(await attempt.run('exit 1')).toMatchObject({ code: 1 });
  });

  test.each([
    { what: 'has a path for a name', name: '../escape', errno: 22 },
    { what: 'is named twice', name: 'twice', errno: 17 },
  ])('a file that $what is a setup failure before any user code', async ({ name, errno }) => {
    using attempt = new AttemptUnderTest();
    const socket = await connectControl(attempt.directory, { deadlineMs: 10_000 });
    const message = withGo(encodeRecord('file', 'twice\0a'), encodeRecord('file', `${name}\0b`));
    expect(await firstAnswer(socket, message)).toEqual({ type: 'failed', stage: 'files', errno });
    expect((await attempt.ended).code).toBe(exitCodes.setupFailed);
    expect(attempt.exit()).toMatchObject({ reason: 'setup-failed', stage: 'files', errno, code: 253 });
    expect(existsSync(attempt.files)).toBe(false);
  });

  test.skipIf(emulated)(
    'nothing of the payload is in init’s environment, its memory after the start, or on disk',
    async () => {
      using attempt = new AttemptUnderTest();
      const canary = `canary-${'9'.repeat(20)}-${process.pid}`;
      await attempt.open({
        program: ['sh', '-c', 'sleep 60'],
        env: { SECRET: canary, D: attempt.files },
        files: [{ name: 'secret', content: canary }],
      });
      const pid = attempt.process.pid ?? 0;
      if (root) {
        expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain(canary);
        expect(memoryContains(pid, canary)).toBe(false);
        const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
        expect(readFileSync(`/proc/${child}/environ`, 'latin1')).toContain(canary); // the search can find it
      }
      for (const name of readdirSync(attempt.directory)) {
        const path = join(attempt.directory, name);
        if (statSync(path).isFile()) expect(readFileSync(path, 'latin1')).not.toContain(canary);
      }
      attempt.process.kill('SIGTERM');
      await attempt.ended;
    },
  );

  test.skipIf(!root || emulated)('the script’s user cannot read init’s environment or memory', async () => {
    using attempt = new AttemptUnderTest({ uid: 1000 });
    const exit = await attempt.run(
      'cat /proc/$PPID/environ; cat /proc/$PPID/maps; ls /proc/$PPID/fd; exit 0',
    );
    expect(exit.code).toBe(0);
    expect(attempt.stream('stdout')).toBe('');
    expect(attempt.stream('stderr').match(/Permission denied/g)).toHaveLength(3);
  });
});

describe('hold', () => {
  const failing = { program: ['sh', '-c', 'exit 5'], options: { holdMs: 60_000 } };

  test.each(['release', 'SIGUSR1', 'SIGTERM'] as const)(
    'a failed attempt is held, its result known, until %s',
    async (how) => {
      using attempt = new AttemptUnderTest();
      const client = await attempt.connect();
      await client.open(failing);
      await until(() => existsSync(attempt.path('held')), 'the attempt is held');
      expect(attempt.exit()).toMatchObject({ reason: 'exited', code: 5 });
      expect(await client.status()).toMatchObject({ phase: 'held' });
      if (how === 'release') await client.release();
      else attempt.process.kill(how);
      expect(await attempt.ended).toEqual({ code: 5, signal: null });
      expect(existsSync(attempt.path('held'))).toBe(false);
      client.close();
    },
  );

  test('is also for a program that could not be started', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.open({ program: ['/nowhere/tool'], options: { holdMs: 60_000 } });
    await until(() => existsSync(attempt.path('held')), 'the attempt is held');
    expect(attempt.exit()).toMatchObject({ reason: 'exec-failed', errno: 2 });
    attempt.process.kill('SIGUSR1');
    expect((await attempt.ended).code).toBe(exitCodes.execFailed);
  });

  test('is also for a success that wrote to stderr, where that is asked for', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.open({
      program: ['sh', '-c', 'echo fine; echo trouble >&2'],
      options: { holdMs: 60_000, holdOn: 'errors' },
    });
    await until(() => existsSync(attempt.path('held')), 'the attempt is held');
    expect(attempt.exit()).toMatchObject({ reason: 'exited', code: 0 });
    attempt.process.kill('SIGUSR1');
    expect((await attempt.ended).code).toBe(0);
  });

  test('ends by its own time-out', async () => {
    using attempt = new AttemptUnderTest();
    expect(await attempt.run('exit 5', { options: { holdMs: 100 } })).toMatchObject({ code: 5 });
  });

  test.each([
    { what: 'a success', script: 'exit 0', holdOn: 'failure', cancel: false },
    { what: 'a success that wrote to stderr', script: 'echo x >&2', holdOn: 'failure', cancel: false },
    { what: 'a success that wrote to stdout alone', script: 'echo x', holdOn: 'errors', cancel: false },
    { what: 'a cancelled attempt', script: 'sleep 60', holdOn: 'failure', cancel: true },
  ] as const)('is not for $what', async ({ script, holdOn, cancel }) => {
    using attempt = new AttemptUnderTest();
    await attempt.open({ program: ['sh', '-c', script], options: { holdMs: 600_000, holdOn } });
    if (cancel) attempt.process.kill('SIGTERM');
    await attempt.ended;
    expect(attempt.exit().reason).toBe(cancel ? 'cancelled' : 'exited');
  });
});

/** Whether a process's writable memory holds a text; through gcore-like reads of /proc/<pid>/mem. */
function memoryContains(pid: number, text: string): boolean {
  const script = `
import re, sys
maps = open('/proc/%s/maps' % sys.argv[1]).read().splitlines()
mem = open('/proc/%s/mem' % sys.argv[1], 'rb')
for line in maps:
    m = re.match(r'([0-9a-f]+)-([0-9a-f]+) rw', line)
    if not m: continue
    mem.seek(int(m[1], 16))
    try: data = mem.read(int(m[2], 16) - int(m[1], 16))
    except OSError: continue
    if sys.argv[2].encode() in data: print('yes')
`;
  return execFileSync('python3', ['-c', script, String(pid), text])
    .toString()
    .includes('yes');
}
