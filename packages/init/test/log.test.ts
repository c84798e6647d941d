/** The log and the exit record when the disk is full, the script tampers, or somebody is SIGKILLed. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ctlArguments, decodeIndex, tagLog } from '../src/index.ts';
import { AttemptUnderTest, initCommand, until } from './attempt-under-test.ts';

const kills = Number(process.env.ARGONAUT_KILLS ?? 0);
const root = process.getuid?.() === 0;

describe.skipIf(!root)('on a full disk', () => {
  test('the script waits, the state says so, and nothing is lost once there is space', async () => {
    using disk = new SmallDisk();
    using attempt = new AttemptUnderTest({ directory: disk.directory });
    const client = await attempt.connect();
    const blocked: boolean[] = [];
    client.onState = (state) => blocked.push(state.logBlocked);
    await client.watch();
    await client.open({ program: ['sh', '-c', 'seq 1000000; exit 3'] });
    await until(() => blocked.at(-1) === true, 'a watcher hears that the log is blocked');
    expect(existsSync(attempt.path('exit'))).toBe(false);
    disk.grow();
    await until(() => blocked.at(-1) === false, 'and that it is not any more');
    await attempt.ended;
    expect(attempt.exit()).toMatchObject({ code: 3, logBytes: 6_888_896n, logLost: 0n });
    expect(sha256(attempt.log())).toBe(
      sha256(execFileSync('seq', ['1000000'], { maxBuffer: 1 << 24 }).toString()),
    );
    expect(new Set(attempt.chunks().map((chunk) => chunk.stream))).toEqual(new Set(['stdout']));
    client.close();
  });

  test('the deadline still ends it, the record is written, and says that bytes were given up', async () => {
    using disk = new SmallDisk();
    using attempt = new AttemptUnderTest({ directory: disk.directory });
    const exit = await attempt.run('seq 1000000', {
      options: { deadlineMs: 400, graceMs: 100, drainMs: 100 },
    });
    expect(exit.reason).toBe('timeout');
    expect(exit.logLost).toBeGreaterThan(0n);
    expect(exit.logBytes).toBe(BigInt(statSync(attempt.path('log')).size));
  });

  test('a cancel ends the wait for space after a script that has ended; its code stays', async () => {
    using disk = new SmallDisk();
    using attempt = new AttemptUnderTest({ directory: disk.directory });
    const client = await attempt.connect();
    // The last 32 KiB still fit into the pipe, so the script ends though the disk is full.
    await client.open({
      program: ['sh', '-c', 'head -c 900000 /dev/zero; sleep 0.2; head -c 200000 /dev/zero; exit 6'],
      options: { drainMs: 100 },
    });
    await until(async () => (await client.status()).logBlocked, 'the log is blocked');
    await until(async () => (await client.status()).phase === 'draining', 'the script has ended');
    await delay(300);
    expect(existsSync(attempt.path('exit'))).toBe(false);
    await client.cancel();
    await attempt.ended;
    expect(attempt.exit()).toMatchObject({ reason: 'exited', code: 6 });
    expect(attempt.exit().logLost).toBeGreaterThan(0n);
    client.close();
  });
});

describe('a script that tampers with its attempt directory', () => {
  test.each([
    { what: 'puts a directory where the record belongs', script: 'mkdir "$A/exit" "$A/exit/x"' },
    {
      what: 'puts a directory where the record is prepared',
      script: 'rm "$A/exit.tmp"; mkdir "$A/exit.tmp"',
    },
    { what: 'puts a FIFO where the record is prepared', script: 'rm "$A/exit.tmp"; mkfifo "$A/exit.tmp"' },
    { what: 'forges the record', script: 'echo \'{"version":1,"reason":"exited","code":0}\' > "$A/exit"' },
    { what: 'empties the directory', script: 'rm -rf "$A"/*' },
    { what: 'removes the socket', script: 'rm "$A/ctl"' },
    { what: 'makes the directory’s files unwritable', script: 'chmod 0 "$A"/*' },
  ])('and $what does not change its result', async ({ script }) => {
    using attempt = new AttemptUnderTest();
    const exit = await attempt.run(`${script}; exit 3`, { env: { A: attempt.directory } });
    expect(exit).toMatchObject({ reason: 'exited', code: 3 });
    expect(await attempt.ended).toEqual({ code: 3, signal: null });
  });

  test('and points the record at another file does not reach that file', async () => {
    using attempt = new AttemptUnderTest();
    const victim = join(attempt.directory, '..', 'victim');
    writeFileSync(victim, 'precious');
    await attempt.run('rm "$A/exit.tmp"; ln -s "$V" "$A/exit.tmp"; ln -s "$V" "$A/exit"; exit 3', {
      env: { A: attempt.directory, V: victim },
    });
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(attempt.exit().code).toBe(3);
  });

  test('and cuts its log is found out by the sizes', async () => {
    using attempt = new AttemptUnderTest();
    const exit = await attempt.run('echo evidence; sleep 0.2; : > "$A/log"; echo more', {
      env: { A: attempt.directory },
    });
    expect(exit.logBytes).toBe(14n);
    expect(statSync(attempt.path('log')).size).toBe(5);
  });
});

test('SIGKILL of init under a flood leaves an aligned index and an exact prefix of each stream', async () => {
  for (let round = 0; round < (kills || 3); round++) {
    using attempt = new AttemptUnderTest({ attempt: `flood-${round}` });
    await attempt.open({ program: ['sh', '-c', 'seq 1 100000000 & seq -f "e%.0f" 1 100000000 >&2'] });
    await until(() => statSync(attempt.path('log')).size > 100_000 + round * 50_000, 'the flood runs');
    attempt.process.kill('SIGKILL'); // the writers die of SIGPIPE
    await attempt.ended;
    expect(existsSync(attempt.path('started'))).toBe(true);
    expect(existsSync(attempt.path('exit'))).toBe(false);
    const log = readFileSync(attempt.path('log'));
    const index = decodeIndex(readFileSync(attempt.path('index')));
    for (let i = 1; i < index.length; i++) {
      expect(index[i]?.start).toBeGreaterThanOrEqual(index[i - 1]?.start ?? 0);
    }
    const text = { stdout: '', stderr: '', both: '', unknown: '' };
    for (const chunk of tagLog(0, log, index)) text[chunk.stream] += Buffer.from(chunk.bytes).toString();
    expect(text.unknown).toBe('');
    expectCounting(text.stdout, '');
    expectCounting(text.stderr, 'e');
  }
});

test('SIGKILL of the reader, with holes punched behind it, loses no byte and no tag', async () => {
  const target = kills || 8;
  using attempt = new AttemptUnderTest();
  const enough = join(attempt.directory, 'enough');
  await attempt.open({
    program: [
      ...['sh', '-c'],
      'i=0; until [ -e "$0" ]; do i=$((i+1)); echo "out $i"; echo "err $i" >&2; done; echo $i > "$0.lines"; exit 42',
      enough,
    ],
  });
  const parts: Buffer[] = [];
  let offset = 0;
  let killed = 0;
  let finished = false;
  while (!finished) {
    const [file, ...args] = initCommand(
      ...ctlArguments({ directory: attempt.directory, from: offset, epoch: killed }),
    );
    const reader = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    reader.stdin.on('error', () => {});
    let lastWords = '';
    reader.stderr.on('data', (bytes: Buffer) => {
      lastWords += bytes.toString();
    });
    reader.stdout.on('data', (bytes: Buffer) => {
      parts.push(bytes);
      offset += bytes.length;
    });
    const gone = new Promise<void>((resolve) => reader.once('close', () => resolve()));
    if (killed < target) {
      const before = offset;
      await until(() => offset > before, 'the reader reads');
      reader.kill('SIGKILL');
      killed++;
      if (killed === target) writeFileSync(enough, '');
    }
    await gone;
    finished = /^exit /m.test(lastWords);
    const whole = offset - (offset % 4096);
    if (whole > 0)
      execFileSync('fallocate', [
        '--punch-hole',
        '--offset',
        '0',
        '--length',
        String(whole),
        attempt.path('log'),
      ]);
  }
  expect(await attempt.ended).toEqual({ code: 42, signal: null });
  const lines = Number(readFileSync(`${enough}.lines`, 'utf8'));
  const log = Buffer.concat(parts);
  expect(BigInt(log.length)).toBe(attempt.exit().logBytes);
  const text = { stdout: '', stderr: '', both: '', unknown: '' };
  for (const chunk of tagLog(0, log, decodeIndex(readFileSync(attempt.path('index'))))) {
    text[chunk.stream] += Buffer.from(chunk.bytes).toString();
  }
  const expected = (word: string) => Array.from({ length: lines }, (_, i) => `${word} ${i + 1}\n`).join('');
  expect(sha256(text.stdout)).toBe(sha256(expected('out')));
  expect(sha256(text.stderr)).toBe(sha256(expected('err')));
});

/** A tmpfs of 1 MiB with an attempt directory in it. */
class SmallDisk implements Disposable {
  readonly directory: string;
  readonly #mount: string;

  constructor() {
    this.#mount = mkdtempSync(join(tmpdir(), 'argonaut-small-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', this.#mount]);
    this.directory = join(this.#mount, 'parent', 'attempt');
    mkdirSync(this.directory, { recursive: true });
    chmodSync(this.directory, 0o777);
  }

  grow(): void {
    execFileSync('mount', ['-o', 'remount,size=64m', this.#mount]);
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.#mount]);
    rmdirSync(this.#mount);
  }
}

/** Text must be 1, 2, 3, … one a line, cut anywhere. */
function expectCounting(text: string, prefix: string): void {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  expect(lines.findIndex((line, i) => line !== `${prefix}${i + 1}`)).toBe(-1);
  expect(`${prefix}${lines.length + 1}`.startsWith(last)).toBe(true);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
