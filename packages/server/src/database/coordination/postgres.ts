/**
 * Coordination on PostgreSQL: servers take tasks side by side with `FOR UPDATE SKIP LOCKED`, a partial unique index
 * keeps one lease per tag, and `NOTIFY` wakes all of them (it is delivered at commit).
 */
import { sql } from 'kysely';
import type pg from 'pg';
import { type Database, isUniqueViolation } from '../database.ts';
import type { Coordination, Lease, QueuedTask } from './port.ts';
import { Queue } from './queue.ts';

const CHANNEL = 'argonaut_queue';

/** Two servers can pick two tasks of one tag at the same moment; one of them then tries again. */
const CLAIM_ATTEMPTS = 5;

/** Pause before the listening connection is made again, in milliseconds. */
const RECONNECT_AFTER = 1_000;

export class PostgresCoordination implements Coordination {
  readonly #database: Database;
  readonly #pool: pg.Pool;
  readonly #queue: Queue;
  readonly #listeners = new Set<() => void>();
  #connection: pg.PoolClient | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(database: Database, pool: pg.Pool, now: () => Date) {
    this.#database = database;
    this.#pool = pool;
    this.#queue = new Queue(database, now);
  }

  /** Listens before it returns, so that no wake is missed. */
  static async start(database: Database, pool: pg.Pool, now: () => Date): Promise<PostgresCoordination> {
    const coordination = new PostgresCoordination(database, pool, now);
    await coordination.#listen();
    return coordination;
  }

  async enqueue(task: QueuedTask): Promise<void> {
    await this.#queue.enqueue(task);
    await this.wake();
  }

  async claim(owner: string, leaseFor: number, stopped: readonly string[] = []): Promise<Lease | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#queue.claim(owner, leaseFor, stopped, {
          respectsOthers: true,
          lock: 'for update skip locked',
        });
      } catch (error) {
        if (!isUniqueViolation(error) || attempt === CLAIM_ATTEMPTS) throw error;
      }
    }
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
    await sql`select pg_notify(${CHANNEL}, '')`.execute(this.#database.query);
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
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#listeners.clear();
    this.#connection?.release(true);
    this.#connection = undefined;
  }

  async #listen(): Promise<void> {
    const connection = await this.#pool.connect();
    this.#connection = connection;
    connection.on('notification', () => this.#tellListeners());
    connection.on('error', () => this.#reconnectLater());
    await connection.query(`listen ${CHANNEL}`);
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Wakes were missed while the connection was gone, so its return counts as one. */
  #reconnectLater(): void {
    if (this.#closed) return;
    this.#connection?.release(true);
    this.#connection = undefined;
    this.#retry = setTimeout(() => {
      this.#listen().then(
        () => this.#tellListeners(),
        () => this.#reconnectLater(),
      );
    }, RECONNECT_AFTER);
  }
}
