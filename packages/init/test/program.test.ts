/** What a script may do to its streams, its processes and its wrapper, and what init makes of it. */
import { readFileSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { connectControl } from '../src/index.ts';
import { encodeRecord } from '../src/protocol.ts';
import { AttemptUnderTest, emulated, marked, pidNamespace, until } from './attempt-under-test.ts';
import { firstAnswer, withGo } from './raw-gate.ts';

const root = process.getuid?.() === 0;
const { SIGKILL, SIGTERM, SIGSEGV } = constants.signals;

// qemu-user 7.2 refuses PR_SET_CHILD_SUBREAPER, on which a host step rests; as PID 1 nothing is missing.
const modes = [
  ...(emulated ? [] : [{ name: 'as a host step', namespace: false }]),
  ...(pidNamespace ? [{ name: 'as PID 1', namespace: true }] : []),
];

describe.each(modes)('a program $name', ({ namespace }) => {
  const start = (options = {}) => new AttemptUnderTest({ namespace, ...options });

  test('keeps every line when it reopens its own streams', async () => {
    using attempt = start();
    const exit = await attempt.run(
      'echo 1; echo 2 >&2; echo 3 >/dev/stderr; echo 4 >/dev/stdout; echo 5; echo 6 >&2; : > /proc/self/fd/1',
    );
    expect(exit).toMatchObject({ reason: 'exited', code: 0, signal: null, stragglers: 0, logBytes: 12n });
    expect(attempt.stream('stdout')).toBe('1\n4\n5\n');
    expect(attempt.stream('stderr')).toBe('2\n3\n6\n');
  });

  test('loses nothing that a filter still prints after it has ended', async () => {
    using attempt = start();
    await attempt.open({
      program: [
        'bash',
        '-c',
        'exec > >(while read -r l; do sleep 0.05; echo "[$l]"; done); echo a; echo b; echo c; echo d; exit 6',
      ],
    });
    await attempt.ended;
    expect(attempt.exit()).toMatchObject({ code: 6, stragglers: 0 });
    expect(attempt.log()).toBe('[a]\n[b]\n[c]\n[d]\n');
  });

  test('has an empty stdin, a session of its own, a clean signal mask and none of the launcher’s descriptors', async () => {
    using attempt = start();
    const exit = await attempt.run(
      'cat; cut -d" " -f1,5,6 /proc/self/stat; echo $$; grep -E "Sig(Blk|Ign)" /proc/self/status; ls /proc/self/fd',
    );
    expect(exit.code).toBe(0);
    const lines = attempt.log().trim().split('\n');
    const [, group, session] = (lines[0] ?? '').split(' ');
    expect(group).toBe(lines[1]);
    expect(session).toBe(lines[1]);
    expect(lines[2]).toMatch(/SigBlk:\s0{16}$/);
    expect(lines[3]).toMatch(/SigIgn:\s0{16}$/);
    expect(lines.slice(4)).toEqual(['0', '1', '2', '3']); // 3 is the directory that ls itself reads
  });

  test('runs in the given directory with the given environment laid over init’s own', async () => {
    using attempt = start({ env: { FROM_IMAGE: 'image', GONE: 'x', CHANGED: 'old' }, attempt: 'a-1' });
    await attempt.run(
      'pwd; echo "$FROM_IMAGE $CHANGED ${GONE-removed} $ARGONAUT_ATTEMPT"; printf %s "$ODD"',
      {
        cwd: '/usr',
        env: { CHANGED: 'new', GONE: null, ODD: 'ü = "1"\n2' },
      },
    );
    expect(attempt.log()).toBe(Buffer.from('/usr\nimage new removed a-1\nü = "1"\n2').toString('latin1'));
  });

  test('starts in the directory in which init was started', async () => {
    using attempt = start();
    await attempt.run('pwd');
    expect(attempt.log()).toBe(`${process.cwd()}\n`);
  });

  test('prints any bytes: none, single ones, NUL, invalid UTF-8', async () => {
    using attempt = start();
    const exit = await attempt.run(
      'printf "\\000\\377\\376\\n"; for i in 1 2 3 4 5 6 7 8; do printf $i; done; printf "\\303" >&2',
    );
    expect(exit.logBytes).toBe(13n);
    expect(attempt.stream('stdout')).toBe('\0\xff\xfe\n12345678');
    expect(attempt.stream('stderr')).toBe('\xc3');
  });

  test('may close its stdout and go on', async () => {
    using attempt = start();
    const exit = await attempt.run('echo a; exec >&-; echo b >&2; sleep 0.1; exit 4');
    expect(exit).toMatchObject({ reason: 'exited', code: 4 });
    expect(attempt.stream('stdout')).toBe('a\n');
    expect(attempt.stream('stderr')).toBe('b\n');
  });

  test('with one stream keeps the exact order of both, without tags', async () => {
    using attempt = start();
    await attempt.run('for i in $(seq 500); do echo o$i; echo e$i >&2; done', {
      options: { streams: 'one' },
    });
    const expected = Array.from({ length: 500 }, (_, i) => `o${i + 1}\ne${i + 1}\n`).join('');
    expect(attempt.log()).toBe(expected);
    expect(new Set(attempt.chunks().map((chunk) => chunk.stream))).toEqual(new Set(['both']));
  });

  test('with two streams gives each stream exactly, whatever the order between them', async () => {
    using attempt = start();
    await attempt.run('for i in $(seq 2000); do echo o$i; echo e$i >&2; done');
    const lines = (letter: string) => Array.from({ length: 2000 }, (_, i) => `${letter}${i + 1}\n`).join('');
    expect(attempt.stream('stdout')).toBe(lines('o'));
    expect(attempt.stream('stderr')).toBe(lines('e'));
  });

  test('gets line times from the moment it printed, though nobody listened', async () => {
    using attempt = start();
    const exit = await attempt.run('echo first; sleep 0.8; echo second');
    const [first, second] = attempt.chunks().map((chunk) => chunk.timeNs ?? 0n);
    expect(Number((second ?? 0n) - (first ?? 0n))).toBeGreaterThanOrEqual(400_000_000);
    expect(first).toBeGreaterThanOrEqual(exit.startNs);
    expect(exit.endNs - exit.startNs).toBeGreaterThanOrEqual(400_000_000n);
  });

  test('passes its code on as init’s own', async () => {
    using attempt = start();
    await attempt.run('exit 42');
    expect(await attempt.ended).toEqual({ code: 42, signal: null });
  });

  test('that a signal ends is known by the signal, and init ends with 128 more', async () => {
    using attempt = start();
    const exit = await attempt.run('kill -SEGV $$');
    expect(exit).toMatchObject({ reason: 'exited', code: null, signal: SIGSEGV, by: null });
    expect(await attempt.ended).toEqual({ code: 128 + SIGSEGV, signal: null });
  });

  test('that exits 137 by itself was not killed', async () => {
    using attempt = start();
    expect(await attempt.run('exit 137')).toMatchObject({ reason: 'exited', code: 137, signal: null });
  });

  test.each([
    { what: 'does not exist', program: ['/nowhere/tool'], errno: 2, stage: 'exec' },
    { what: 'is not in the new PATH', program: ['ls'], env: { PATH: '/nowhere' }, errno: 2, stage: 'exec' },
    { what: 'is not executable', program: ['/etc/passwd'], errno: 13, stage: 'exec' },
    {
      what: 'has a directory that does not exist',
      program: ['true'],
      cwd: '/nowhere',
      errno: 2,
      stage: 'cwd',
    },
  ])('that $what ends with 127, stage and errno', async ({ what: _, errno, stage, ...payload }) => {
    using attempt = start();
    expect(await attempt.open(payload)).toEqual({ outcome: 'not-started', stage, errno });
    expect(await attempt.ended).toEqual({ code: 127, signal: null });
    expect(attempt.exit()).toMatchObject({ reason: 'exec-failed', code: 127, stage, errno });
  });

  test('whose environment is too big for the kernel ends with errno 7', async () => {
    using attempt = start();
    const env = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`V${i}`, 'x'.repeat(131_000)]));
    const opened = await attempt.open({ program: ['true'], env });
    expect(opened).toEqual({ outcome: 'not-started', stage: 'exec', errno: 7 });
  });

  // Not as root, too: what init does to keep its memory to itself would make the file unwritable for its own user.
  test.each(root && !namespace ? [undefined, 1000] : [undefined])(
    'is a better victim for the OOM killer than init (user %s)',
    async (uid) => {
      using attempt = start(uid === undefined ? {} : { uid });
      await attempt.run('cat /proc/self/oom_score_adj');
      const own = Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
      expect(Number(attempt.log())).toBe(Math.min(1000, own + 100));
    },
  );

  test('writes into pipes of the default size, which the kernel grants to any number of attempts', async () => {
    using attempt = start();
    const size = 'fcntl.fcntl(%s, 1032)'; // F_GETPIPE_SZ
    const script = `import fcntl, os; print(${size.replace('%s', '1')}, ${size.replace('%s', 'os.pipe()[0]')})`;
    await attempt.open({ program: ['python3', '-c', script] });
    await attempt.ended;
    const [ours, usual] = attempt.log().trim().split(' ');
    expect(Number(ours)).toBeGreaterThan(0);
    expect(ours).toBe(usual);
  });

  test('whose one variable is longer than the kernel takes ends with errno 7', async () => {
    using attempt = start();
    const socket = await connectControl(attempt.directory, { deadlineMs: 10_000 });
    const message = withGo(encodeRecord('env', `A=${'x'.repeat(140_000)}`));
    expect(await firstAnswer(socket, message)).toEqual({ type: 'failed', stage: 'exec', errno: 7 });
  });

  test('that leaves a late writer keeps its line, and is not made to hang by a silent daemon', async () => {
    using attempt = start();
    const exit = await attempt.run('(sleep 0.3; echo late) & (setsid sleep 60 &) ; exit 5', {
      options: { drainMs: 800 },
    });
    expect(exit).toMatchObject({ reason: 'exited', code: 5, stragglers: 1, unkilled: 0 });
    expect(attempt.log()).toBe('late\n');
  });

  test('that leaves an endless printer is cut after the drain', async () => {
    using attempt = start();
    const exit = await attempt.run('(while :; do echo y; sleep 0.01; done) & exit 0', {
      options: { drainMs: 200 },
    });
    expect(exit.stragglers).toBeGreaterThanOrEqual(1);
    expect(exit.logBytes).toBe(BigInt(statSync(attempt.path('log')).size));
  });

  test('that leaves 200 daemons has them counted and ended, also those that ignore TERM', async () => {
    using attempt = start({ attempt: 'crowd' });
    const exit = await attempt.run(
      'for i in $(seq 100); do setsid sleep 60 & setsid sh -c "trap \\"\\" TERM; exec sleep 60" & done; sleep 0.3; exit 0',
      { options: { drainMs: 300 } },
    );
    expect(exit).toMatchObject({ code: 0, stragglers: 200, unkilled: 0 });
    expect(marked('crowd')).toEqual([]);
  });

  test('leaves no zombie behind: orphans are reaped while it runs', async () => {
    using attempt = start();
    const exit = await attempt.run(
      'for i in 1 2 3 4 5; do (sh -c "sleep 0.05 &" &); done; sleep 0.4; cat /proc/[0-9]*/stat 2>/dev/null | grep -c "(sleep) Z"; exit 0',
    );
    expect(attempt.log()).toBe('0\n');
    expect(exit.orphansReaped).toBeGreaterThanOrEqual(5);
  });

  describe('over its deadline', () => {
    test('is ended by TERM; its own answer is kept beside the reason', async () => {
      using attempt = start();
      const exit = await attempt.run('trap "echo bye; exit 9" TERM; while :; do sleep 0.05; done', {
        options: { deadlineMs: 200, graceMs: 5000 },
      });
      expect(exit).toMatchObject({ reason: 'timeout', code: 9, signal: null, killedAfterGrace: false });
      expect(attempt.stream('stdout')).toBe('bye\n');
      expect(await attempt.ended).toEqual({ code: 9, signal: null });
    });

    test.each([
      { what: 'ignores TERM', script: 'trap "" TERM; while :; do sleep 0.1; done' },
      { what: 'stopped itself', script: 'kill -STOP $$' },
    ])('is killed after the grace if it $what', async ({ script }) => {
      using attempt = start();
      const exit = await attempt.run(script, { options: { deadlineMs: 200, graceMs: 200 } });
      expect(exit).toMatchObject({ reason: 'timeout', code: null, signal: SIGKILL, killedAfterGrace: true });
      expect(await attempt.ended).toEqual({ code: 137, signal: null });
    });
  });

  describe('when cancelled', () => {
    test('through the socket ends by TERM, its foreground child at once', async () => {
      using attempt = start({ attempt: 'foreground' });
      const client = await attempt.connect();
      await client.open({ program: ['sh', '-c', 'trap "exit 8" TERM; sleep 60'] });
      const sleeps = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n';
      await until(() => marked('foreground').some(sleeps), 'the foreground child runs');
      await client.cancel(600_000);
      await attempt.ended;
      expect(attempt.exit()).toMatchObject({ reason: 'cancelled', by: 'control', code: 8, stragglers: 0 });
      client.close();
    });

    test('is killed after the grace, with everything it started', async () => {
      using attempt = start({ attempt: 'cancel-all' });
      const client = await attempt.connect();
      await client.open({
        program: ['sh', '-c', 'trap "" TERM; setsid sleep 60 & echo ready; while :; do sleep 0.1; done'],
      });
      await until(() => attempt.log() === 'ready\n', 'the script is ready');
      await client.cancel(100);
      await attempt.ended;
      expect(attempt.exit()).toMatchObject({ reason: 'cancelled', signal: SIGKILL, killedAfterGrace: true });
      expect(marked('cancel-all')).toEqual([]);
      client.close();
    });

    test('a second cancel may shorten the grace', async () => {
      using attempt = start();
      const client = await attempt.connect();
      await client.open({ program: ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done'] });
      await until(() => attempt.log() === 'ready\n', 'the script is ready');
      await client.cancel(600_000);
      await client.cancel(50);
      await attempt.ended;
      expect(attempt.exit()).toMatchObject({ reason: 'cancelled', signal: SIGKILL, killedAfterGrace: true });
      client.close();
    });
  });

  test.skipIf(!root)('may print to /dev/stderr as another user', async () => {
    using attempt = start();
    const exit = await attempt.run(
      'setpriv --reuid 12345 --clear-groups sh -c "echo x > /dev/stderr; echo y > /dev/stdout"',
    );
    expect(exit.code).toBe(0);
    expect(attempt.stream('stderr')).toBe('x\n');
    expect(attempt.stream('stdout')).toBe('y\n');
  });

  test('counts the CPU time and memory of what it ran', async () => {
    using attempt = start();
    const exit = await attempt.run('i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done');
    expect(exit.userUs).toBeGreaterThan(1000);
    expect(exit.maxRssKb).toBeGreaterThan(100);
  });
});

