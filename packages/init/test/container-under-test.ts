/** One container with argonaut-init as its main process, made with the `docker` command: what a person could type. */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  attemptFiles,
  connectControl,
  type ExitRecord,
  GateClient,
  type GatePayload,
  initBinary,
  mountPoints,
  parseExitRecord,
  runArguments,
} from '../src/index.ts';
import { newAttemptDirectory } from './attempt-under-test.ts';

const run = promisify(execFile);

/** Everything that a worker sets on a container for a step, apart from the image. */
const fences = [
  ['--cap-drop', 'ALL'],
  ['--security-opt', 'no-new-privileges'],
  ['--stop-signal', 'SIGTERM'],
  ['--no-healthcheck'],
  ['--tmpfs', `${mountPoints.run}:mode=1777,size=8m,noexec,nosuid,nodev`],
].flat();

export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', args, { maxBuffer: 1 << 26, encoding: 'latin1' });
  return stdout;
}

export interface ContainerOptions {
  readonly docker?: readonly string[];
  /** Another binary than the engine's architecture asks for. */
  readonly binary?: string;
}

export class ContainerUnderTest implements AsyncDisposable {
  readonly name = `argonaut-init-test-${randomBytes(6).toString('hex')}`;
  readonly directory = newAttemptDirectory();

  /** Creates and starts it; it waits at the gate. */
  static async start(image: string, options: ContainerOptions = {}): Promise<ContainerUnderTest> {
    const container = new ContainerUnderTest();
    const architecture = (await docker('version', '--format', '{{.Server.Arch}}')).trim() as
      | 'amd64'
      | 'arm64';
    await docker(
      'create',
      ...['--name', container.name, ...fences],
      ...['--entrypoint', mountPoints.init],
      ...['-v', `${options.binary ?? initBinary(architecture).path}:${mountPoints.init}:ro`],
      ...['-v', `${container.directory}:${mountPoints.attempt}`],
      ...(options.docker?.includes('--network') === true ? [] : ['--network', 'none']),
      ...(options.docker ?? []),
      image,
      ...runArguments({ gateMs: 60_000 }),
    );
    await docker('start', container.name);
    return container;
  }

  async connect(): Promise<GateClient> {
    return GateClient.overSocket(await connectControl(this.directory, { deadlineMs: 20_000 }));
  }

  async open(payload: GatePayload): ReturnType<GateClient['open']> {
    const client = await this.connect();
    try {
      return await client.open(payload);
    } finally {
      client.close();
    }
  }

  /** Waits for the end; the engine's exit code. */
  async wait(): Promise<number> {
    return Number(await docker('wait', this.name));
  }

  async run(program: readonly string[], more: Omit<GatePayload, 'program'> = {}): Promise<ExitRecord> {
    await this.open({ program, ...more });
    await this.wait();
    return this.exit();
  }

  path(name: keyof typeof attemptFiles): string {
    return join(this.directory, attemptFiles[name]);
  }

  has(name: keyof typeof attemptFiles): boolean {
    return existsSync(this.path(name));
  }

  exit(): ExitRecord {
    return parseExitRecord(readFileSync(this.path('exit'), 'utf8'));
  }

  log(): string {
    return readFileSync(this.path('log'), 'latin1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    execFileSync('docker', ['rm', '--force', '--volumes', this.name], { stdio: 'ignore' });
    rmSync(join(this.directory, '..'), { recursive: true, force: true });
  }
}
