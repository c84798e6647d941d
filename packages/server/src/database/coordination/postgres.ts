/**
 * Coordination on PostgreSQL: servers take tasks side by side with `FOR UPDATE SKIP LOCKED`, a partial unique index
 * keeps one lease per tag, and `NOTIFY` wakes all of them (it is delivered at commit).
 */
import { sql } from 'kysely';
import type pg from 'pg';
import { type Database, isUniqueViolation } from '../database.ts';
import type { Lease } from './port.ts';
import { SharedCoordination } from './shared.ts';

const CHANNEL = 'argonaut_queue';

/** Two servers can pick two tasks of one tag at the same moment; one of them then tries again. */
const CLAIM_ATTEMPTS = 5;

/** Pause before the listening connection is made again, in milliseconds. */
const RECONNECT_AFTER = 1_000;

export class PostgresCoordination extends SharedCoordination {
  readonly #pool: pg.Pool;
  #connection: pg.PoolClient | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(database: Database, pool: pg.Pool, now: () => Date) {
    super(database, now);
    this.#pool = pool;
  }

  /** Listens before it returns, so that no wake is missed. */
  static async start(database: Database, pool: pg.Pool, now: () => Date): Promise<PostgresCoordination> {
    const coordination = new PostgresCoordination(database, pool, now);
    await coordination.#listen();
    return coordination;
  }

  async claim(owner: string, leaseFor: number, stopped: readonly string[] = []): Promise<Lease | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.queue.claim(owner, leaseFor, stopped, {
          respectsOthers: true,
          lock: 'for update skip locked',
        });
      } catch (error) {
        if (!isUniqueViolation(error) || attempt === CLAIM_ATTEMPTS) throw error;
      }
    }
  }

  async wake(): Promise<void> {
    await sql`select pg_notify(${CHANNEL}, '')`.execute(this.database.query);
  }

  override async close(): Promise<void> {
    await super.close();
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#connection?.release(true);
    this.#connection = undefined;
  }

  async #listen(): Promise<void> {
    const connection = await this.#pool.connect();
    this.#connection = connection;
    connection.on('notification', () => this.tellListeners());
    connection.on('error', () => this.#reconnectLater());
    await connection.query(`listen ${CHANNEL}`);
  }

  /** Wakes were missed while the connection was gone, so its return counts as one. */
  #reconnectLater(): void {
    if (this.#closed) return;
    this.#connection?.release(true);
    this.#connection = undefined;
    this.#retry = setTimeout(() => {
      this.#listen().then(
        () => this.tellListeners(),
        () => this.#reconnectLater(),
      );
    }, RECONNECT_AFTER);
  }
}
