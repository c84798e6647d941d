/** Every kind of image runs steps, or says before anything runs why it cannot. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, type OpenPorts, patience, type RunOptions } from './bench.ts';

export function imageKindsContract(openPorts: OpenPorts): void {
  describe('images', () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(openPorts);
    });
    afterAll(() => bench?.close());

    /** The image's own program, no script. */
    const own: RunOptions = { spec: { interpreters: [] }, late: { argv: [], files: [] } };
    const runOwn = (image: NonNullable<RunOptions['image']>, options: RunOptions = {}) =>
      bench.run('', { ...own, ...options, image, late: { ...own.late, ...options.late } });

    it('musl, without glibc', async () => {
      expect((await bench.run('/bin/hello', { image: 'musl' })).confirmed.result).toBe('Succeeded');
    });

    it('scratch: its own program runs without a shell', async () => {
      expect((await runOwn('scratch')).stdout.toString()).toBe('hello from scratch\n');
    });

    it('ENTRYPOINT and CMD run as they are', async () => {
      expect((await runOwn('entrypoint')).stdout.toString()).toBe('entrypoint default\n');
    });

    it('arguments replace CMD, and may come through the gate', async () => {
      const preset = await runOwn('entrypoint', { place: { entrypoint: { arguments: ['given', 'early'] } } });
      expect(preset.stdout.toString()).toBe('entrypoint given early\n');
      const late = await runOwn('entrypoint', { late: { argv: ['{entrypoint}', 'given', 'late'] } });
      expect(late.stdout.toString()).toBe('entrypoint given late\n');
    });

    it('a command replaces ENTRYPOINT, and CMD with it', async () => {
      const told = await runOwn('entrypoint', {
        place: { entrypoint: { command: ['/bin/echo', 'instead'] } },
      });
      expect(told.stdout.toString()).toBe('instead\n');
    });

    it('ENTRYPOINT does not hinder a script', async () => {
      const told = await bench.run('echo "script, not wrapped: ${WRAPPED:-no}"', {
        image: 'entrypoint-script',
      });
      expect(told.stdout.toString()).toBe('script, not wrapped: no\n');
    });

    it('neither ENTRYPOINT nor CMD: a script runs, the image alone is refused with a remedy', async () => {
      expect((await bench.run('echo fine', { image: 'no-command' })).stdout.toString()).toBe('fine\n');
      const spec = await bench.spec({ image: 'no-command', spec: { interpreters: [] } });
      await bench.stage(spec);
      await expect(bench.open(spec.attempt, '', own)).rejects.toThrow(/neither ENTRYPOINT nor CMD/);
      await bench.runner.discard(spec.attempt, 1, patience());
    });

    it("the image's environment arrives whole, with ours laid over it", async () => {
      const { stdout } = await bench.run('echo "$GREETING|$QUOTED|$EQUATION|$MINE"; tool', {
        image: 'environment',
        late: { environment: { MINE: 'a=b c', GREETING: 'ours' } },
      });
      expect(stdout.toString()).toBe('ours|a "b" \'c\'|a=b=c|a=b c\nthe tool of the image\n');
    });

    const usable =
      'id -u; cd "$HOME" && touch in-home && cd "$ARGONAUT_WORK" && touch in-work && test "$(pwd)" = /argonaut/work && cat "$ARGONAUT_FILES/secret"';
    const withFile: RunOptions = {
      late: {
        argv: ['{interpreter}', '-c', usable],
        files: [{ name: 'secret', bytes: Buffer.from('for my eyes\n') }],
      },
    };

    it.each([
      ['root', 'busybox', undefined, '0'],
      ['USER with a home', 'user', undefined, '1000'],
      ['USER that is a bare number', 'user-id', undefined, '4242'],
      ["the step's own user", 'busybox', '54321:54321', '54321'],
    ] as const)('%s: step directory, HOME and files are usable', async (_name, image, user, uid) => {
      const told = await bench.run('', { ...withFile, image, place: user === undefined ? {} : { user } });
      expect(told.stderr.toString()).toBe('');
      expect(told.stdout.toString()).toBe(`${uid}\nfor my eyes\n`);
      expect(told.confirmed.result).toBe('Succeeded');
    });

    it('a read-only root', async () => {
      const told = await bench.run(
        'touch /etc/x 2>/dev/null && echo writable; touch /tmp/x "$HOME/x" && echo fine',
        {
          image: 'read-only',
          place: { readOnlyRoot: true },
        },
      );
      expect(told.stdout.toString()).toBe('fine\n');
    });

    it('WORKDIR is where its own program runs; a script runs in the directory of the step', async () => {
      const program = await runOwn('workdir', { place: { entrypoint: { command: ['cat', 'note.txt'] } } });
      expect(program.stdout.toString()).toBe('in the working directory\n');
      expect((await bench.run('pwd', { image: 'workdir-missing' })).stdout.toString()).toBe(
        '/argonaut/work\n',
      );
    });

    it('VOLUME leaves no volume behind', async () => {
      const { attempt, stdout } = await bench.run('cat /data/seed.txt; echo more > /data/more', {
        image: 'volume',
      });
      expect(stdout.toString()).toBe('from the image\n');
      await bench.runner.settled();
      expect(await bench.container(attempt)).toBeUndefined();
    });

    it.each(['healthcheck', 'onbuild'] as const)('%s has no effect', async (image) => {
      expect((await bench.run('sleep 1.2; echo fine', { image })).stdout.toString()).toBe('fine\n');
    });

    it('STOPSIGNAL does not turn a cancel into something else', async () => {
      const attempt = await bench.running('trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done', {
        image: 'stopsignal',
      });
      await bench.runner.cancel(attempt, 1, 5_000, patience());
      expect((await bench.told(attempt)).confirmed).toMatchObject({ result: 'Cancelled', exitCode: 5 });
      await bench.finish(attempt);
    });

    it('for another architecture is refused before anything is created', async () => {
      await expect(bench.image('foreign')).rejects.toThrow(/is for linux\/.*; the worker runs linux\//);
    });

    it('without the interpreter: the error names image, wish, what is there, and the way out', async () => {
      const spec = await bench.spec({ spec: { interpreters: ['bash', '/bin/bash'] } });
      const failure = await bench.stage(spec).catch((error: unknown) => error);
      expect(failure).toMatchObject({ kind: 'Invalid' });
      expect(String(failure)).toMatch(/argonaut-test\/busybox:1 has no bash.*\/bin\/sh.*Sh/);
      const bare = await bench.spec({ image: 'scratch', spec: { interpreters: ['bash', 'sh'] } });
      const other = await bench.stage(bare).catch((error: unknown) => error);
      expect(String(other)).toMatch(/no shell.*Run a container/);
      await bench.runner.settled();
      expect(await bench.attemptContainers()).toEqual([]);
    });

    it('finds an interpreter through links and PATH of the image', async () => {
      const spec = await bench.spec({ image: 'debian', spec: { interpreters: ['python3'] } });
      expect((await bench.stage(spec)).interpreter).toMatch(/python3$/);
      await bench.open(spec.attempt, 'print("from python")');
      expect((await bench.told(spec.attempt)).stdout.toString()).toBe('from python\n');
      await bench.finish(spec.attempt);
    });

    it('that was removed since it was acquired: the error says to acquire it again', async () => {
      const spec = await bench.spec();
      if (spec.place.kind !== 'container') throw new Error('not a container');
      const gone = {
        ...spec,
        place: { ...spec.place, image: { ...spec.place.image, local: 'argonaut.local/keep:gone' } },
      };
      await expect(bench.stage(gone)).rejects.toMatchObject({
        kind: 'NotFound',
        details: { imageMissing: 'argonaut-test/busybox:1' },
      });
    });
  });
}
