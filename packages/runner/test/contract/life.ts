/** The life of an attempt: stage, open, follow, discard, finish; what may be repeated and what is refused. */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, eventually, gather, late, type OpenPorts, patience } from './bench.ts';

export function lifeContract(openPorts: OpenPorts): void {
  describe("an attempt's life", () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(openPorts);
    });
    afterAll(() => bench?.close());

    const directories = async () => readdir(`${bench.dataDirectory}/attempts`);

    it('runs a script and tells both streams, their times and the outcome', async () => {
      const before = Date.now();
      const told = await bench.run('echo out; echo err >&2; exit 0');
      expect(told.stdout.toString()).toBe('out\n');
      expect(told.stderr.toString()).toBe('err\n');
      expect(told.confirmed).toMatchObject({
        result: 'Succeeded',
        cause: 'exited',
        exitCode: 0,
        infrastructure: false,
      });
      expect(told.ended).toEqual(told.confirmed);
      for (const { timeMs } of told.chunks.flatMap(({ runs }) => runs)) {
        expect(timeMs).toBeGreaterThanOrEqual(before);
        expect(timeMs).toBeLessThanOrEqual(Date.now());
      }
      expect(told.chunks.at(-1)?.cursor).toBe(8);
    });

    it('leaves neither container nor directory nor journal behind after finish', async () => {
      const { attempt } = await bench.run('touch /argonaut/work/file; mkdir /argonaut/work/folder');
      await bench.runner.settled();
      expect(await bench.container(attempt)).toBeUndefined();
      expect((await directories()).filter((name) => name.startsWith(attempt))).toEqual([]);
      expect(await readdir(`${bench.dataDirectory}/journal`)).toEqual([]);
      await expect(bench.told(attempt)).rejects.toMatchObject({ kind: 'NotFound' });
    });

    it('runs nothing before it is opened, and nothing at all when it is discarded', async () => {
      const ledger = await bench.ledger();
      const spec = await bench.spec({ place: ledger.place ?? {} });
      await bench.stage(spec);
      expect((await bench.container(spec.attempt))?.status).toBe('running');
      await bench.runner.discard(spec.attempt, 1, patience());
      await bench.runner.settled();
      expect(await bench.container(spec.attempt)).toBeUndefined();
      expect((await directories()).filter((name) => name.startsWith(spec.attempt))).toEqual([]);
      await expect(bench.open(spec.attempt, 'echo x >> /ledger/starts')).rejects.toMatchObject({
        kind: 'NotFound',
      });
      expect(await ledger.count()).toBe(0);
      // Again: nothing is there, and that is no error.
      await bench.runner.discard(spec.attempt, 1, patience());
    });

    it('can be staged anew after it was discarded', async () => {
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.runner.discard(spec.attempt, 1, patience());
      await bench.stage(spec);
      await bench.open(spec.attempt, 'echo again');
      expect((await bench.told(spec.attempt)).stdout.toString()).toBe('again\n');
      await bench.finish(spec.attempt);
    });

    it('starts once, however often it is staged and opened', async () => {
      const ledger = await bench.ledger();
      const spec = await bench.spec({ place: ledger.place ?? {} });
      const [first, second] = await Promise.all([bench.stage(spec), bench.stage(spec)]);
      expect(second).toEqual(first);
      const script = 'echo x >> /ledger/starts; sleep 0.3';
      await Promise.all([1, 2, 3].map(() => bench.open(spec.attempt, script)));
      await bench.open(spec.attempt, script);
      await expect(bench.stage(spec)).rejects.toMatchObject({ kind: 'Conflict' });
      await expect(bench.runner.discard(spec.attempt, 1, patience())).rejects.toMatchObject({
        kind: 'Conflict',
      });
      expect((await bench.told(spec.attempt)).confirmed.result).toBe('Succeeded');
      await bench.open(spec.attempt, script);
      await bench.finish(spec.attempt);
      await bench.runner.settled();
      expect(await ledger.count()).toBe(1);
    });

    it('starts once when three runners with journals of their own have the same attempt', async () => {
      const ledger = await bench.ledger();
      const spec = await bench.spec({ place: ledger.place ?? {} });
      const others = await Promise.all(
        [1, 2, 3].map(async () => {
          const other = await Bench.open(openPorts, { poolSize: 0 });
          return { other, spec: { ...spec, server: other.server } };
        }),
      );
      const outcomes = await Promise.allSettled(
        others.map(async ({ other, spec: theirs }) => {
          await other.stage(theirs);
          await other.open(theirs.attempt, 'echo x >> /ledger/starts');
          return other.told(theirs.attempt);
        }),
      );
      const winners = outcomes.filter(({ status }) => status === 'fulfilled');
      expect(winners).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'Conflict' });
      }
      expect(await ledger.count()).toBe(1);
      await Promise.all(others.map(({ other }) => other.close()));
    });

    it("leaves somebody else's container alone when the name is taken", async () => {
      const spec = await bench.spec();
      const name = `argonaut-${spec.attempt}`;
      const image = await bench.image('busybox');
      const foreign = await bench.ports.engine.createContainer(
        name,
        { Image: image.local, Cmd: ['sleep', '60'] },
        patience(),
      );
      try {
        await expect(bench.stage(spec)).rejects.toMatchObject({ kind: 'Conflict' });
        await bench.runner.settled();
        expect((await bench.container(spec.attempt))?.id).toBe(foreign.id);
      } finally {
        await bench.ports.engine.removeContainer(foreign.id, patience());
      }
    });

    it('refuses a caller whose epoch is over', async () => {
      const spec = await bench.spec();
      await bench.stage(spec, 5);
      await expect(bench.open(spec.attempt, 'echo no', {}, 4)).rejects.toMatchObject({ kind: 'Conflict' });
      await expect(bench.runner.discard(spec.attempt, 4, patience())).rejects.toMatchObject({
        kind: 'Conflict',
      });
      await bench.open(spec.attempt, 'echo yes', {}, 6);
      await expect(gather(bench.follow(spec.attempt, {}, 5))).rejects.toMatchObject({ kind: 'Conflict' });
      await expect(bench.runner.cancel(spec.attempt, 5, 0, patience())).rejects.toMatchObject({
        kind: 'Conflict',
      });
      const told = await gather(bench.follow(spec.attempt, {}, 6));
      expect(told.stdout.toString()).toBe('yes\n');
      await expect(bench.finish(spec.attempt, 5)).rejects.toMatchObject({ kind: 'Conflict' });
      await bench.finish(spec.attempt, 6);
    });

    it('is listed with its phase until it is finished', async () => {
      const spec = await bench.spec();
      const phase = async () =>
        (await bench.runner.list(patience())).find(({ attempt }) => attempt === spec.attempt)?.phase;
      await bench.stage(spec);
      expect(await phase()).toBe('staged');
      await bench.open(spec.attempt, 'sleep 0.2');
      expect(await phase()).toBe('go');
      await expect(bench.finish(spec.attempt)).rejects.toMatchObject({ kind: 'Conflict' });
      await bench.told(spec.attempt);
      expect(await phase()).toBe('ended');
      await bench.finish(spec.attempt);
      expect(await phase()).toBeUndefined();
    });

    it('goes on while the runner is away, and a new runner tells the rest', async () => {
      const ledger = await bench.ledger();
      const spec = await bench.spec({ place: ledger.place ?? {} });
      await bench.stage(spec);
      await bench.open(spec.attempt, 'echo x >> /ledger/starts; echo one; sleep 1; echo two; exit 7');
      const first: Buffer[] = [];
      let from = { cursor: 0 };
      for await (const event of bench.follow(spec.attempt)) {
        if (event.type !== 'log') throw new Error('ended too early');
        first.push(...event.runs.map(({ bytes }) => Buffer.from(bytes)));
        from = { cursor: event.cursor };
        break;
      }
      await bench.restart();
      const rest = await bench.told(spec.attempt, { from });
      expect(Buffer.concat([...first, rest.stdout]).toString()).toBe('one\ntwo\n');
      expect(rest.confirmed).toMatchObject({ result: 'Failed', cause: 'exited', exitCode: 7 });
      await bench.finish(spec.attempt);
      expect(await ledger.count()).toBe(1);
    });

    it('tells the same bytes from every position where a chunk ended', async () => {
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.open(
        spec.attempt,
        'i=0; while [ $i -lt 60 ]; do echo "line $i hunter2-secret"; echo "err $i" >&2; printf hunter; sleep 0.01; printf "2-secret\\n"; i=$((i+1)); done',
        { secrets: { Password: 'hunter2-secret' } },
      );
      const secrets = { Password: 'hunter2-secret' };
      const whole = await bench.told(spec.attempt, { secrets });
      expect(whole.chunks.length).toBeGreaterThan(5);
      expect(whole.stdout.includes('hunter')).toBe(false);
      for (const [index, chunk] of whole.chunks.entries()) {
        const { cursor, ahead } = chunk;
        const rest = await bench.told(spec.attempt, {
          secrets,
          from: { cursor, ...(ahead ? { ahead } : {}) },
        });
        const expected = whole.chunks.slice(index + 1);
        const bytes = (stream: 'stdout' | 'stderr') =>
          Buffer.concat(
            expected.flatMap(({ runs }) =>
              runs.filter((run) => run.stream === stream).map((run) => run.bytes),
            ),
          );
        expect(rest.stdout.equals(bytes('stdout'))).toBe(true);
        expect(rest.stderr.equals(bytes('stderr'))).toBe(true);
      }
      await bench.finish(spec.attempt);
    });

    it('throws away what was staged when the runner starts again, and opens it never', async () => {
      const ledger = await bench.ledger();
      const spec = await bench.spec({ place: ledger.place ?? {} });
      await bench.stage(spec);
      await bench.restart();
      await expect(
        bench.runner.open(spec.attempt, 1, late('echo x >> /ledger/starts'), () => {}, patience()),
      ).rejects.toMatchObject({ kind: 'NotFound' });
      await eventually(
        'the staged container is gone',
        async () => (await bench.container(spec.attempt)) === undefined,
      );
      await bench.stage(spec);
      await bench.open(spec.attempt, 'echo x >> /ledger/starts');
      expect((await bench.told(spec.attempt)).confirmed.result).toBe('Succeeded');
      await bench.finish(spec.attempt);
      expect(await ledger.count()).toBe(1);
    });

    it('removes containers with our label that no journal knows', async () => {
      const image = await bench.image('busybox');
      const orphan = await bench.ports.engine.createContainer(
        `argonaut-orphan-${bench.server}`,
        {
          Image: image.local,
          Cmd: ['sleep', '600'],
          Labels: {
            'argonaut.server': bench.server,
            'argonaut.data': bench.dataDirectory,
            'argonaut.attempt': 'gone',
            'argonaut.staging': 'gone.1',
          },
        },
        patience(),
      );
      await bench.ports.engine.startContainer(orphan.id, patience());
      await bench.restart();
      await bench.runner.warm(patience());
      expect(await bench.ports.engine.inspectContainer(orphan.id, patience())).toBeUndefined();
    });
  });
}
