/**
 * One argonaut-init on this machine, started the way a worker starts it. `ARGONAUT_INIT_BINARY` chooses the binary and
 * `ARGONAUT_INIT_RUNNER` a prefix (for example `qemu-aarch64-static`), so that the same specifications run on every
 * architecture; they also work on a machine that is not root, except for those that need a PID namespace.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  attemptFiles,
  connectControl,
  decodeIndex,
  type ExitRecord,
  GateClient,
  type GatePayload,
  initBinary,
  type LogChunk,
  parseExitRecord,
  runArguments,
  tagLog,
} from '../src/index.ts';

const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
export const binary = process.env.ARGONAUT_INIT_BINARY ?? initBinary(architecture).path;
const runner = (process.env.ARGONAUT_INIT_RUNNER ?? '').split(' ').filter((word) => word !== '');

/** The command line that runs init with these arguments, emulator included. */
export function initCommand(...args: readonly string[]): [string, ...string[]] {
  const [first = binary, ...rest] = [...runner, binary, ...args];
  return [first, ...rest];
}

/** Root may make a PID namespace, in which init is PID 1 and a `kill -9 -1` harms nobody else. */
export const pidNamespace: boolean =
  process.getuid?.() === 0 && spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

/** Emulated, init's own process image is the emulator's: some things the kernel shows about it differ. */
export const emulated: boolean = runner.length > 0;

export interface AttemptOptions {
  /** As PID 1 of a new PID namespace instead of a host's subreaper. */
  readonly namespace?: boolean;
  /** A command under which init is run; it ends by exec of its arguments, or passes their code on. */
  readonly under?: readonly string[];
  readonly gateMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly attempt?: string;
  /** Run as this user (and group); only root can. */
  readonly uid?: number;
  /** Use this attempt directory instead of a new one. */
  readonly directory?: string;
}

export class AttemptUnderTest implements Disposable {
  readonly directory: string;
  /** Where this attempt's files from the gate appear; on tmpfs. */
  readonly files: string;
  readonly process: ChildProcess;
  /** Code or signal of the process that was started (init itself, or `unshare`, which passes its code on). */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #stderr = '';

  constructor(options: AttemptOptions = {}) {
    this.directory = options.directory ?? newAttemptDirectory();
    this.files = join('/dev/shm', `argonaut-test-${randomBytes(6).toString('hex')}`);
    const command = initCommand(
      ...runArguments({
        directory: this.directory,
        files: this.files,
        ...(options.gateMs === undefined ? {} : { gateMs: options.gateMs }),
        ...(options.attempt === undefined ? {} : { attempt: options.attempt }),
      }),
    );
    const namespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
    const under = options.under ?? (options.namespace === true ? namespace : []);
    const [file = '', ...args] = [...under, ...command];
    this.process = spawn(file, args, {
      detached: true,
      // The last one is a descriptor that a careless launcher leaks.
      stdio: ['ignore', 'ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...options.env },
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    this.process.stderr?.on('data', (bytes: Buffer) => {
      this.#stderr += bytes.toString();
    });
    this.ended = new Promise((resolve) => {
      this.process.once('exit', (code, signal) => resolve({ code, signal }));
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** A client of its own connection to the gate. */
  async connect(): Promise<GateClient> {
    return GateClient.overSocket(await connectControl(this.directory, { deadlineMs: 10_000 }));
  }

  /** Opens the gate and leaves the connection. */
  async open(payload: GatePayload): ReturnType<GateClient['open']> {
    const client = await this.connect();
    try {
      return await client.open(payload);
    } finally {
      client.close();
    }
  }

  /** Runs a shell script to its end and gives its exit record. */
  async run(script: string, more: Omit<GatePayload, 'program'> = {}): Promise<ExitRecord> {
    await this.open({ program: ['sh', '-c', script], ...more });
    await this.ended;
    return this.exit();
  }

  path(name: keyof typeof attemptFiles): string {
    return join(this.directory, attemptFiles[name]);
  }

  exit(): ExitRecord {
    return parseExitRecord(readFileSync(this.path('exit'), 'utf8'));
  }

  log(): string {
    return readFileSync(this.path('log'), 'latin1');
  }

  chunks(): LogChunk[] {
    return tagLog(0, readFileSync(this.path('log')), decodeIndex(readFileSync(this.path('index'))));
  }

  /** All bytes of one stream. */
  stream(stream: LogChunk['stream']): string {
    const mine = this.chunks().filter((chunk) => chunk.stream === stream);
    return Buffer.concat(mine.map((chunk) => chunk.bytes)).toString('latin1');
  }

  [Symbol.dispose](): void {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    if (existsSync(this.files)) rmSync(this.files, { recursive: true });
    rmSync(join(this.directory, '..'), { recursive: true, force: true });
  }
}

/** An empty attempt directory as a worker makes it: 0777 inside a parent that nobody can list. */
export function newAttemptDirectory(): string {
  const parent = mkdtempSync(join(tmpdir(), 'argonaut-init-test-'));
  chmodSync(parent, 0o711);
  const directory = join(parent, 'attempt');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  return directory;
}

/** Waits until something holds; the test's own time-out is its deadline. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 4_000; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`never happened: ${what}`);
}

/** Living processes whose environment carries the attempt's marker. */
export function marked(attempt: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8')
          .split('\0')
          .includes(`ARGONAUT_ATTEMPT=${attempt}`);
      } catch {
        return false;
      }
    });
}
