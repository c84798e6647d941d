/**
 * Coordination on SQLite: the database belongs to one process, so whoever runs is the only server. Leases of an earlier
 * process are free at once, and waking is a call within the process.
 */
import type { Database } from '../database.ts';
import type { Coordination, Lease, QueuedTask } from './port.ts';
import { Queue } from './queue.ts';

export class SqliteCoordination implements Coordination {
  readonly #database: Database;
  readonly #queue: Queue;
  readonly #listeners = new Set<() => void>();

  constructor(database: Database, now: () => Date) {
    this.#database = database;
    this.#queue = new Queue(database, now);
  }

  async enqueue(task: QueuedTask): Promise<void> {
    await this.#queue.enqueue(task);
    await this.wake();
  }

  claim(owner: string, leaseFor: number, stopped: readonly string[] = []): Promise<Lease | undefined> {
    return this.#queue.claim(owner, leaseFor, stopped, { respectsOthers: false, lock: '' });
  }

  renew(lease: Lease, leaseFor: number): Promise<boolean> {
    return this.#queue.renew(lease, leaseFor);
  }

  async release(lease: Lease, next: 'done' | 'queued'): Promise<void> {
    await this.#queue.release(lease, next);
    await this.wake();
  }

  fence<T>(lease: Lease, write: () => Promise<T>): Promise<T> {
    return this.#queue.fence(lease, write);
  }

  withdraw(task: string): Promise<boolean> {
    return this.#queue.withdraw(task);
  }

  async putFirst(task: string): Promise<boolean> {
    const isFirst = await this.#queue.putFirst(task);
    if (isFirst) await this.wake();
    return isFirst;
  }

  async wake(): Promise<void> {
    this.#database.afterCommit(() => {
      for (const listener of this.#listeners) listener();
    });
  }

  onWake(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  nextDue(): Promise<Date | undefined> {
    return this.#queue.nextDue();
  }

  elect(role: string, owner: string, leaseFor: number): Promise<boolean> {
    return this.#queue.elect(role, owner, leaseFor);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }
}
