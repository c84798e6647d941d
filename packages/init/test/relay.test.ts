/** The relay `ctl` and `read`: everything a worker needs where no file system is shared, through two exec streams. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  ctlArguments,
  type ExitRecord,
  encodePing,
  GateClient,
  type RelayArguments,
  readArguments,
} from '../src/index.ts';
import { AttemptUnderTest, initCommand, until } from './attempt-under-test.ts';

describe('the relay', () => {
  test('opens the gate, delivers the log, then the exit record, and ends', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.connect().then((client) => client.close());
    using relay = new RelayUnderTest(attempt);
    expect(await relay.client.open({ program: ['sh', '-c', 'seq 200000; exit 7'] })).toEqual({
      outcome: 'started',
    });
    await relay.ended;
    expect(relay.log).toBe(execFileSync('seq', ['200000'], { maxBuffer: 1 << 24 }).toString());
    expect(relay.exit).toMatchObject({ code: 7, logBytes: BigInt(relay.log.length) });
    expect(relay.logBytesAtExit).toBe(relay.log.length);
  });

  test('carries a payload of many megabytes', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.connect().then((client) => client.close());
    using relay = new RelayUnderTest(attempt);
    await relay.client.open({
      program: ['sh', '-c', 'wc -c < "$D/big"'],
      env: { D: attempt.files },
      files: [{ name: 'big', content: Buffer.alloc(4_000_000, 'x') }],
    });
    await relay.ended;
    expect(relay.log.trim()).toBe('4000000');
  });

  test('resumes at an offset after the attempt has ended, without init', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.run('printf 0123456789; exit 2');
    using relay = new RelayUnderTest(attempt, { from: 4 });
    await relay.ended;
    expect(relay.log).toBe('456789');
    expect(relay.exit?.code).toBe(2);
  });

  test('cancels and releases like the socket', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.connect().then((client) => client.close());
    using relay = new RelayUnderTest(attempt);
    await relay.client.open({ program: ['sh', '-c', 'exit 4'], options: { holdMs: 600_000 } });
    await until(() => relay.exit !== undefined, 'the record arrives while the attempt is held');
    expect(existsSync(attempt.path('held'))).toBe(true);
    await relay.client.release();
    expect((await attempt.ended).code).toBe(4);
    await relay.ended;
  });

  test('of a newer epoch wins: the older is told, a late older one is refused', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.connect().then((client) => client.close());
    using older = new RelayUnderTest(attempt, { epoch: 1 });
    await older.client.status();
    using newer = new RelayUnderTest(attempt, { epoch: 2 });
    await newer.client.status();
    await older.ended;
    expect(older.closedBy).toBe('Superseded');
    using late = new RelayUnderTest(attempt, { epoch: 1 });
    await late.ended;
    expect(late.closedBy).toBe('Superseded');
    expect(await newer.client.status()).toMatchObject({ phase: 'waiting' });
    await newer.client.cancel();
    await newer.ended;
    expect(newer.exit?.reason).toBe('cancelled-at-gate');
  });

  test('still delivers log and record when the script has removed the socket; a signal cancels', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.open({
      program: ['sh', '-c', 'rm "$A/ctl"; echo ready; sleep 60'],
      env: { A: attempt.directory },
    });
    await until(() => attempt.log() === 'ready\n', 'the socket is gone');
    using relay = new RelayUnderTest(attempt);
    await expect(relay.client.cancel()).rejects.toMatchObject({ kind: 'Unreachable' });
    attempt.process.kill('SIGTERM');
    await relay.ended;
    expect(relay.log).toBe('ready\n');
    expect(relay.exit).toMatchObject({ reason: 'cancelled', by: 'SIGTERM' });
  });

  test('never blocks in a write: killed clients that read nothing leave no relay behind', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.open({ program: ['sh', '-c', 'seq 300000; sleep 60'] });
    await until(() => attempt.log().length > 1_000_000, 'there is more log than a pipe holds');
    for (let i = 0; i < 5; i++) {
      const child = spawnRelay(attempt, {});
      child.stdout?.pause();
      await until(() => state(child.pid) === 'S', 'the relay waits for its reader');
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.stdin?.end(); // what the kernel does to a client that is killed
      await gone;
    }
    attempt.process.kill('SIGTERM');
    await attempt.ended;
  });

  test('ends by itself when no sign of life comes, and pings are one', async () => {
    // An attempt each: on one of them the later relay would supersede the earlier.
    using lonely = new AttemptUnderTest();
    using visited = new AttemptUnderTest();
    for (const attempt of [lonely, visited]) await attempt.open({ program: ['sleep', '60'] });
    const silent = spawnRelay(lonely, { idleMs: 2000 });
    const talking = spawnRelay(visited, { idleMs: 2000 });
    let said = '';
    silent.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    const timer = setInterval(() => talking.stdin?.write(encodePing()), 20);
    await new Promise((resolve) => silent.once('close', resolve));
    expect(said).toBe('running\n');
    expect(talking.exitCode).toBe(null);
    clearInterval(timer);
    await new Promise((resolve) => talking.once('exit', resolve));
    for (const attempt of [lonely, visited]) {
      attempt.process.kill('SIGTERM');
      await attempt.ended;
    }
  });
});

describe('read', () => {
  test('prints any part of log, index and record', async () => {
    using attempt = new AttemptUnderTest();
    await attempt.run('seq 100000; exit 3');
    const read = (options: object) => {
      const [file, ...args] = initCommand(...readArguments({ directory: attempt.directory, ...options }));
      return execFileSync(file, args, { maxBuffer: 1 << 24 }).toString('latin1');
    };
    expect(read({})).toBe(attempt.log());
    expect(read({ from: 10, to: 20 })).toBe(attempt.log().slice(10, 20));
    expect(read({ from: 10_000_000 })).toBe('');
    expect(read({ file: 'log.idx' }).length % 16).toBe(0);
    expect(JSON.parse(read({ file: 'exit' }))).toMatchObject({ code: 3 });
  });

  test('prints nothing but files of an attempt', () => {
    const [file, ...args] = initCommand('read', 'dir=/etc', 'file=passwd');
    expect(() => execFileSync(file, args, { stdio: 'pipe' })).toThrow(/254|not a file/);
  });
});

class RelayUnderTest implements Disposable {
  readonly client: GateClient;
  readonly ended: Promise<unknown>;
  log = '';
  exit: ExitRecord | undefined;
  logBytesAtExit = -1;
  closedBy: string | undefined;
  readonly #process: ChildProcess;

  constructor(attempt: AttemptUnderTest, options: RelayArguments = {}) {
    this.#process = spawnRelay(attempt, options);
    const { stdin, stdout, stderr } = this.#process;
    if (stdin === null || stdout === null || stderr === null) throw new Error('no pipes');
    stdout.on('data', (bytes: Buffer) => {
      this.log += bytes.toString('latin1');
    });
    this.client = GateClient.overRelay({ stdin, stderr });
    this.client.onExit = (record) => {
      this.exit = record;
      // Two pipes have no order between them: let what was written first arrive first.
      setTimeout(() => {
        this.logBytesAtExit = this.log.length;
      }, 100);
    };
    this.client.onClose = (error) => {
      this.closedBy = error.kind;
    };
    this.ended = Promise.all([new Promise((resolve) => this.#process.once('close', resolve))]).then(
      () => new Promise((resolve) => setTimeout(resolve, 120)),
    );
  }

  [Symbol.dispose](): void {
    this.#process.kill('SIGKILL');
  }
}

function spawnRelay(attempt: AttemptUnderTest, options: RelayArguments): ChildProcess {
  const [file, ...args] = initCommand(...ctlArguments({ directory: attempt.directory, ...options }));
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}); // the relay may end first
  return child;
}

function state(pid: number | undefined): string {
  const [line = ''] = /\) (\w)/.exec(execFileSync('cat', [`/proc/${pid}/stat`]).toString()) ?? [];
  return line.slice(2);
}

test('a relay for a directory that is not there says so', async () => {
  const [file, ...args] = initCommand(...ctlArguments({ directory: '/nowhere' }));
  const child = spawn(file, args, { stdio: 'ignore' });
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(251);
});
