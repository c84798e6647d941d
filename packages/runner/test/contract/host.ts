/** Plain steps: processes of the worker under init, in a session of their own. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, eventually, type OpenPorts, patience, type RunOptions } from './bench.ts';

export function hostContract(openPorts: OpenPorts): void {
  describe('a plain step', () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(openPorts, { poolSize: 0 });
    });
    afterAll(() => bench?.close());

    const host = (options: RunOptions = {}): RunOptions => ({
      ...options,
      spec: { place: { kind: 'host' }, interpreters: ['bash', 'sh'], ...options.spec },
    });
    const alive = async (pid: number) => {
      const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
      return text !== undefined && !/^\d+ \(.*\) Z/.test(text);
    };

    it('runs with the environment of the worker and leaves nothing behind', async () => {
      const told = await bench.run(
        'echo "$PATH" | grep -q / && echo path; pwd; echo "$EXTRA"; echo err >&2; exit 3',
        host({ late: { environment: { EXTRA: 'more' } } }),
      );
      expect(told.stdout.toString()).toMatch(/^path\n.*\/a\/work\nmore\n$/);
      expect(told.stderr.toString()).toBe('err\n');
      expect(told.confirmed).toMatchObject({ result: 'Failed', cause: 'exited', exitCode: 3 });
      await bench.runner.settled();
      await expect(readFile(`${bench.dataDirectory}/journal/${told.attempt}.journal`)).rejects.toMatchObject({
        code: 'ENOENT',
      });
      const { stdout } = await promisify(execFile)('ls', ['/dev/shm']);
      expect(stdout).not.toContain(told.attempt);
    });

    it('ends what it leaves behind', async () => {
      const { confirmed, stdout } = await bench.run('setsid sleep 1000 & echo $!', host());
      expect(confirmed.stragglers).toBe(1);
      expect(await alive(Number(stdout.toString()))).toBe(false);
    });

    it('lets daemons live when the step wants it', async () => {
      const { confirmed, stdout } = await bench.run(
        'setsid sh -c "while :; do echo tick; sleep 0.2; done" & echo $!',
        host({ spec: { place: { kind: 'host' }, leftovers: 'linger', interpreters: ['bash'] } }),
      );
      // The daemon may be faster than `echo`.
      const daemon = Number(
        stdout
          .toString()
          .split('\n')
          .find((line) => /^\d+$/.test(line)),
      );
      try {
        expect(confirmed).toMatchObject({ result: 'Succeeded', lingering: true });
        await bench.runner.settled();
        await new Promise((resume) => setTimeout(resume, 600));
        expect(await alive(daemon)).toBe(true);
      } finally {
        process.kill(-daemon, 'SIGKILL');
      }
    });

    it('is cancelled and timed out like any other', async () => {
      const attempt = await bench.running('trap "" TERM; echo ready; while :; do sleep 0.1; done', host());
      await bench.runner.cancel(attempt, 1, 200, patience());
      expect((await bench.told(attempt)).confirmed).toMatchObject({
        result: 'Cancelled',
        killedAfterGrace: true,
      });
      await bench.finish(attempt);
      const late = await bench.run('sleep 60', host({ late: { deadlineMs: 200 } }));
      expect(late.confirmed.result).toBe('TimedOut');
    });

    it('whose init was killed is of unknown outcome, and is found by its mark', async () => {
      const spec = await bench.spec(host());
      await bench.stage(spec);
      await bench.open(spec.attempt, 'echo $PPID $$; exec sleep 1000');
      let pids: number[] = [];
      for await (const event of bench.follow(spec.attempt)) {
        if (event.type !== 'log') throw new Error('ended too early');
        pids = Buffer.concat(event.runs.map(({ bytes }) => bytes))
          .toString()
          .split(' ')
          .map(Number);
        break;
      }
      const [init = 0, script = 0] = pids;
      process.kill(init, 'SIGKILL');
      const { confirmed } = await bench.told(spec.attempt);
      expect(confirmed).toMatchObject({ result: 'Unknown', infrastructure: true });
      expect(confirmed.message).toMatch(/1 process of the step still runs?|1 process/);
      expect(await alive(script)).toBe(true);
      await bench.finish(spec.attempt);
      await eventually('finish ends what is left', async () => !(await alive(script)));
    });

    it('without the interpreter says what to do', async () => {
      const spec = await bench.spec(
        host({ spec: { place: { kind: 'host' }, interpreters: ['no-such-shell'] } }),
      );
      await expect(bench.stage(spec)).rejects.toThrow(/The worker has no no-such-shell/);
    });

    it('gives back its files', async () => {
      const spec = await bench.spec(host());
      await bench.stage(spec);
      await bench.open(spec.attempt, 'echo report > report.txt');
      await bench.told(spec.attempt);
      const parts: Uint8Array[] = [];
      for await (const part of bench.runner.read(spec.attempt, 'report.txt', patience())) parts.push(part);
      expect(Buffer.concat(parts).toString()).toBe('report\n');
      await bench.finish(spec.attempt);
    });
  });
}
