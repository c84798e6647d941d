/** Lanes and their network sandboxes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, eventually, type OpenPorts, patience } from './bench.ts';

export function lanesContract(openPorts: OpenPorts): void {
  describe('a lane', () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(openPorts, { poolSize: 2 });
    });
    afterAll(() => bench?.close());

    const sandboxes = async () =>
      (await bench.containers()).filter(({ labels }) => labels['argonaut.role'] === 'sandbox');
    const namespace = async (lane: string) => {
      const { stdout } = await bench.run('readlink /proc/self/ns/net', {
        place: { network: 'lane' },
        spec: { lane },
      });
      return stdout.toString();
    };

    it('takes a sandbox that waits, and the pool is filled again once its first gate is open', async () => {
      const waiting = new Set((await sandboxes()).map(({ id }) => id));
      expect(waiting.size).toBe(2);
      const spec = await bench.spec({ place: { network: 'lane' }, spec: { lane: 'taking' } });
      await bench.stage(spec);
      expect((await sandboxes()).length).toBe(2);
      await bench.open(spec.attempt, 'true');
      await eventually('the pool is full again', async () => (await sandboxes()).length === 3);
      await bench.told(spec.attempt);
      await bench.finish(spec.attempt);
      await eventually('its name tells the lane', async () =>
        (await sandboxes()).some(({ name }) => name.startsWith('argonaut-lane-taking-')),
      );
      await bench.runner.endLane('taking', patience());
      await eventually('the sandbox of the lane is gone', async () => (await sandboxes()).length === 2);
    });

    it('shares one network among its steps, and with no other lane', async () => {
      const first = await namespace('a');
      expect(await namespace('a')).toBe(first);
      expect(await namespace('b')).not.toBe(first);
      await bench.runner.endLane('a', patience());
      await bench.runner.endLane('b', patience());
    });

    it('is not joined by a step without network, or with its own', async () => {
      const lane = await namespace('c');
      const none = await bench.run('readlink /proc/self/ns/net; ls /sys/class/net', {
        place: { network: 'none' },
      });
      expect(none.stdout.toString()).toMatch(/lo\n$/);
      const own = await bench.run('readlink /proc/self/ns/net; grep special /etc/hosts', {
        place: { network: 'lane', extraHosts: ['special:10.1.2.3'] },
        spec: { lane: 'c' },
      });
      expect(own.stdout.toString()).not.toContain(lane.trim());
      expect(own.stdout.toString()).toMatch(/10\.1\.2\.3\s+special/);
      await bench.runner.endLane('c', patience());
    });

    it('gets another sandbox when its own has died', async () => {
      const before = await namespace('d');
      const dead = (await sandboxes()).find(({ name }) => name.startsWith('argonaut-lane-d-'));
      await bench.ports.engine.killContainer(dead?.id ?? '', 'SIGKILL', patience());
      expect(await namespace('d')).not.toBe(before);
      await bench.runner.endLane('d', patience());
    });

    it('starts although everything that waited in the pool has died', async () => {
      await bench.runner.settled();
      for (const { id } of await sandboxes())
        await bench.ports.engine.killContainer(id, 'SIGKILL', patience());
      expect(await namespace('f')).toMatch(/net:/);
      await bench.runner.endLane('f', patience());
      await bench.runner.settled();
      const waiting = await sandboxes();
      expect(waiting).toHaveLength(2);
      expect(waiting.map(({ status }) => status)).toEqual(['running', 'running']);
    });

    it('keeps its sandbox when the runner starts again; sandboxes of nobody are removed', async () => {
      const spec = await bench.spec({ place: { network: 'lane' }, spec: { lane: 'e' } });
      await bench.stage(spec);
      await bench.open(spec.attempt, 'readlink /proc/self/ns/net; sleep 1.5; ls /sys/class/net | grep -v lo');
      const before = (await sandboxes()).map(({ id }) => id);
      await bench.restart();
      await bench.runner.warm(patience());
      const after = (await sandboxes()).map(({ id }) => id);
      // Only the lane's own is still there; those that waited belonged to a process that is gone.
      expect(before.filter((id) => after.includes(id))).toHaveLength(1);
      expect(await namespace('e')).toMatch(/net:/);
      const told = await bench.told(spec.attempt);
      expect(told.stdout.toString()).toMatch(/eth0/);
      await bench.finish(spec.attempt);
      await bench.runner.endLane('e', patience());
    });
  });
}
