/** argonaut-init as PID 1 of real containers: every kind of image, the fences, OOM, and engines that share no disk. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ctlArguments,
  type ExitRecord,
  exitCodes,
  GateClient,
  initBinary,
  mountPoints,
  parseExitRecord,
  readArguments,
  runArguments,
  sandboxArguments,
} from '../src/index.ts';
import { until } from './attempt-under-test.ts';
import { ContainerUnderTest, docker } from './container-under-test.ts';

const image = (name: string) => `argonaut-test/${name}:1`;

describe('every kind of image', () => {
  test.each([
    { name: 'busybox', program: ['sh', '-c', 'echo hi; id -u; exit 3'], log: 'hi\n0\n', code: 3 },
    { name: 'debian', program: ['bash', '-c', 'echo hi; id -u; exit 3'], log: 'hi\n0\n', code: 3 },
    { name: 'musl', program: ['/bin/hello'], log: /hello/i, code: 0 },
    { name: 'scratch', program: ['/busybox', 'echo', 'hi'], log: 'hi\n', code: 0 },
    { name: 'scratch', program: [mountPoints.init, 'version'], log: 'argonaut-init 1\n', code: 0 },
    { name: 'entrypoint', program: ['/bin/echo', 'hi'], log: 'hi\n', code: 0 },
    { name: 'environment', program: ['tool'], log: 'the tool of the image\n', code: 0 },
    { name: 'user', program: ['sh', '-c', 'id -un; id -u'], log: 'app\n1000\n', code: 0 },
    { name: 'user-id', program: ['sh', '-c', 'id -u; id -g'], log: '4242\n4242\n', code: 0 },
    { name: 'workdir', program: ['cat', 'note.txt'], log: 'in the working directory\n', code: 0 },
    { name: 'workdir-missing', program: ['pwd'], log: '/not/there\n', code: 0 },
    { name: 'volume', program: ['cat', '/data/seed.txt'], log: 'from the image\n', code: 0 },
    { name: 'healthcheck', program: ['sh', '-c', 'sleep 1.5; echo hi'], log: 'hi\n', code: 0 },
    { name: 'onbuild', program: ['echo', 'hi'], log: 'hi\n', code: 0 },
    {
      name: 'read-only',
      program: ['sh', '-c', 'pwd; id -u'],
      log: '/work\n1000\n',
      code: 0,
      docker: ['--read-only'],
    },
    { name: 'busybox', program: ['echo', 'hi'], log: 'hi\n', code: 0, docker: ['--user', '54321'] },
    {
      name: 'busybox',
      program: ['echo', 'hi'],
      log: 'hi\n',
      code: 0,
      docker: ['--read-only', '--user', '54321:7'],
    },
    { name: 'busybox', program: ['echo', 'hi'], log: 'hi\n', code: 0, docker: ['--pids-limit', '2'] },
    { name: 'busybox', program: ['echo', 'hi'], log: 'hi\n', code: 0, docker: ['--memory', '8m'] },
    { name: 'busybox', program: ['echo', 'hi'], log: 'hi\n', code: 0, docker: ['--init'] },
  ])('works: $name $docker $program', async ({ name, program, log, code, ...more }) => {
    await using container = await ContainerUnderTest.start(image(name), more);
    await container.open({ program });
    expect(await container.wait()).toBe(code); // the engine is a second witness
    expect(container.exit()).toMatchObject({ reason: 'exited', code, stragglers: 0 });
    if (typeof log === 'string') expect(container.log()).toBe(log);
    else expect(container.log()).toMatch(log);
  });

  test('an init of another architecture never begins: no `started`, so nothing can have run', async () => {
    const server = (await docker('version', '--format', '{{.Server.Arch}}')).trim();
    const other = initBinary(server === 'arm64' ? 'amd64' : 'arm64').path;
    await using container =
      (await ContainerUnderTest.start(image('busybox'), { binary: other }).catch(() => undefined)) ??
      new ContainerUnderTest();
    await until(
      async () =>
        (await docker('inspect', '--format', '{{.State.Running}}', container.name)).trim() === 'false',
      'it has ended',
    );
    expect(container.has('started')).toBe(false);
  });

  test('a directory that the image’s user cannot write is code 251, and nothing is written', async () => {
    const out = await docker(
      ...[
        'run',
        '--rm',
        '--network',
        'none',
        '--entrypoint',
        mountPoints.init,
        '-v',
        `${initBinary('amd64').path}:${mountPoints.init}:ro`,
      ],
      ...[image('user'), 'run', 'dir=/etc'],
    ).catch((error: { code: number }) => error.code);
    expect(out).toBe(exitCodes.directory);
  });
});

describe('a script in a container', () => {
  test.each([
    { what: 'kills everything it can', script: 'kill -9 -1; echo on; exit 7' },
    { what: 'empties the attempt directory', script: 'rm -rf /argonaut/*; exit 7' },
    { what: 'leaves daemons', script: 'for i in 1 2 3; do setsid sleep 600 & done; exit 7' },
  ])('that $what keeps its code', async ({ script }) => {
    await using container = await ContainerUnderTest.start(image('debian'));
    await container.open({ program: ['bash', '-c', script], options: { drainMs: 200 } });
    expect(await container.wait()).toBe(7);
    expect(container.exit()).toMatchObject({ reason: 'exited', code: 7 });
  });

  test('that was started twice ran once: the second start is 250', async () => {
    await using container = await ContainerUnderTest.start(image('busybox'));
    const first = await container.run(['sh', '-c', 'echo run; exit 4']);
    await docker('start', container.name);
    expect(await container.wait()).toBe(exitCodes.alreadyStarted);
    expect(container.log()).toBe('run\n');
    expect(container.exit()).toEqual(first);
  });

  test.each([
    {
      what: 'the program itself',
      script: 'exec python3 -c "x = bytearray(200 << 20)"',
      signal: 9,
      code: null,
    },
    {
      what: 'a child of the program',
      script: 'python3 -c "x = bytearray(200 << 20)"; exit 0',
      signal: null,
      code: 0,
    },
  ])('has an OOM kill of $what counted', async ({ script, signal, code }) => {
    await using container = await ContainerUnderTest.start(image('debian'), {
      docker: ['--memory', '48m', '--memory-swap', '48m'],
    });
    const exit = await container.run(['bash', '-c', script]);
    expect(exit).toMatchObject({ reason: 'exited', signal, code });
    expect(exit.oomKills).toBeGreaterThanOrEqual(1);
  });

  test('is not ended together with a user’s exec terminal', async () => {
    await using container = await ContainerUnderTest.start(image('busybox'));
    const client = await container.connect();
    await client.open({
      program: ['sh', '-c', 'setsid sleep 600 & sleep 600'],
      options: { holdMs: 60_000, drainMs: 100, deadlineMs: 1500, graceMs: 200 },
    });
    await docker('exec', '-d', container.name, 'sh', '-c', 'sleep 601; true');
    await until(() => container.has('held'), 'the attempt is held');
    const processes = await docker('exec', container.name, 'ps', '-o', 'args');
    expect(processes).toContain('sleep 601');
    expect(processes).not.toContain('sleep 600');
    expect(container.exit()).toMatchObject({ reason: 'timeout', stragglers: 1 });
    await client.release();
    expect(await container.wait()).toBe(128 + 15);
    client.close();
  });
});

describe('the engine’s stop', () => {
  test('at the gate is a cancel: 143', async () => {
    await using container = await ContainerUnderTest.start(image('stopsignal'));
    (await container.connect()).close();
    await docker('stop', container.name);
    expect(await container.wait()).toBe(exitCodes.cancelledAtGate);
    expect(container.exit()).toMatchObject({ reason: 'cancelled-at-gate', by: 'SIGTERM' });
  });

  test('of a running step is a cancel by SIGTERM, told apart from one through the gate', async () => {
    await using container = await ContainerUnderTest.start(image('stopsignal'));
    await container.open({
      program: ['sh', '-c', 'trap "exit 8" TERM; echo ready; while :; do sleep 0.1; done'],
    });
    await until(() => container.log() === 'ready\n', 'the script is ready');
    await docker('stop', container.name);
    expect(container.exit()).toMatchObject({ reason: 'cancelled', by: 'SIGTERM', code: 8 });
  });
});

describe('secrets', () => {
  test.each([
    { who: 'root', image: 'debian', docker: [], uid: 0 },
    {
      who: 'uid 54321 on a read-only root',
      image: 'debian',
      docker: ['--user', '54321', '--read-only'],
      uid: 54_321,
    },
  ])(
    'of $who are in no inspect and on no disk; files belong to the step’s user',
    async ({ uid, ...options }) => {
      const canary = `canary-${Math.random().toString(36).slice(2)}-${process.pid}`;
      await using container = await ContainerUnderTest.start(image(options.image), options);
      const client = await container.connect();
      await client.open({
        program: [
          'bash',
          '-c',
          'stat -c "%u %a" /run/argonaut/files/token; stat -f -c %T /run/argonaut/files; [ "$S" = "$(cat /run/argonaut/files/token)" ] && echo same; sleep 600',
        ],
        env: { S: canary },
        files: [{ name: 'token', content: canary }],
      });
      await until(() => container.log().includes('same'), 'the script has seen its secrets');
      expect(container.log()).toBe(`${uid} 400\ntmpfs\nsame\n`);
      expect(await docker('inspect', container.name)).not.toContain(canary);
      const id = (await docker('inspect', '--format', '{{.Id}}', container.name)).trim();
      for (const folder of [`/var/lib/docker/containers/${id}`, container.directory]) {
        expect(filesContain(folder, canary)).toBe(false);
      }
      await client.cancel(0);
      await container.wait();
      client.close();
    },
  );

  test('cannot be read by another user in the container', async () => {
    await using container = await ContainerUnderTest.start(image('busybox'));
    await container.open({
      program: ['sh', '-c', 'echo $$; sleep 600'],
      env: { S: 'canary' },
      files: [{ name: 'token', content: 'canary' }],
    });
    await until(() => container.log() !== '', 'it runs');
    const pid = container.log().trim();
    const spy = (path: string) => docker('exec', '--user', '12345', container.name, 'cat', path);
    await expect(spy(`/proc/${pid}/environ`)).rejects.toThrow(/denied/);
    await expect(spy('/proc/1/environ')).rejects.toThrow(/denied/);
    await expect(spy('/proc/1/mem')).rejects.toThrow(/denied/);
    await expect(spy('/run/argonaut/files/token')).rejects.toThrow(/denied/);
  });
});

describe('an engine that shares no file system', () => {
  test('runs a whole attempt through copy, exec and copy, in a scratch image', async () => {
    const name = `argonaut-init-test-remote-${process.pid}`;
    const staging = mkdtempSync(join(tmpdir(), 'argonaut-init-remote-'));
    try {
      await docker(
        ...[
          'create',
          '--name',
          name,
          '--network',
          'none',
          '--user',
          '4242',
          '--entrypoint',
          mountPoints.init,
          '--cap-drop',
          'ALL',
        ],
        ...[
          '-v',
          mountPoints.attempt,
          '--tmpfs',
          `${mountPoints.run}:mode=1777`,
          image('scratch'),
          ...runArguments({ gateMs: 60_000 }),
        ],
      );
      mkdirSync(join(staging, 'argonaut'));
      cpSync(initBinary('amd64').path, join(staging, 'argonaut-init'));
      // The tar entry of the directory itself makes the volume 0777.
      execFileSync(
        'sh',
        [
          '-c',
          `chmod 777 argonaut; chmod 755 argonaut-init; tar c argonaut argonaut-init | docker cp - ${name}:/`,
        ],
        { cwd: staging },
      );
      await docker('start', name);
      const relay = spawn('docker', ['exec', '-i', name, mountPoints.init, ...ctlArguments({ epoch: 3 })], {
        stdio: 'pipe',
      });
      let log = '';
      relay.stdout.on('data', (bytes: Buffer) => {
        log += bytes.toString();
      });
      const client = GateClient.overRelay({ stdin: relay.stdin, stderr: relay.stderr });
      let record: ExitRecord | undefined;
      client.onExit = (each) => {
        record = each;
      };
      await client.open({
        program: [
          '/busybox',
          'sh',
          '-c',
          'while read -r x; do echo "$x"; done < /run/argonaut/files/token; exit 9',
        ],
        files: [{ name: 'token', content: 'line 1\nline 2\n' }],
        options: { holdMs: 60_000 },
      });
      await until(() => record !== undefined, 'the relay brings the record');
      expect(record).toMatchObject({ reason: 'exited', code: 9 });
      await until(() => log === 'line 1\nline 2\n', 'the relay brings the log');
      const part = await docker('exec', name, mountPoints.init, ...readArguments({ from: 5, to: 8 }));
      expect(part).toBe('1\nl');
      await client.release();
      expect(Number(await docker('wait', name))).toBe(9);
      const tar = execFileSync('sh', ['-c', `docker cp ${name}:/argonaut/exit - | tar xO`]).toString();
      expect(parseExitRecord(tar).code).toBe(9);
    } finally {
      execFileSync('docker', ['rm', '-fv', name], { stdio: 'ignore' });
      rmSync(staging, { recursive: true });
    }
  });

  test('gets log and record through the relay though PID 1 leaves and takes the relay along', async () => {
    await using container = await ContainerUnderTest.start(image('busybox'));
    const relay = spawn('docker', ['exec', '-i', container.name, mountPoints.init, ...ctlArguments()], {
      stdio: 'pipe',
    });
    let bytes = 0;
    relay.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    const client = GateClient.overRelay({ stdin: relay.stdin, stderr: relay.stderr });
    const record = new Promise<ExitRecord>((resolve) => {
      client.onExit = resolve;
    });
    await client.open({ program: ['sh', '-c', 'head -c 20000000 /dev/zero; exit 2'] });
    expect(await record).toMatchObject({ code: 2, logBytes: 20_000_000n });
    await new Promise((resolve) => relay.once('close', resolve));
    expect(bytes).toBe(20_000_000);
    expect(await container.wait()).toBe(2);
  });

  test('a sandbox image holds init alone; a step joins its network; TERM ends it', async () => {
    const tag = 'argonaut-init-test/sandbox:1';
    const folder = mkdtempSync(join(tmpdir(), 'argonaut-init-sandbox-'));
    const name = `argonaut-init-test-sandbox-${process.pid}`;
    try {
      cpSync(initBinary('amd64').path, join(folder, 'argonaut-init'));
      execFileSync('sh', ['-c', `tar c argonaut-init | docker import - ${tag}`], {
        cwd: folder,
        stdio: 'ignore',
      });
      await docker(
        'run',
        '-d',
        '--name',
        name,
        '--network',
        'none',
        '--cap-drop',
        'ALL',
        '--read-only',
        '--entrypoint',
        '/argonaut-init',
        tag,
        ...sandboxArguments({ deadlineMs: 60_000 }),
      );
      await using step = await ContainerUnderTest.start(image('busybox'), {
        docker: ['--network', `container:${name}`],
      });
      expect(await step.run(['sh', '-c', 'ip -o link | wc -l'])).toMatchObject({ code: 0 });
      await docker('stop', name);
      expect((await docker('inspect', '--format', '{{.State.ExitCode}}', name)).trim()).toBe('0');
    } finally {
      execFileSync('sh', ['-c', `docker rm -f ${name}; docker rmi ${tag}`], { stdio: 'ignore' });
      rmSync(folder, { recursive: true });
    }
  });
});

function filesContain(folder: string, text: string): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1').includes(text));
}
