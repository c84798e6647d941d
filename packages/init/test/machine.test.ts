/** What init asks of the kernel and takes from it: memory, clock, counters, users, and a directory that may forbid it. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runArguments } from '../src/index.ts';
import { AttemptUnderTest, binary, emulated, newAttemptDirectory } from './attempt-under-test.ts';

const root = process.getuid?.() === 0;
const run = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
/** What a rootless engine gives: root inside, nobody outside. */
const rootless = [
  ...(root ? ['setpriv', '--reuid', '54321', '--regid', '54321', '--clear-groups'] : []),
  ...['unshare', '--user', '--map-root-user', '--pid', '--fork', '--mount-proc', '--kill-child'],
];
const [first = '', ...rest] = rootless;
const userNamespace = run(first, ...rest, 'true');
const mountNamespace = root && run('unshare', '--mount', 'true');

describe.skipIf(emulated)('init at the gate', () => {
  test('is one thread and a few pages of memory', async () => {
    using attempt = new AttemptUnderTest();
    (await attempt.connect()).close();
    const status = readFileSync(`/proc/${attempt.process.pid}/status`, 'utf8');
    expect(/Threads:\s+(\d+)/.exec(status)?.[1]).toBe('1');
    expect(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1])).toBeLessThan(1_000);
  });

  test('is woken by a clock that goes on while the machine sleeps', async () => {
    using attempt = new AttemptUnderTest();
    const client = await attempt.connect(); // stays, so that no descriptor goes away while they are listed
    await client.status();
    const folder = `/proc/${attempt.process.pid}/fdinfo`;
    const timers = readdirSync(folder)
      .map((fd) => /clockid: (\d+)/.exec(readFileSync(join(folder, fd), 'utf8'))?.[1])
      .filter((clock) => clock !== undefined);
    expect(timers).toEqual(['7']); // CLOCK_BOOTTIME
    client.close();
  });
});

test.skipIf(!userNamespace || emulated)('init works as the root of a user namespace', async () => {
  using attempt = new AttemptUnderTest({ under: rootless });
  const exit = await attempt.run('id -u; cat "$D/token"; setsid sleep 60 & exit 3', {
    env: { D: attempt.files },
    files: [{ name: 'token', content: 'canary\n' }],
    options: { drainMs: 100 },
  });
  expect(exit).toMatchObject({ reason: 'exited', code: 3, stragglers: 1, unkilled: 0 });
  expect(attempt.log()).toBe('0\ncanary\n');
});

// A cgroup v2 that a machine with v1 has not: its files by hand, in a mount namespace. `$$` becomes init by exec.
describe.skipIf(!mountNamespace || emulated)('OOM kills under cgroup v2', () => {
  test.each([
    { where: 'in a container, whose group is mounted as the root', group: '/', folder: '/sys/fs/cgroup' },
    { where: 'on a host', group: '/step.service', folder: '/sys/fs/cgroup/step.service' },
  ])('are counted $where', async ({ group, folder }) => {
    const layout = `mount -t tmpfs tmpfs /sys/fs/cgroup && mkdir -p ${folder} && printf 'low 0\\noom 1\\noom_kill 4\\n' > ${folder}/memory.events
      echo '0::${group}' > /sys/fs/cgroup/mine && mount --bind /sys/fs/cgroup/mine /proc/$$/cgroup && exec "$@"`;
    using attempt = new AttemptUnderTest({ under: ['unshare', '--mount', 'sh', '-c', layout, 'sh'] });
    const exit = await attempt.run(
      `printf 'low 0\\noom 2\\noom_kill 6\\n' > ${folder}/memory.events; exit 0`,
    );
    expect(exit).toMatchObject({ code: 0, oomKills: 2 });
  });
});

test.skipIf(!root || emulated)('a binary on a noexec mount never begins: no `started`', () => {
  const mount = mkdtempSync(join(tmpdir(), 'argonaut-noexec-'));
  const directory = newAttemptDirectory();
  expect(run('mount', '-t', 'tmpfs', '-o', 'noexec', 'tmpfs', mount)).toBe(true);
  try {
    copyFileSync(binary, join(mount, 'init'));
    const started = spawnSync(join(mount, 'init'), runArguments({ directory, gateMs: 1_000 }));
    expect(started.error).toMatchObject({ code: 'EACCES' });
    expect(existsSync(join(directory, 'started'))).toBe(false);
  } finally {
    run('umount', mount);
    rmSync(mount, { recursive: true });
    rmSync(join(directory, '..'), { recursive: true });
  }
});
