/** Mounts that are not ours to choose: Kubernetes' place for a last message, and a host that forbids programs. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initBinary } from '../src/index.ts';
import { ContainerUnderTest, docker } from './container-under-test.ts';

const image = 'argonaut-test/busybox:1';
const root = process.getuid?.() === 0;

// Nobody reads a container's own stdout, where a full pipe would block init.
describe('a record that must survive the container’s disk', () => {
  test.each([
    { what: 'of a program', cancel: false, reason: 'exited' },
    { what: 'of one that was cancelled at the gate', cancel: true, reason: 'cancelled-at-gate' },
  ])('$what goes into /dev/termination-log too; the log never to stdout', async ({ cancel, reason }) => {
    const folder = mkdtempSync(join(tmpdir(), 'argonaut-init-termination-'));
    const file = join(folder, 'message');
    writeFileSync(file, '');
    try {
      await using container = await ContainerUnderTest.start(image, {
        docker: ['-v', `${file}:/dev/termination-log`],
      });
      const client = await container.connect();
      if (cancel) await client.cancel();
      else await client.open({ program: ['sh', '-c', 'echo out; exit 5'] });
      await container.wait();
      expect(container.exit().reason).toBe(reason);
      expect(readFileSync(file, 'utf8')).toBe(readFileSync(container.path('exit'), 'utf8'));
      expect(await docker('logs', container.name)).toBe('');
      client.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

// runc 1.1 drops the flag when it mounts read-only; a newer one may keep it. Anything between would be a half start.
test.skipIf(!root)('from a noexec mount of the host init runs as ever, or it never begins', async () => {
  const mount = mkdtempSync(join(tmpdir(), 'argonaut-noexec-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'noexec', 'tmpfs', mount]);
  try {
    const architecture = (await docker('version', '--format', '{{.Server.Arch}}')).trim();
    const binary = join(mount, 'init');
    copyFileSync(initBinary(architecture === 'arm64' ? 'arm64' : 'amd64').path, binary);
    await using container =
      (await ContainerUnderTest.start(image, { binary }).catch(() => undefined)) ?? new ContainerUnderTest();
    const status = await docker('inspect', '--format', '{{.State.Running}}', container.name).catch(() => '');
    if (status.trim() === 'true')
      expect(await container.run(['sh', '-c', 'exit 3'])).toMatchObject({ code: 3 });
    else expect(container.has('started')).toBe(false);
  } finally {
    execFileSync('umount', ['--lazy', mount]);
    rmSync(mount, { recursive: true });
  }
});
