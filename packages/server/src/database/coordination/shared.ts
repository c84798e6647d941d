/** What both databases do alike: the rows of the queue are theirs to keep, and whoever sleeps here is called by a list. */
import type { Database } from '../database.ts';
import type { Coordination, Lease, QueuedTask } from './port.ts';
import { Queue } from './queue.ts';

export abstract class SharedCoordination implements Coordination {
  protected readonly database: Database;
  protected readonly queue: Queue;
  readonly #listeners = new Set<() => void>();

  constructor(database: Database, now: () => Date) {
    this.database = database;
    this.queue = new Queue(database, now);
  }

  abstract claim(owner: string, leaseFor: number, stopped?: readonly string[]): Promise<Lease | undefined>;
  abstract wake(): Promise<void>;

  async enqueue(task: QueuedTask): Promise<void> {
    await this.queue.enqueue(task);
    await this.wake();
  }

  renew(lease: Lease, leaseFor: number): Promise<boolean> {
    return this.queue.renew(lease, leaseFor);
  }

  async release(lease: Lease, next: 'done' | 'queued'): Promise<void> {
    await this.queue.release(lease, next);
    await this.wake();
  }

  fence<T>(lease: Lease, write: () => Promise<T>): Promise<T> {
    return this.queue.fence(lease, write);
  }

  withdraw(task: string): Promise<boolean> {
    return this.queue.withdraw(task);
  }

  async putFirst(task: string): Promise<boolean> {
    const isFirst = await this.queue.putFirst(task);
    if (isFirst) await this.wake();
    return isFirst;
  }

  onWake(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  nextDue(): Promise<Date | undefined> {
    return this.queue.nextDue();
  }

  elect(role: string, owner: string, leaseFor: number): Promise<boolean> {
    return this.queue.elect(role, owner, leaseFor);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  protected tellListeners(): void {
    for (const listener of this.#listeners) listener();
  }
}
