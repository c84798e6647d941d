/**
 * Where runs live: `<data>/runs/<run>/`, with the stored task (run.json, epoch, log), the process file's content without
 * secrets (process.json), the worker's journal and directories, and collected artifacts.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Conflict, NotFound } from '@argonaut/contracts';
import { FileRunStore } from '@argonaut/server/execution';
import type { ProcessFile } from './process-file.ts';

/** Runs that are over and kept, for their logs and artifacts. */
const KEPT_RUNS = 20;

/** `ARGONAUT_DATA`, or `argonaut` in the user's data directory (XDG). */
export function dataDirectory(environment: NodeJS.ProcessEnv): string {
  const given = environment.ARGONAUT_DATA;
  if (given !== undefined && given !== '') return resolve(given);
  const base = environment.XDG_DATA_HOME || join(homedir(), '.local', 'share');
  return join(base, 'argonaut');
}

export class RunDirectory {
  readonly store: FileRunStore;
  readonly #runs: string;

  constructor(data: string) {
    this.#runs = join(data, 'runs');
    this.store = new FileRunStore(this.#runs);
  }

  path(run: string, ...parts: readonly string[]): string {
    return join(this.#runs, run, ...parts);
  }

  /** After the task itself was stored. */
  async keepFile(run: string, file: ProcessFile): Promise<void> {
    await writeFile(this.path(run, 'process.json'), JSON.stringify(file), { mode: 0o600 });
  }

  async readFile(run: string): Promise<ProcessFile> {
    try {
      return JSON.parse(await readFile(this.path(run, 'process.json'), 'utf8'));
    } catch (error) {
      throw new NotFound(`Run "${run}" cannot be resumed: it never began.`, { cause: error });
    }
  }

  /** The newest run that is not over. */
  async newestUnfinished(): Promise<string> {
    for (const run of (await this.store.tasks()).toReversed()) {
      const { completion } = await this.store.read(run);
      if (completion === undefined) return run;
    }
    throw new NotFound('There is no unfinished run to resume.');
  }

  /** `Conflict` while another process that lives has the run. */
  async own(run: string): Promise<void> {
    const path = this.path(run, 'owner');
    const owner = await readFile(path, 'utf8').catch(() => '');
    const [pid = '', ticks = ''] = owner.trim().split(' ');
    if (pid !== '' && Number(pid) !== process.pid && (await startTicks(pid)) === ticks) {
      throw new Conflict(
        `Run "${run}" is in the hands of process ${pid}. Wait for it, or stop that process first.`,
      );
    }
    await writeFile(path, `${process.pid} ${await startTicks(String(process.pid))}\n`, { mode: 0o600 });
  }

  /** Removes what the worker needed, and the oldest runs beyond those that are kept. */
  async tidy(run: string): Promise<void> {
    for (const part of ['worker', 'journal', 'owner']) {
      await rm(this.path(run, part), { recursive: true, force: true });
    }
    const over: string[] = [];
    for (const candidate of await this.store.tasks()) {
      const stored = await this.store.read(candidate).catch(() => undefined);
      if (stored?.completion !== undefined && stored.orders.length === 0) over.push(candidate);
    }
    for (const old of over.slice(0, -KEPT_RUNS)) await rm(this.path(old), { recursive: true, force: true });
  }

  async makeWorkerDirectories(run: string): Promise<void> {
    await mkdir(this.path(run, 'worker'), { recursive: true, mode: 0o700 });
  }
}

/** Field 22 of `/proc/<pid>/stat`: tells a process from a later one with the same number. Empty when there is none. */
async function startTicks(pid: string): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
