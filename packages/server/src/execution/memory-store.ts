/** Tasks in memory, for tests and for what need not survive the process. */
import { Conflict } from '@argonaut/contracts';
import type { Plan, TaskState } from '@argonaut/orchestrator';
import { type LogSource, MAGIC } from '../tasklog/index.ts';
import type { RunChange, RunStore, StoredRun } from './ports.ts';
import { changedRun, type KeptRun, newRun, noSuchTask } from './stored-run.ts';

interface Kept {
  run: KeptRun;
  epoch: number;
  log: Buffer;
}

export class MemoryRunStore implements RunStore {
  readonly #tasks = new Map<string, Kept>();

  async create(plan: Plan, state: TaskState): Promise<void> {
    if (this.#tasks.has(plan.task)) throw new Conflict(`Task ${plan.task} has been stored already.`);
    this.#tasks.set(plan.task, { run: newRun(plan, state), epoch: 0, log: MAGIC });
  }

  async claim(task: string): Promise<{ readonly run: StoredRun; readonly epoch: number }> {
    const kept = this.#kept(task);
    kept.epoch += 1;
    return { run: structuredClone(kept.run), epoch: kept.epoch };
  }

  async commit(task: string, epoch: number, change: RunChange): Promise<void> {
    const kept = this.#kept(task);
    if (epoch !== kept.epoch) {
      throw new Conflict(
        `Task ${task} was taken over at epoch ${kept.epoch}; this process has epoch ${epoch}.`,
      );
    }
    kept.run = structuredClone(changedRun(kept.run, change));
    kept.log = Buffer.concat([kept.log, change.log]);
  }

  /** The task as it is stored now. */
  read(task: string): KeptRun {
    return structuredClone(this.#kept(task).run);
  }

  log(task: string): LogSource {
    const { log } = this.#kept(task);
    return {
      length: async () => log.length,
      read: async (offset, maxBytes) => log.subarray(offset, offset + maxBytes),
    };
  }

  #kept(task: string): Kept {
    const kept = this.#tasks.get(task);
    if (kept === undefined) throw noSuchTask(task);
    return kept;
  }
}
