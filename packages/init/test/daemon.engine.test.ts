/**
 * The engine is SIGKILLed and a step does not notice: gate, log, deadline and `exit` go on without it. On a private
 * dockerd with live-restore, so that nobody else's containers are touched; needs root and the `dockerd` program.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  connectControl,
  GateClient,
  initBinary,
  mountPoints,
  parseExitRecord,
  runArguments,
} from '../src/index.ts';
import { newAttemptDirectory, until } from './attempt-under-test.ts';

const able = process.getuid?.() === 0 && spawnSync('dockerd', ['--version']).status === 0;
const image = 'argonaut-test/busybox:1';

describe.skipIf(!able)('when the engine is killed', () => {
  let daemon: PrivateDaemon;
  beforeAll(async () => {
    daemon = new PrivateDaemon();
    await daemon.start();
    execFileSync('sh', ['-c', `docker save ${image} | docker --host ${daemon.host} load`], {
      stdio: 'ignore',
    });
  });
  afterAll(async () => {
    await daemon?.remove();
  });

  test('while a step prints, no line is lost, and the engine agrees on the code when it is back', async () => {
    const { name, directory } = daemon.stage();
    const client = GateClient.overSocket(await connectControl(directory, { deadlineMs: 20_000 }));
    await client.open({
      program: ['sh', '-c', 'for i in $(seq 60000); do echo $i; done; sleep 1; echo end; exit 9'],
    });
    await daemon.kill();
    await until(() => daemon.has(directory, 'exit'), 'the step ends without its engine');
    const log = readFileSync(join(directory, 'log'), 'utf8');
    expect(log).toBe(`${Array.from({ length: 60_000 }, (_, i) => `${i + 1}\n`).join('')}end\n`);
    await daemon.start();
    expect(daemon.docker('wait', name).trim()).toBe('9');
    client.close();
  });

  test('while a step waits at its gate, the gate can be opened, and the deadline holds', async () => {
    const { name, directory } = daemon.stage();
    const late = daemon.stage();
    (await connectControl(directory, { deadlineMs: 20_000 })).destroy();
    (await connectControl(late.directory, { deadlineMs: 20_000 })).destroy();
    await daemon.kill();
    for (const [where, script] of [
      [directory, 'echo ran; exit 7'],
      [late.directory, 'sleep 600'],
    ] as const) {
      const client = GateClient.overSocket(await connectControl(where, { deadlineMs: 5_000 }));
      expect(await client.open({ program: ['sh', '-c', script], options: { deadlineMs: 1_000 } })).toEqual({
        outcome: 'started',
      });
      client.close();
    }
    await until(() => daemon.has(directory, 'exit') && daemon.has(late.directory, 'exit'), 'both end');
    const exit = (where: string) => parseExitRecord(readFileSync(join(where, 'exit'), 'utf8'));
    expect(exit(directory)).toMatchObject({ reason: 'exited', code: 7 });
    expect(exit(late.directory)).toMatchObject({ reason: 'timeout', signal: 15 });
    await daemon.start();
    expect(daemon.docker('wait', name).trim()).toBe('7');
    expect(daemon.docker('wait', late.name).trim()).toBe('143');
  });
});

class PrivateDaemon {
  readonly #root = mkdtempSync(join(tmpdir(), 'argonaut-dockerd-'));
  readonly host = `unix://${this.#root}/docker.sock`;
  readonly #directories: string[] = [];
  #process: ChildProcess | undefined;
  #count = 0;

  /** Waits until it answers. A daemon that meets the dying containerd of the one before gives up: then once more. */
  async start(): Promise<void> {
    await until(() => {
      if (
        this.#process === undefined ||
        this.#process.exitCode !== null ||
        this.#process.signalCode !== null
      ) {
        this.#process = spawn(
          // In a network namespace of its own: `--bridge none` deletes the docker0 that it finds, even another daemon's.
          'unshare',
          [
            '--net',
            'dockerd',
            ...[
              '--host',
              this.host,
              '--data-root',
              `${this.#root}/data`,
              '--exec-root',
              `${this.#root}/exec`,
            ],
            ...[
              '--pidfile',
              `${this.#root}/pid`,
              '--bridge',
              'none',
              '--iptables=false',
              '--ip-forward=false',
            ],
            ...['--live-restore', '--log-level', 'error'],
          ],
          { stdio: ['ignore', 'ignore', openSync(join(this.#root, 'log'), 'a')] },
        );
      }
      return spawnSync('docker', ['--host', this.host, 'info'], { stdio: 'ignore' }).status === 0;
    }, 'dockerd answers');
  }

  /** SIGKILL, and certain that it is dead, with the containerd that dies with it. */
  async kill(): Promise<void> {
    const pidFile = `${this.#root}/exec/containerd/containerd.pid`;
    const containerd = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').trim() : 'none'; // the system's own lives on
    const gone = new Promise((resolve) => this.#process?.once('exit', resolve));
    this.#process?.kill('SIGKILL');
    await gone;
    await until(() => !existsSync(`/proc/${containerd}`), 'its containerd has died');
  }

  docker(...args: readonly string[]): string {
    return execFileSync('docker', ['--host', this.host, ...args]).toString();
  }

  stage(): { name: string; directory: string } {
    const name = `step-${++this.#count}`;
    const directory = newAttemptDirectory();
    this.#directories.push(directory);
    const arch = this.docker('version', '--format', '{{.Server.Arch}}').trim() as 'amd64' | 'arm64';
    this.docker(
      ...['run', '-d', '--name', name, '--network', 'none', '--entrypoint', mountPoints.init],
      ...[
        '-v',
        `${initBinary(arch).path}:${mountPoints.init}:ro`,
        '-v',
        `${directory}:${mountPoints.attempt}`,
      ],
      ...[image, ...runArguments({ gateMs: 60_000 })],
    );
    return { name, directory };
  }

  has(directory: string, name: string): boolean {
    return existsSync(join(directory, name));
  }

  async remove(): Promise<void> {
    for (let i = 1; i <= this.#count; i++)
      spawnSync('docker', ['--host', this.host, 'rm', '-f', `step-${i}`]);
    if (this.#process?.exitCode === null && this.#process.signalCode === null) {
      const gone = new Promise((resolve) => this.#process?.once('exit', resolve));
      this.#process.kill('SIGTERM');
      await gone;
    }
    for (const each of this.#directories) rmSync(join(each, '..'), { recursive: true });
    // A killed daemon leaves mounts behind.
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    for (const each of mounts.filter((path) => path.startsWith(this.#root)).reverse())
      spawnSync('umount', [each]);
    rmSync(this.#root, { recursive: true, force: true });
  }
}
