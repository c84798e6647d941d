/** The statements on the queue's table that are the same on both databases. */
import { sql } from 'kysely';
import type { Database } from '../database.ts';
import { type Lease, LeaseLost, type QueuedTask } from './port.ts';

/** What distinguishes the databases when a task is claimed. */
export interface ClaimRules {
  /** Whether other owners' leases count although they have not run out. False where only one server can exist. */
  readonly respectsOthers: boolean;
  readonly lock: 'for update skip locked' | '';
}

export class Queue {
  readonly #database: Database;
  readonly #now: () => Date;

  constructor(database: Database, now: () => Date) {
    this.#database = database;
    this.#now = now;
  }

  async enqueue({ task, space, queueTime, tag }: QueuedTask): Promise<void> {
    await this.#database.query
      .insertInto('queue')
      .values({ task, space, state: 'queued', queue_time: queueTime.toISOString(), tag, epoch: 0 })
      .execute();
  }

  /** Two statements in one transaction; the caller repeats it when somebody was faster on the same tag. */
  claim(
    owner: string,
    leaseFor: number,
    stopped: readonly string[],
    rules: ClaimRules,
  ): Promise<Lease | undefined> {
    return this.#database.transaction(async () => {
      const now = this.#now().toISOString();
      const open = sql`state = 'queued' and queue_time <= ${now}
        and (tag is null or not exists (select 1 from queue as busy where busy.state = 'leased' and busy.tag = queue.tag))`;
      const elsewhere = stopped.length === 0 ? sql`` : sql`and space not in (${sql.join(stopped)})`;
      const abandoned = rules.respectsOthers
        ? sql`state = 'leased' and lease_until < ${now}`
        : sql`state = 'leased' and (lease_until < ${now} or owner <> ${owner})`;
      const found = await sql<{ task: string; epoch: number }>`
        select task, epoch from queue where (${abandoned}) or (${open} ${elsewhere})
        order by queue_time, task limit 1 ${sql.raw(rules.lock)}`.execute(this.#database.query);
      const row = found.rows[0];
      if (row === undefined) return undefined;
      const lease: Lease = { task: row.task, owner, epoch: row.epoch + 1 };
      await this.#database.query
        .updateTable('queue')
        .set({ state: 'leased', owner, epoch: lease.epoch, lease_until: this.#until(leaseFor) })
        .where('task', '=', row.task)
        .execute();
      return lease;
    });
  }

  async renew(lease: Lease, leaseFor: number): Promise<boolean> {
    const result = await this.#mine(lease)
      .set({ lease_until: this.#until(leaseFor) })
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  async release(lease: Lease, next: 'done' | 'queued'): Promise<void> {
    const result = await this.#mine(lease)
      .set({ state: next, owner: null, lease_until: null })
      .executeTakeFirst();
    if (result.numUpdatedRows !== 1n) throw new LeaseLost(lease);
  }

  fence<T>(lease: Lease, write: () => Promise<T>): Promise<T> {
    return this.#database.transaction(async () => {
      // The update locks the row until the commit: nobody can claim the task between here and there.
      const held = await this.#mine(lease).set({ epoch: lease.epoch }).executeTakeFirst();
      if (held.numUpdatedRows !== 1n) throw new LeaseLost(lease);
      return write();
    });
  }

  async withdraw(task: string): Promise<boolean> {
    const result = await this.#database.query
      .updateTable('queue')
      .set({ state: 'done' })
      .where('task', '=', task)
      .where('state', '=', 'queued')
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  async putFirst(task: string): Promise<boolean> {
    const result = await this.#database.query
      .updateTable('queue')
      // A thousand years earlier: before all others, and in the old order among themselves.
      .set({ queue_time: sql<string>`'1' || substr(queue_time, 2)` })
      .where('task', '=', task)
      .where('state', '=', 'queued')
      .where('queue_time', '<=', this.#now().toISOString())
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  async nextDue(): Promise<Date | undefined> {
    const row = await this.#database.query
      .selectFrom('queue')
      .select('queue_time')
      .where('state', '=', 'queued')
      .where('queue_time', '>', this.#now().toISOString())
      .orderBy('queue_time')
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? undefined : new Date(row.queue_time);
  }

  async elect(role: string, owner: string, leaseFor: number): Promise<boolean> {
    const now = this.#now().toISOString();
    const leader = await this.#database.query
      .insertInto('leaders')
      .values({ role, owner, lease_until: this.#until(leaseFor) })
      .onConflict((conflict) =>
        conflict
          .column('role')
          .doUpdateSet({ owner, lease_until: this.#until(leaseFor) })
          .where((where) =>
            where.or([where('leaders.owner', '=', owner), where('leaders.lease_until', '<', now)]),
          ),
      )
      .returning('owner')
      .executeTakeFirst();
    return leader?.owner === owner;
  }

  #mine(lease: Lease) {
    return this.#database.query
      .updateTable('queue')
      .where('task', '=', lease.task)
      .where('epoch', '=', lease.epoch)
      .where('owner', '=', lease.owner)
      .where('state', '=', 'leased');
  }

  #until(leaseFor: number): string {
    return new Date(this.#now().getTime() + leaseFor).toISOString();
  }
}
