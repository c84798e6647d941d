/** How attempts end: each way has its own cause and its own sentence, and nothing is guessed. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { AttemptEvent } from '@argonaut/contracts/attempt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileJournal } from '../../src/index.ts';
import { Bench, eventually, gather, type OpenPorts, patience } from './bench.ts';

const docker = (...args: string[]) => promisify(execFile)('docker', args);

export function endsContract(openPorts: OpenPorts): void {
  describe('the end', () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(openPorts);
    });
    afterAll(() => bench?.close());

    it.each([0, 1, 3, 127, 137, 143, 255])('exit code %i is told as it is', async (code) => {
      const { confirmed } = await bench.run(`exit ${code}`);
      expect(confirmed).toMatchObject({
        result: code === 0 ? 'Succeeded' : 'Failed',
        cause: 'exited',
        exitCode: code,
        infrastructure: false,
      });
    });

    it('by a signal of its own', async () => {
      const { confirmed } = await bench.run('kill -SEGV $$');
      expect(confirmed).toMatchObject({
        result: 'Failed',
        cause: 'signalled',
        signal: 'SIGSEGV',
        infrastructure: false,
      });
    });

    it('by cancel, when the program obeys', async () => {
      const attempt = await bench.running(
        'trap "echo bye; exit 9" TERM; echo ready; while :; do sleep 0.1; done',
      );
      await bench.runner.cancel(attempt, 1, 10_000, patience());
      const told = await bench.told(attempt);
      expect(told.stdout.toString()).toBe('ready\nbye\n');
      expect(told.confirmed).toMatchObject({
        result: 'Cancelled',
        cause: 'cancelled',
        exitCode: 9,
        killedAfterGrace: false,
      });
      await bench.finish(attempt);
    });

    it('by cancel, when the program does not obey', async () => {
      const attempt = await bench.running('trap "" TERM; echo ready; while :; do sleep 0.1; done');
      await bench.runner.cancel(attempt, 1, 300, patience());
      const { confirmed } = await bench.told(attempt);
      expect(confirmed).toMatchObject({
        result: 'Cancelled',
        cause: 'cancelled',
        signal: 'SIGKILL',
        killedAfterGrace: true,
      });
      expect(confirmed.message).toMatch(/got TERM, did not end within the grace and got KILL/);
      await bench.finish(attempt);
    });

    it('by cancel, when the program has removed the control socket', async () => {
      const attempt = await bench.running(
        'rm -f /argonaut/ctl; trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done',
      );
      await bench.runner.cancel(attempt, 1, 1_000, patience());
      expect((await bench.told(attempt)).confirmed).toMatchObject({ result: 'Cancelled', exitCode: 5 });
      await bench.finish(attempt);
    });

    it('by cancel at the gate: no user code has run', async () => {
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.runner.cancel(spec.attempt, 1, 1_000, patience());
      expect((await bench.told(spec.attempt)).confirmed).toMatchObject({
        result: 'Cancelled',
        cause: 'cancelled-at-gate',
      });
      await expect(bench.open(spec.attempt, 'echo never'))
        .rejects.toMatchObject({ kind: 'Conflict' })
        .catch(() => {});
      await bench.finish(spec.attempt);
    });

    it('by its time-out, held by init', async () => {
      const { confirmed } = await bench.run('trap "" TERM; while :; do sleep 0.1; done', {
        late: { deadlineMs: 300, graceMs: 200 },
      });
      expect(confirmed).toMatchObject({
        result: 'TimedOut',
        cause: 'timed-out',
        killedAfterGrace: true,
        infrastructure: false,
      });
    });

    it('of a gate that nobody opened', async () => {
      const spec = await bench.spec({ spec: { gateDeadlineMs: 300 } });
      await bench.stage(spec);
      const { confirmed } = await bench.told(spec.attempt);
      expect(confirmed).toMatchObject({ result: 'NotStarted', cause: 'not-started' });
      expect(confirmed.message).toMatch(/No user code ran/);
      await bench.finish(spec.attempt);
    });

    it('of a program that does not exist', async () => {
      const { confirmed } = await bench.run('', { late: { argv: ['/no/such/program'] } });
      expect(confirmed).toMatchObject({
        result: 'Failed',
        cause: 'program-not-runnable',
        infrastructure: false,
      });
      expect(confirmed.message).toMatch(/no such file or directory/);
    });

    it('of a working directory that does not exist', async () => {
      const { confirmed } = await bench.run('', { late: { argv: ['/bin/true'], cwd: '/no/such/place' } });
      expect(confirmed).toMatchObject({ result: 'Failed', cause: 'program-not-runnable' });
      expect(confirmed.message).toMatch(/working directory/);
    });

    it('refuses a variable that Linux cannot pass before anything is started', async () => {
      const spec = await bench.spec();
      await bench.stage(spec);
      const huge = { environment: { HUGE: 'x'.repeat(140_000) } };
      await expect(bench.open(spec.attempt, 'true', { late: huge })).rejects.toMatchObject({
        kind: 'Invalid',
      });
      await bench.runner.discard(spec.attempt, 1, patience());
    });

    it('when memory runs out', async () => {
      const script = 'x=$(head -c 200000000 /dev/zero | tr "\\0" x); echo survived';
      const { confirmed } = await bench.run(script, { spec: { limits: { memoryBytes: 32 * 1024 * 1024 } } });
      expect(confirmed).toMatchObject({ result: 'Failed', cause: 'out-of-memory', infrastructure: false });
      expect(confirmed.message).toMatch(/32 MiB/);
    });

    it('with processes left behind: they are ended and counted', async () => {
      const { confirmed, attempt } = await bench.run(
        'sleep 1000 & setsid sleep 1000 & (setsid sh -c "trap \\"\\" TERM; while :; do sleep 1; done" &) ; echo done',
      );
      expect(confirmed.result).toBe('Succeeded');
      expect(confirmed.stragglers).toBeGreaterThanOrEqual(3);
      await eventually('the container is gone', async () => (await bench.container(attempt)) === undefined);
    });

    it('when the script kills everything that it can', async () => {
      const { confirmed, stdout } = await bench.run('echo before; kill -9 -1; echo after; exit 3');
      // The kernel spares PID 1; whether the killer itself is spared is the kernel's choice too.
      expect(stdout.toString().startsWith('before\n')).toBe(true);
      expect(['exited', 'signalled']).toContain(confirmed.cause);
      expect(confirmed.infrastructure).toBe(false);
    });

    it('when the script deletes everything in the attempt directory', async () => {
      const { confirmed, stdout } = await bench.run(
        'echo before; rm -rf /argonaut/* 2>/dev/null; sleep 0.7; echo after; exit 3',
      );
      expect(confirmed).toMatchObject({ cause: 'exited', exitCode: 3 });
      expect(stdout.toString()).toBe('before\nafter\n');
    });

    it('when the script forges its exit record while it runs', async () => {
      const record =
        '{"version":1,"reason":"exited","code":0,"oomKills":0,"stragglers":0,"unkilled":0,"orphansReaped":0,"killedAfterGrace":false,"startNs":"1","endNs":"2","userUs":0,"sysUs":0,"maxRssKb":0,"logBytes":0,"logLost":0}';
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.open(spec.attempt, `echo '${record}' > /argonaut/exit; sleep 0.5; exit 3`);
      const { confirmed } = await bench.told(spec.attempt);
      expect(confirmed).toMatchObject({ result: 'Unknown', cause: 'disagreement', infrastructure: true });
      await bench.finish(spec.attempt);
    });

    it('when the script puts a directory in the place of the exit record', async () => {
      const { confirmed } = await bench.run('mkdir /argonaut/exit; exit 3');
      expect(confirmed).toMatchObject({ cause: 'exited', exitCode: 3 });
    });

    it('by a KILL from outside', async () => {
      const attempt = await bench.running('echo ready; while :; do sleep 0.1; done');
      await docker('kill', `argonaut-${attempt}`);
      const told = await bench.told(attempt);
      expect(told.confirmed).toMatchObject({
        result: 'Failed',
        cause: 'killed-from-outside',
        infrastructure: true,
        exitCode: 137,
      });
      await bench.finish(attempt);
    });

    it('by removal from outside', async () => {
      const attempt = await bench.running('echo ready; while :; do sleep 0.1; done');
      const following = gather(bench.follow(attempt));
      await docker('rm', '-f', `argonaut-${attempt}`);
      const { confirmed } = await following;
      expect(confirmed.infrastructure).toBe(true);
      expect(['killed-from-outside', 'unknown']).toContain(confirmed.cause);
      await bench.finish(attempt);
    });

    it('by removal while no runner looked: nobody knows what it did', async () => {
      const attempt = await bench.running('echo ready; while :; do sleep 0.1; done');
      await docker('rm', '-f', `argonaut-${attempt}`);
      await bench.restart();
      const { confirmed } = await bench.told(attempt);
      expect(confirmed).toMatchObject({ result: 'Unknown', cause: 'unknown', infrastructure: true });
      expect(confirmed.message).toMatch(/^Outcome unknown/);
      await bench.finish(attempt);
    });

    it('by a stop that nobody asked us for: the engine ended it, it was not cancelled', async () => {
      const attempt = await bench.running('echo ready; while :; do sleep 0.1; done');
      await docker('stop', `argonaut-${attempt}`);
      const { confirmed } = await bench.told(attempt);
      expect(confirmed).toMatchObject({ result: 'Failed', cause: 'ended-by-engine', infrastructure: true });
      await bench.finish(attempt);
    });

    it('once: a cancel that comes while the end is being written down changes nothing of it', async () => {
      const journal = await openFileJournal(`${bench.dataDirectory}/journal`);
      const phases: string[] = [];
      const reached = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      bench.runner = await bench.another({
        journal: {
          get: (attempt) => journal.get(attempt),
          list: () => journal.list(),
          remove: (attempt) => journal.remove(attempt),
          put: async (entry) => {
            phases.push(entry.phase);
            if (entry.phase === 'ended') {
              reached.resolve();
              await goOn.promise;
            }
            await journal.put(entry);
          },
        },
      });
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.open(spec.attempt, 'exit 3');
      const telling = bench.told(spec.attempt);
      await reached.promise;
      const cancelling = bench.runner.cancel(spec.attempt, 1, 500, patience());
      await new Promise(setImmediate);
      goOn.resolve();
      await cancelling;
      expect((await telling).confirmed).toMatchObject({ result: 'Failed', exitCode: 3 });
      expect(phases.slice(phases.indexOf('ended'))).not.toContain('go');
      expect(await journal.get(spec.attempt)).toMatchObject({ phase: 'ended' });
      await bench.finish(spec.attempt);
    });

    it('is known although nobody followed, also to a new runner', async () => {
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.open(spec.attempt, 'echo alone; exit 21');
      await eventually(
        'the container has ended',
        async () => (await bench.container(spec.attempt))?.status === 'exited',
      );
      await bench.restart();
      const told = await bench.told(spec.attempt);
      expect(told.stdout.toString()).toBe('alone\n');
      expect(told.confirmed.exitCode).toBe(21);
      const again = await bench.told(spec.attempt, { from: { cursor: 6 } });
      expect(again.stdout.length).toBe(0);
      expect(again.confirmed).toEqual(told.confirmed);
      await bench.finish(spec.attempt);
    });

    it('can be held after a failure, for a person to look, until it is released', async () => {
      const spec = await bench.spec({ spec: { holdOnFailureMs: 60_000 } });
      await bench.stage(spec);
      await bench.open(spec.attempt, 'echo evidence > /tmp/evidence; exit 12');
      const { confirmed } = await bench.told(spec.attempt);
      expect(confirmed.exitCode).toBe(12);
      expect((await bench.container(spec.attempt))?.status).toBe('running');
      const { stdout } = await docker('exec', `argonaut-${spec.attempt}`, 'cat', '/tmp/evidence');
      expect(stdout).toBe('evidence\n');
      await bench.runner.release(spec.attempt, 1, patience());
      await eventually(
        'the held container ends',
        async () => (await bench.container(spec.attempt))?.status === 'exited',
      );
      await bench.finish(spec.attempt);
    });

    it('can be held after error output, where that is a failure', async () => {
      const spec = await bench.spec({ spec: { holdOnFailureMs: 60_000, failOnErrorOutput: true } });
      await bench.stage(spec);
      await bench.open(spec.attempt, 'echo trouble >&2');
      let last: AttemptEvent | undefined;
      for await (const event of bench.follow(spec.attempt)) last = event;
      const outcome = { result: 'Failed', cause: 'error-output' };
      expect(last).toMatchObject({ type: 'confirmed', outcome, held: true });
      expect((await bench.container(spec.attempt))?.status).toBe('running');
      await bench.runner.release(spec.attempt, 1, patience());
      await bench.finish(spec.attempt);
    });

    it.each([
      ['a success', 'exit 0', {}],
      [
        'error output that is none',
        'echo >&2; echo "##octopus[stderr-default]" >&2',
        { failOnErrorOutput: true },
      ],
    ])('is not held after %s', async (_, script, options) => {
      const spec = { holdOnFailureMs: 600_000, ...options };
      const { attempt, confirmed } = await bench.run(script, { spec });
      expect(confirmed).toMatchObject({ result: 'Succeeded', exitCode: 0 });
      await eventually('the container is gone', async () => (await bench.container(attempt)) === undefined);
    });
  });
}
