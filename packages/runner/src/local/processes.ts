/** Processes of this machine (Linux). */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { InfrastructureFailure } from '@argonaut/contracts';
import type { Processes, ProcessIdentity, SpawnRequest } from '../ports/processes.ts';
import { environmentContains, startTicksOf } from './proc.ts';

/** `path`: what names are looked up in, as the variable PATH has it. */
export function createLocalProcesses(options: { readonly path: string }): Processes {
  return new LocalProcesses(options.path);
}

/** How images name what Node calls otherwise. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

class LocalProcesses implements Processes {
  readonly #path: string;
  #bootId: Promise<string> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** `detached` makes a session of its own, and nothing is inherited: it outlives us and whoever waits for our output. */
  async spawn(request: SpawnRequest, signal: AbortSignal): Promise<ProcessIdentity> {
    signal.throwIfAborted();
    const [program = '', ...rest] = request.argv;
    const child = spawn(program, rest, {
      cwd: request.cwd,
      env: { ...request.environment },
      detached: true,
      stdio: 'ignore',
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) =>
        reject(new InfrastructureFailure(`Cannot start ${program}: ${cause.message}`, { cause })),
      );
    });
    child.unref();
    const pid = child.pid ?? 0;
    const startTicks = await startTicksOf(pid);
    // Gone already: an identity that no living process has.
    return { pid, startTicks: startTicks ?? 0, bootId: await this.#boot() };
  }

  async isAlive(identity: ProcessIdentity, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if ((await this.#boot()) !== identity.bootId) return false;
    return (await startTicksOf(identity.pid)) === identity.startTicks;
  }

  async kill(identity: ProcessIdentity, name: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void> {
    if (!(await this.isAlive(identity, signal))) return;
    try {
      process.kill(identity.pid, name);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw new InfrastructureFailure(`Cannot send ${name} to process ${identity.pid}`, { cause });
    }
  }

  async findByAttempt(attempt: string, signal: AbortSignal): Promise<readonly ProcessIdentity[]> {
    const found: ProcessIdentity[] = [];
    const bootId = await this.#boot();
    for (const name of await fs.readdir('/proc')) {
      signal.throwIfAborted();
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      if (!(await environmentContains(pid, `ARGONAUT_ATTEMPT=${attempt}`))) continue;
      const startTicks = await startTicksOf(pid);
      if (startTicks !== undefined) found.push({ pid, startTicks, bootId });
    }
    return found;
  }

  async platform(): Promise<{ readonly os: string; readonly architecture: string }> {
    return { os: process.platform, architecture: architectures[process.arch] ?? process.arch };
  }

  async findProgram(candidates: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    for (const candidate of candidates) {
      const paths = isAbsolute(candidate)
        ? [candidate]
        : this.#path
            .split(delimiter)
            .filter(isAbsolute)
            .map((directory) => join(directory, candidate));
      for (const path of paths) {
        signal.throwIfAborted();
        if (await isProgram(path)) return path;
      }
    }
    return undefined;
  }

  #boot(): Promise<string> {
    this.#bootId ??= fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim());
    return this.#bootId;
  }
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await fs.access(path, constants.X_OK);
    return (await fs.stat(path)).isFile();
  } catch {
    return false;
  }
}
