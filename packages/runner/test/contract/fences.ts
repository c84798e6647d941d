/** What a step may not do, and what nobody may see of it. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bench, type OpenPorts, patience } from './bench.ts';

const command = promisify(execFile);

export function fencesContract(openPorts: OpenPorts): void {
  describe('fences', () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = await Bench.open(openPorts);
    });
    afterAll(() => bench?.close());

    it('keep what installers need and take away the rest', async () => {
      const { stdout } = await bench.run(
        'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; touch /tmp/f; chown 1000:1000 /tmp/f && echo chown; mknod /tmp/n c 1 3 2>/dev/null && echo mknod; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; ulimit -c',
      );
      const text = stdout.toString();
      expect(text).toMatch(/NoNewPrivs:\s+1/);
      expect(text).toMatch(/Seccomp:\s+2/);
      expect(text).toMatch(/chown/);
      expect(text).not.toMatch(/mknod/);
      expect(text).toMatch(/4096/);
      expect(text.trimEnd().endsWith('0')).toBe(true);
    });

    it('hold limits of processes', async () => {
      const { stdout } = await bench.run(
        'cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null',
        { spec: { limits: { pids: 64 } } },
      );
      expect(stdout.toString()).toBe('64\n');
    });

    it('let nobody see a secret: not the engine, not the disk, not another user', async () => {
      const canary = `canary-${randomBytes(8).toString('hex')}`;
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.open(
        spec.attempt,
        'test "$SECRET" = "$(cat $ARGONAUT_FILES/secret)" && echo received; sleep 1',
        {
          secrets: { Canary: canary },
          late: {
            environment: { SECRET: canary },
            files: [
              {
                name: 'script',
                bytes: Buffer.from(
                  'test "$SECRET" = "$(cat "$ARGONAUT_FILES/secret")" && echo received; sleep 1',
                ),
              },
              { name: 'secret', bytes: Buffer.from(canary) },
            ],
          },
        },
      );
      const { stdout: inspected } = await command('docker', ['inspect', `argonaut-${spec.attempt}`]);
      expect(inspected).not.toContain(canary);
      // grep ends with 1 when nothing is found, and that is what we want to see.
      const search = command('grep', ['-rlF', '--', canary, bench.dataDirectory]);
      await expect(search).rejects.toMatchObject({ code: 1 });
      const other = command('docker', [
        'exec',
        '-u',
        '4242',
        `argonaut-${spec.attempt}`,
        'sh',
        '-c',
        'cat /run/argonaut/files/* /proc/[0-9]*/environ',
      ]);
      expect(
        String(
          await other.then(
            ({ stdout }) => stdout,
            (error: { stdout: string }) => error.stdout,
          ),
        ),
      ).not.toContain(canary);
      const told = await bench.told(spec.attempt, { secrets: { Canary: canary } });
      expect(told.stdout.toString()).toBe('received\n');
      await bench.finish(spec.attempt);
    });

    it('give back the files of a step and no others', async () => {
      const spec = await bench.spec();
      await bench.stage(spec);
      await bench.open(
        spec.attempt,
        'echo report > report.txt; mkdir -p /out; head -c 300000 /dev/zero > /out/big; ln -s /out/big link; ln -s /nowhere dangling; ln -s /etc/hostname host-link; hostname',
      );
      const { stdout } = await bench.told(spec.attempt);
      const read = async (path: string) => {
        const parts: Uint8Array[] = [];
        for await (const part of bench.runner.read(spec.attempt, path, patience())) parts.push(part);
        return Buffer.concat(parts);
      };
      expect((await read('report.txt')).toString()).toBe('report\n');
      expect((await read('/argonaut/work/report.txt')).toString()).toBe('report\n');
      expect((await read('/out/big')).length).toBe(300_000);
      expect((await read('link')).length).toBe(300_000);
      // A link leads to the container's file, never to the worker's.
      expect((await read('host-link')).toString()).toBe(stdout.toString());
      await expect(read('dangling')).rejects.toMatchObject({ kind: 'NotFound' });
      await expect(read('missing.txt')).rejects.toMatchObject({ kind: 'NotFound' });
      await expect(read('/out')).rejects.toMatchObject({ kind: 'Invalid' });
      await bench.finish(spec.attempt);
    });
  });
}