describe('signals to init', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)(
    '%s cancels and is named in the record',
    async (signal) => {
      using attempt = new AttemptUnderTest();
      await attempt.open({ program: ['sh', '-c', 'sleep 60'] });
      attempt.process.kill(signal);
      await attempt.ended;
      expect(attempt.exit()).toMatchObject({ reason: 'cancelled', by: signal, signal: SIGTERM });
    },
  );

  test('a closing terminal does not end a host step', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.open({ program: ['sh', '-c', 'sleep 0.3; exit 3'] });
    attempt.process.kill('SIGHUP');
    await attempt.ended;
    expect(attempt.exit()).toMatchObject({ reason: 'exited', code: 3 });
  });
});

describe.skipIf(!pidNamespace)('a script as PID 1’s child cannot destroy its wrapper', () => {
  test.each([
    { what: 'kills everything it can', script: 'kill -9 -1; echo on; exit 7' },
    { what: 'kills its parent', script: 'kill -9 $PPID; echo on; exit 7' },
  ])('when it $what', async ({ script }) => {
    using attempt = new AttemptUnderTest({ namespace: true });
    expect(await attempt.run(script)).toMatchObject({ reason: 'exited', code: 7 });
    expect(attempt.stream('stdout')).toBe('on\n');
  });

  test('USR1, USR2 and HUP sent to PID 1 reach the script', async () => {
    using attempt = new AttemptUnderTest({ namespace: true });
    const exit = await attempt.run('trap "echo hup" HUP; kill -HUP 1; sleep 0.3; exit 0');
    expect(exit.reason).toBe('exited');
    expect(attempt.stream('stdout')).toBe('hup\n');
  });
});
