/**
 * `RunStore` over the database and the blobs. The epoch is the one of the task's lease, and every transaction holds the
 * lease: a server that lost the task cannot write about it. The log is durable before its length is committed.
 */
import { Conflict, InfrastructureFailure } from '@argonaut/contracts';
import type { Plan, TaskState } from '@argonaut/orchestrator';
import type { Lease } from '../../database/index.ts';
import type { RunChange, RunStore, StoredRun } from '../../execution/index.ts';
import { noSuchTask } from '../../execution/stored-run.ts';
import type { Services } from '../../services.ts';
import { MAGIC } from '../../tasklog/index.ts';
import { readEntries, writeEntries } from './entries.ts';
import { lengthOf, type Segment, segmentKey, segmentsOf } from './run-log.ts';

/** What else a change means for people: written in the same transaction. */
export interface Chronicle {
  record(task: string, change: RunChange): Promise<void>;
}

/** Of a task that only has a log. */
const NO_PLAN = '{}';

interface Held {
  readonly lease: Lease;
  segments: readonly Segment[];
  nextSeq: number;
}

export class DatabaseRunStore implements RunStore {
  readonly #services: Services;
  readonly #chronicle: Chronicle;
  readonly #held = new Map<string, Held>();

  constructor(services: Services, chronicle: Chronicle) {
    this.#services = services;
    this.#chronicle = chronicle;
  }

  /** The queue has given us the task: from now on its run may be created, claimed and changed here. */
  hold(lease: Lease): void {
    this.#held.set(lease.task, { lease, segments: [], nextSeq: 1 });
  }

  /** The lease has ended. One that has been replaced meanwhile stays. */
  letGo(lease: Lease): void {
    if (this.#held.get(lease.task)?.lease === lease) this.#held.delete(lease.task);
  }

  /** False also for a task that has a log but could not be planned. */
  async exists(task: string): Promise<boolean> {
    const row = await this.#services.database.query
      .selectFrom('runs')
      .select('task')
      .where('task', '=', task)
      .where('plan', '<>', NO_PLAN)
      .executeTakeFirst();
    return row !== undefined;
  }

  async create(plan: Plan, state: TaskState): Promise<void> {
    const { lease } = this.#heldFor(plan.task);
    const { database, coordination } = this.#services;
    await coordination.fence(lease, async () => {
      if (await this.exists(plan.task)) throw new Conflict(`Task ${plan.task} has been stored already.`);
      const row = {
        task: plan.task,
        plan: JSON.stringify(plan),
        state: JSON.stringify(state),
        segments: '[]',
      };
      await database.query.insertInto('runs').values(row).execute();
    });
  }

  async claim(task: string): Promise<{ readonly run: StoredRun; readonly epoch: number }> {
    const held = this.#heldFor(task);
    const { database, coordination, keys } = this.#services;
    const { epoch } = held.lease;
    const row = await coordination.fence(held.lease, async () => {
      const found = await database.query
        .selectFrom('runs')
        .select(['plan', 'state', 'segments'])
        .where('task', '=', task)
        .executeTakeFirst();
      if (found === undefined) throw noSuchTask(task);
      const known: readonly Segment[] = JSON.parse(found.segments);
      // One that was never committed to says nothing.
      const segments = [...known.filter(({ length }) => length > 0), { epoch, length: 0 }];
      await database.query
        .updateTable('runs')
        .set({ segments: JSON.stringify(segments) })
        .where('task', '=', task)
        .execute();
      held.segments = segments;
      return found;
    });
    const { nextSeq, ...entries } = await readEntries(database, keys, task);
    held.nextSeq = nextSeq;
    const plan: Plan = JSON.parse(row.plan);
    const state: TaskState = JSON.parse(row.state);
    const schema = Math.max(Number(plan.schema), Number(state.schema));
    if (schema !== 1) {
      throw new InfrastructureFailure(
        `Task ${task} was stored by a newer version of Argonaut (schema ${schema}). Resume it with that version.`,
      );
    }
    return { run: { plan, state, ...entries }, epoch };
  }

  async commit(task: string, epoch: number, change: RunChange): Promise<void> {
    const held = this.#heldFor(task, epoch);
    const { database, coordination, keys, news } = this.#services;
    const segments = await this.#append(task, held, change.log);
    await coordination.fence(held.lease, async () => {
      await database.query
        .updateTable('runs')
        .set({
          segments: JSON.stringify(segments),
          ...(change.state === undefined ? {} : { state: JSON.stringify(change.state) }),
        })
        .where('task', '=', task)
        .execute();
      held.nextSeq = await writeEntries(database, keys, task, change, held.nextSeq);
      await this.#chronicle.record(task, change);
    });
    held.segments = segments;
    news.tell(task);
  }

  /** A line that belongs to no run: a task that could not be planned, or one without a process. */
  async note(lease: Lease, log: Uint8Array, write: () => Promise<unknown> = async () => {}): Promise<void> {
    const { database, coordination, news } = this.#services;
    const { task, epoch } = lease;
    const before = await segmentsOf(database, task);
    const own = before.find((segment) => segment.epoch === epoch)?.length ?? 0;
    const others = before.filter((segment) => segment.epoch !== epoch);
    const segments = await this.#append(
      task,
      { lease, segments: [...others, { epoch, length: own }], nextSeq: 1 },
      log,
    );
    await coordination.fence(lease, async () => {
      const row = { task, plan: NO_PLAN, state: '{}', segments: JSON.stringify(segments) };
      await database.query
        .insertInto('runs')
        .values(row)
        .onConflict((conflict) => conflict.column('task').doUpdateSet({ segments: row.segments }))
        .execute();
      await write();
    });
    news.tell(task);
  }

  /** Durable when it resolves; the segments as they then are. */
  async #append(task: string, held: Held, log: Uint8Array): Promise<readonly Segment[]> {
    if (log.length === 0) return held.segments;
    const { epoch } = held.lease;
    const isFirst = lengthOf(held.segments) === 0;
    const bytes = isFirst ? Buffer.concat([MAGIC, log]) : log;
    const length = await this.#services.blobs.append(segmentKey(task, epoch), bytes);
    return [...held.segments.filter((segment) => segment.epoch !== epoch), { epoch, length }];
  }

  #heldFor(task: string, epoch?: number): Held {
    const held = this.#held.get(task);
    if (held === undefined || (epoch !== undefined && held.lease.epoch !== epoch)) {
      throw new Conflict(
        `Task ${task} is not ours any more: its lease has ended or has another epoch (${held?.lease.epoch ?? 'none'}).`,
      );
    }
    return held;
  }
}
