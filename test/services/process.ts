/**
 * A program that runs beside the tests: started with its output in a file, awaited until it is ready, ended by
 * its process id. When the test run itself is killed, the kernel ends the program (PR_SET_PDEATHSIG).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Where standard output and error go. */
  readonly logFile: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Run as this user and group instead of ours; needs root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Answers true when the program can be used; asked until the deadline. */
  readonly ready: () => Promise<boolean>;
  /** Default 30 s. */
  readonly readyWithinMs?: number;
  /** The signal that ends it in good order; default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
}

const STOP_WITHIN_MS = 10_000;

export class Program {
  readonly #child: ChildProcess;
  readonly #options: ProgramOptions;

  private constructor(child: ChildProcess, options: ProgramOptions) {
    this.#child = child;
    this.#options = options;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  static async start(options: ProgramOptions): Promise<Program> {
    const log = await open(options.logFile, 'a');
    const user = options.user
      ? [`--reuid=${options.user.uid}`, `--regid=${options.user.gid}`, '--clear-groups']
      : [];
    const child = spawn('setpriv', ['--pdeathsig=KILL', ...user, '--', options.command, ...options.args], {
      // A group of its own, so that a Ctrl-C at the terminal reaches the tests first.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, ...options.environment },
    });
    const spawned = once(child, 'spawn');
    await log.close();
    await spawned;
    const program = new Program(child, options);
    const deadline = Date.now() + (options.readyWithinMs ?? 30_000);
    while (!(await options.ready())) {
      if (program.#ended || Date.now() > deadline) {
        const why = program.#ended ? `ended with code ${child.exitCode}` : 'was not ready in time';
        await program.stop();
        const output = (await readFile(options.logFile, 'utf8')).slice(-2_000);
        throw new Error(`${options.command} ${why}. Its last output:\n${output}`);
      }
      await delay(50);
    }
    return program;
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends it: in good order, or by SIGKILL to its whole group after ten seconds. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.#child, 'exit');
    this.#child.kill(this.#options.stopSignal ?? 'SIGTERM');
    const inTime = await Promise.race([closed, delay(STOP_WITHIN_MS, undefined, { ref: false })]);
    if (inTime === undefined) {
      process.kill(-this.pid, 'SIGKILL');
      await closed;
    }
  }
}

/** A TCP port on the loopback interface that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

const DIRECTORY_PREFIX = 'argonaut-test-';

/** A new private directory for one service; its name carries our process id. */
export async function serviceDirectory(service: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `${DIRECTORY_PREFIX}${process.pid}-${service}-`));
}

/** Removes the directories of test runs that were killed before they could. */
export async function removeAbandonedDirectories(): Promise<void> {
  for (const entry of await readdir(tmpdir())) {
    const owner = new RegExp(`^${DIRECTORY_PREFIX}(\\d+)-`).exec(entry)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    await rm(join(tmpdir(), entry), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is alive too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
