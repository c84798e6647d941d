/**
 * Tasks in a directory: for `argonaut run`, which needs no database.
 *
 *     <directory>/<task>/run.json   plan, state, orders, cursors and the log's committed length; replaced as a whole
 *     <directory>/<task>/epoch      the newest claim
 *     <directory>/<task>/log        the task log
 *
 * Values of sensitive outputs are kept in memory only; a task that is resumed by another process does without them.
 */
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Conflict, InfrastructureFailure, messageOf } from '@argonaut/contracts';
import type { Plan, TaskState } from '@argonaut/orchestrator';
import { LogFile } from '../tasklog/index.ts';
import type { RunChange, RunStore, StoredRun } from './ports.ts';
import { changedRun, type KeptRun, newRun, noSuchTask } from './stored-run.ts';

interface Document {
  readonly schema: 1;
  readonly logLength: number;
  readonly run: KeptRun;
}

interface Claimed {
  run: KeptRun;
  readonly epoch: number;
  readonly log: LogFile;
}

export class FileRunStore implements RunStore, AsyncDisposable {
  readonly #directory: string;
  readonly #claimed = new Map<string, Claimed>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async create(plan: Plan, state: TaskState): Promise<void> {
    const directory = this.#taskDirectory(plan.task);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    try {
      await mkdir(directory, { mode: 0o700 });
    } catch (error) {
      throw new Conflict(`Task ${plan.task} has been stored already: ${messageOf(error)}`, { cause: error });
    }
    await writeWhole(directory, 'epoch', '0');
    await this.#write(plan.task, { schema: 1, logLength: 0, run: newRun(plan, state) });
    await syncDirectory(this.#directory);
  }

  async claim(task: string): Promise<{ readonly run: StoredRun; readonly epoch: number }> {
    const { run, logLength } = await this.#read(task);
    const epoch = (await this.#epoch(task)) + 1;
    await writeWhole(this.#taskDirectory(task), 'epoch', String(epoch));
    await this.#claimed.get(task)?.log[Symbol.asyncDispose]();
    const log = await LogFile.openForAppend(join(this.#taskDirectory(task), 'log'), logLength);
    this.#claimed.set(task, { run, epoch, log });
    return { run, epoch };
  }

  async commit(task: string, epoch: number, change: RunChange): Promise<void> {
    const claimed = this.#claimed.get(task);
    const newest = await this.#epoch(task);
    if (claimed === undefined || claimed.epoch !== epoch || newest !== epoch) {
      throw new Conflict(`Task ${task} was taken over at epoch ${newest}; this process has epoch ${epoch}.`);
    }
    const logLength =
      change.log.length > 0 ? await claimed.log.append(change.log) : await claimed.log.length();
    const run = changedRun(claimed.run, change);
    await this.#write(task, { schema: 1, logLength, run });
    claimed.run = run;
  }

  /** The task as it is stored now, by whichever process. */
  async read(task: string): Promise<KeptRun> {
    return (await this.#read(task)).run;
  }

  /** The committed log, to be closed by the caller; absent when nothing was logged yet. */
  async log(task: string): Promise<LogFile | undefined> {
    const { logLength } = await this.#read(task);
    if (logLength === 0) return undefined;
    return LogFile.openForReading(join(this.#taskDirectory(task), 'log'), logLength);
  }

  /** Ids of the tasks that are stored here, in the order of their names. */
  async tasks(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#directory)).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { log } of this.#claimed.values()) await log[Symbol.asyncDispose]();
    this.#claimed.clear();
  }

  async #read(task: string): Promise<Document> {
    const path = join(this.#taskDirectory(task), 'run.json');
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw noSuchTask(task);
      throw error;
    }
    const document: Document = JSON.parse(text);
    if (document.schema !== 1) {
      throw new InfrastructureFailure(
        `${path} was written by another version of Argonaut (schema ${String(document.schema)}). Resume the task with that version.`,
      );
    }
    return document;
  }

  async #write(task: string, document: Document): Promise<void> {
    const outputs = document.run.outputs.map(({ value, ...rest }) =>
      rest.sensitive || value === undefined ? rest : { ...rest, value },
    );
    const kept: Document = { ...document, run: { ...document.run, outputs } };
    await writeWhole(this.#taskDirectory(task), 'run.json', JSON.stringify(kept));
  }

  async #epoch(task: string): Promise<number> {
    return Number(await readFile(join(this.#taskDirectory(task), 'epoch'), 'utf8'));
  }

  #taskDirectory(task: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(task)) throw noSuchTask(task);
    return join(this.#directory, task);
  }
}

/** The old content or the new one, whatever happens. */
async function writeWhole(directory: string, name: string, content: string): Promise<void> {
  const temporary = join(directory, `${name}.new`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(directory, name));
  await syncDirectory(directory);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
