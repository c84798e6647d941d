/** What the pool allows, held by the worker once more: only there is it known where links lead. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultPolicy, type OptionsPolicy } from '../../src/options/index.ts';
import { Bench, type OpenPorts } from './bench.ts';

export function policyContract(openPorts: OpenPorts): void {
  describe('the policy of a pool', () => {
    let bench: Bench;
    let policy: OptionsPolicy;
    let open: string;
    beforeAll(async () => {
      bench = await Bench.open(openPorts);
      open = await mkdtemp(join(tmpdir(), 'argonaut-allowed-'));
      await mkdir(`${open}/data`, { recursive: true });
      await mkdir(`${bench.dataDirectory}/closed`);
      await writeFile(`${open}/data/file`, 'from the worker\n');
      await symlink(`${bench.dataDirectory}/closed`, `${open}/link`);
      await symlink('data', `${open}/inside`);
      policy = {
        ...defaultPolicy,
        name: 'the policy of worker pool "P"',
        binds: [{ directory: open, readOnly: true }],
      };
    });
    afterAll(async () => {
      await bench?.close();
      await rm(open, { recursive: true });
    });

    const bind = (name: string, readOnly = true) => ({
      docker: {
        Mounts: [
          {
            Type: 'bind',
            Source: `${open}/${name}`,
            Target: '/data',
            ReadOnly: readOnly,
          },
        ],
      },
    });

    it.each(['data', 'inside'])('lets a step mount what it allows (%s)', async (name) => {
      const { stdout } = await bench.run('cat /data/file', { place: bind(name), spec: { policy } });
      expect(stdout.toString()).toBe('from the worker\n');
    });

    it.each([
      ['a link that leads out', () => bind('link')],
      ['a directory for writing that is for reading', () => bind('data', false)],
      ['a privileged container', () => ({ docker: { Privileged: true } })],
      ['a setting that nobody has heard of', () => ({ docker: { Sysctls: { 'net.ipv4.ip_forward': '1' } } })],
    ])('refuses %s, whatever the server thought, and makes no container', async (_, place) => {
      const spec = await bench.spec({ place: place(), spec: { policy } });
      await expect(bench.stage(spec)).rejects.toMatchObject({
        kind: 'Invalid',
        message: expect.stringContaining('refused by the policy of worker pool "P"'),
      });
      expect(await bench.container(spec.attempt)).toBeUndefined();
    });

    it('closes the directory of the worker itself, also where everything around it is open', async () => {
      const everything = { ...policy, binds: [{ directory: '/' }], closedDirectories: [] };
      for (const source of [bench.dataDirectory, `${bench.dataDirectory}/attempts`]) {
        const Mounts = [{ Type: 'bind', Source: source, Target: '/data', ReadOnly: true }];
        const spec = await bench.spec({ place: { docker: { Mounts } }, spec: { policy: everything } });
        await expect(bench.stage(spec)).rejects.toMatchObject({
          kind: 'Invalid',
          message: expect.stringContaining(bench.dataDirectory),
        });
      }
    });

    it('closes what a closed directory leads to', async () => {
      const leading = { ...policy, closedDirectories: [`${open}/inside`] };
      const spec = await bench.spec({ place: bind('data'), spec: { policy: leading } });
      await expect(bench.stage(spec)).rejects.toMatchObject({
        kind: 'Invalid',
        message: expect.stringContaining(`${open}/data of the worker is never mounted`),
      });
    });

    it('lets a step begin in a directory of its choice', async () => {
      const place = { docker: { WorkingDir: '/some/where' } };
      const { stdout } = await bench.run('pwd; echo "$ARGONAUT_WORK"', { place, spec: { policy } });
      expect(stdout.toString()).toBe('/some/where\n/argonaut/work\n');
    });
  });
}
