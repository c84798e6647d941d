/** What a program finds around it, whatever its image: a home, its directories, the worker's proxies. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, type OpenPorts } from './bench.ts';

const password = 'proxy-pass-7391';
const proxies = { HTTP_PROXY: `http://me:${password}@proxy.example:3128`, NO_PROXY: 'intranet' };
const home = 'cd "$HOME" && touch mine && echo "$HOME"';

export function worldContract(openPorts: OpenPorts): void {
  describe('the world of a program', () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(openPorts, { proxies });
    });
    afterAll(() => bench?.close());

    it.each([
      ['root', 'busybox', {}, '/root'],
      ['a named user with a home', 'user', {}, '/home/app'],
      ['a named user whose home is not there', 'debian', { user: 'nobody' }, '/argonaut/home'],
      ['a number that the image does not know', 'user-id', {}, '/argonaut/home'],
      ['anybody on a read-only root', 'user', { readOnlyRoot: true }, '/argonaut/home'],
    ] as const)('%s has a HOME that can be written to', async (_, image, place, expected) => {
      const { stdout, stderr, confirmed } = await bench.run(home, { image, place });
      expect(stderr.toString()).toBe('');
      expect(stdout.toString()).toBe(`${expected}\n`);
      expect(confirmed.result).toBe('Succeeded');
    });

    it('what a step says about its HOME counts', async () => {
      const { stdout } = await bench.run(home, {
        place: { user: '4242' },
        late: { environment: { HOME: '/tmp' } },
      });
      expect(stdout.toString()).toBe('/tmp\n');
    });

    it('holds the proxies of the worker in both spellings, and hides their passwords', async () => {
      const { stdout } = await bench.run('env | grep -i _proxy= | sort');
      const hidden = 'http://me:********(HTTP_PROXY)@proxy.example:3128';
      expect(stdout.toString().trim().split('\n')).toEqual([
        `HTTP_PROXY=${hidden}`,
        'NO_PROXY=intranet,localhost,127.0.0.1,::1',
        `http_proxy=${hidden}`,
        'no_proxy=intranet,localhost,127.0.0.1,::1',
      ]);
    });

    it('holds them for a plain step, too, in which a setting of its own counts', async () => {
      const { stdout } = await bench.run('env | grep -i _proxy= | sort', {
        spec: { place: { kind: 'host' } },
        late: { environment: { no_proxy: 'mine' } },
      });
      expect(stdout.toString()).toMatch(/^HTTP_PROXY=http:\/\/me:\*{8}\(HTTP_PROXY\)@/m);
      expect(stdout.toString()).toMatch(/^no_proxy=mine$/m);
    });

    it('keeps proxies from the eyes of the engine', async () => {
      const spec = await bench.spec();
      await bench.stage(spec);
      const { stdout } = await bench.run('tr "\\\\0" "\\\\n" </proc/1/environ');
      expect(stdout.toString()).not.toContain('proxy.example');
      await bench.runner.discard(spec.attempt, 1, AbortSignal.timeout(10_000));
    });
  });
}
