/** A step on a host: init is no PID 1 but a child subreaper, and some daemons are meant to stay. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectControl, GateClient, parseExitRecord, runArguments } from '../src/index.ts';
import {
  AttemptUnderTest,
  emulated,
  initCommand,
  marked,
  newAttemptDirectory,
  until,
} from './attempt-under-test.ts';

describe.skipIf(emulated)('a host step', () => {
  test('with linger leaves its daemon running, result known, and stays as the reader of its pipes', async () => {
    using attempt = new AttemptUnderTest({ attempt: 'linger' });
    const client = await attempt.connect();
    const phases: string[] = [];
    client.onState = (state) => phases.push(state.phase);
    await client.watch();
    await client.open({
      program: [
        'sh',
        '-c',
        'echo main; (trap "echo pipe > $0.died; exit" PIPE; sleep 1.2; echo unheard; sleep 0.3; echo $? > $0) & exit 3',
        join(attempt.directory, 'daemon'),
      ],
      options: { linger: true, drainMs: 100 },
    });
    await until(() => phases.includes('lingering'), 'init lingers');
    expect(attempt.exit()).toMatchObject({ code: 3, stragglers: 2 });
    expect(await attempt.ended).toEqual({ code: 3, signal: null });
    expect(readdirSync(attempt.directory)).toContain('daemon');
    expect(readdirSync(attempt.directory)).not.toContain('daemon.died');
    expect(attempt.log()).toBe('main\n'); // the log ended with `exit`
  });

  test('with linger still has everything killed on time-out', async () => {
    using attempt = new AttemptUnderTest({ attempt: 'linger-timeout' });
    const exit = await attempt.run('setsid sleep 60 & sleep 60', {
      options: { linger: true, deadlineMs: 100, graceMs: 100, drainMs: 100 },
    });
    expect(exit).toMatchObject({ reason: 'timeout', stragglers: 1 });
    expect(marked('linger-timeout')).toEqual([]);
  });

  test('whose init is killed can be found by its marker', async () => {
    using attempt = new AttemptUnderTest({ attempt: 'orphan-1' });
    await attempt.open({ program: ['sh', '-c', 'setsid sleep 60 & sleep 60'] });
    await until(() => marked('orphan-1').length === 3, 'three processes carry the marker');
    attempt.process.kill('SIGKILL');
    await attempt.ended;
    const left = marked('orphan-1');
    expect(left).toHaveLength(3);
    for (const pid of left) process.kill(pid, 'SIGKILL');
  });

  test('outlives the process that started it, with every line and its code', async () => {
    const directory = newAttemptDirectory();
    // A launcher of its own, SIGKILLed while the script prints: the way a server dies.
    const launcher = spawn(
      process.execPath,
      [
        '-e',
        `const [file, ...args] = JSON.parse(process.argv[1]);
         require('node:child_process').spawn(file, args, { detached: true, stdio: 'ignore' }).unref();
         setInterval(() => {}, 1000);`,
        JSON.stringify(initCommand(...runArguments({ directory, files: '/dev/shm/unused' }))),
      ],
      { stdio: 'ignore' },
    );
    const client = GateClient.overSocket(await connectControl(directory, { deadlineMs: 10_000 }));
    await client.open({
      program: ['sh', '-c', 'for i in $(seq 20000); do echo $i; done; sleep 0.2; echo end; exit 7'],
    });
    launcher.kill('SIGKILL');
    await until(() => readdirSync(directory).includes('exit'), 'exit is written');
    client.close();
    expect(parseExitRecord(readFileSync(join(directory, 'exit'), 'utf8'))).toMatchObject({ code: 7 });
    expect(readFileSync(join(directory, 'log'), 'utf8').split('\n')).toHaveLength(20_002);
    rmSync(join(directory, '..'), { recursive: true });
  });
});
