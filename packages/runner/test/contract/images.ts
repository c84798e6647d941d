/**
 * Images and the step's own wishes, whatever the ports. That every script form runs in every kind of image, or is refused with a
 * reason, is `../conformance.engine.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, type OpenPorts, patience, type RunOptions } from './bench.ts';

export function imageKindsContract(openPorts: OpenPorts): void {
  describe('images', () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(openPorts);
    });
    afterAll(() => bench?.close());

    it('arguments that replace CMD may come through the gate', async () => {
      const given = ['given', 'late'];
      const told = await bench.run('', {
        image: 'entrypoint',
        spec: { interpreters: [] },
        late: { argv: ['{entrypoint}', ...given], files: [] },
      });
      expect(told.stdout.toString()).toBe('entrypoint given late\n');
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
      ['USER of the image', 'user', undefined, '1000'],
      ["the step's own user", 'busybox', '54321:54321', '54321'],
    ] as const)('%s: step directory, HOME and files are usable', async (_name, image, user, uid) => {
      const told = await bench.run('', { ...withFile, image, place: user === undefined ? {} : { user } });
      expect(told.stderr.toString()).toBe('');
      expect(told.stdout.toString()).toBe(`${uid}\nfor my eyes\n`);
      expect(told.confirmed.result).toBe('Succeeded');
    });

    it('HEALTHCHECK has no effect, however long the step takes', async () => {
      const told = await bench.run('sleep 1.2; echo fine', { image: 'healthcheck' });
      expect(told.stdout.toString()).toBe('fine\n');
    });

    it('STOPSIGNAL does not turn a cancel into something else', async () => {
      const attempt = await bench.running('trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done', {
        image: 'stopsignal',
      });
      await bench.runner.cancel(attempt, 1, 5_000, patience());
      expect((await bench.told(attempt)).confirmed).toMatchObject({ result: 'Cancelled', exitCode: 5 });
      await bench.finish(attempt);
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
