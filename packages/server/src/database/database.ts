/**
 * One database for the whole server, and its transactions.
 *
 * Code inside `transaction(…)` needs no handle to it: everything that goes through the same `Database` meanwhile
 * belongs to the transaction, and a transaction within a transaction joins it. What must happen only when the data is
 * safe (waking the queue, starting background work) goes into `afterCommit`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { type Secret, TimedOut } from '@argonaut/contracts';
import { Kysely, sql, type Transaction } from 'kysely';
import type pg from 'pg';
import { migrate } from './migrations.ts';
import type { Tables } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';

interface Scope {
  readonly transaction: Transaction<Tables>;
  readonly afterCommit: (() => void)[];
  /**
   * `open` → `ended` (committed or undone; background work that was started inside goes on with the plain database)
   * or → `expired` (undone after its deadline; nothing of the late work may be written any more).
   */
  state: 'open' | 'ended' | 'expired';
}

/** How long a transaction may take, in milliseconds. On SQLite everybody else waits for it. */
const TRANSACTION_DEADLINE = 60_000;

export class Database {
  readonly kind: 'sqlite' | 'postgres';
  /** The pool, for what Kysely does not cover (LISTEN); undefined on SQLite. */
  readonly pool: pg.Pool | undefined;
  readonly #root: Kysely<Tables>;
  readonly #deadline: number;
  readonly #scopes = new AsyncLocalStorage<Scope>();
  #commits = 0;

  constructor(
    root: Kysely<Tables>,
    kind: 'sqlite' | 'postgres',
    pool?: pg.Pool,
    deadline: number = TRANSACTION_DEADLINE,
  ) {
    this.#root = root;
    this.#deadline = deadline;
    this.kind = kind;
    this.pool = pool;
  }

  /** Where queries go: the transaction that the caller is in, else the database itself. */
  get query(): Kysely<Tables> {
    const scope = this.#scopes.getStore();
    if (scope?.state === 'expired') throw this.#expired();
    return scope?.state === 'open' ? scope.transaction : this.#root;
  }

  /** Transactions committed since the start, for `/metrics`: on SQLite each one waits for the disk. */
  get commits(): number {
    return this.#commits;
  }

  /**
   * Everything or nothing. Keep it short and never wait for a network inside: SQLite has one connection, and all
   * other queries wait for it.
   * @throws TimedOut after a minute; everything is undone then, and what the work still tries to write is refused.
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.#scopes.getStore()?.state === 'open') return work();
    const afterCommit: (() => void)[] = [];
    const result = await this.#root.transaction().execute(async (transaction) => {
      const scope: Scope = { transaction, afterCommit, state: 'open' };
      try {
        return await this.#withDeadline(scope, work);
      } finally {
        if (scope.state === 'open') scope.state = 'ended';
      }
    });
    this.#commits += 1;
    for (const effect of afterCommit) this.#scopes.exit(effect);
    return result;
  }

  /**
   * A transaction that no two servers run at the same time under one name; the second waits for the first and then
   * sees what it did.
   */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.transaction(async () => {
      // Ends with the transaction. SQLite has one connection, so its transactions exclude each other anyway.
      if (this.kind === 'postgres') {
        await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(this.query);
      }
      return work();
    });
  }

  /** Runs when the surrounding transaction is committed (never if it is not); at once outside of one. */
  afterCommit(effect: () => void): void {
    const scope = this.#scopes.getStore();
    if (scope?.state === 'open') scope.afterCommit.push(effect);
    else effect();
  }

  /** Answers or throws; for `/readyz`. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#root);
  }

  async close(): Promise<void> {
    await this.#root.destroy();
  }

  async #withDeadline<T>(scope: Scope, work: () => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      scope.state = 'expired';
      late.reject(this.#expired());
    }, this.#deadline);
    try {
      return await Promise.race([this.#scopes.run(scope, work), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #expired(): TimedOut {
    return new TimedOut(
      `A transaction took longer than ${this.#deadline / 1000} s and was undone. Nothing was changed; try again.`,
    );
  }
}

/**
 * Opens the database that the settings name and brings its schema up to date.
 * @throws Conflict when it is in use by another server (SQLite) or was made by a newer version.
 */
export async function openDatabase(options: {
  readonly dataDirectory: string;
  readonly databaseUrl?: Secret;
}): Promise<Database> {
  const database = options.databaseUrl
    ? await openPostgres(options.databaseUrl)
    : new Database(
        new Kysely<Tables>({ dialect: sqliteDialect(join(options.dataDirectory, 'argonaut.db')) }),
        'sqlite',
      );
  try {
    await migrate(database.query, database.kind === 'postgres');
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** `pg` is loaded only where it is used: a server on SQLite does without its memory. */
async function openPostgres(url: Secret): Promise<Database> {
  const { postgresDialect, postgresPool } = await import('./postgres.ts');
  const pool = postgresPool(url);
  return new Database(new Kysely<Tables>({ dialect: postgresDialect(pool) }), 'postgres', pool);
}

/** A database in memory with the full schema, for tests; `deadline` shortens its transactions. */
export async function memoryDatabase(deadline?: number): Promise<Database> {
  const root = new Kysely<Tables>({ dialect: sqliteDialect(':memory:') });
  const database = new Database(root, 'sqlite', undefined, deadline);
  await migrate(database.query, false);
  return database;
}

/** PostgreSQL 23505; SQLite SQLITE_CONSTRAINT_UNIQUE (2067) and SQLITE_CONSTRAINT_PRIMARYKEY (1555). */
export function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === '23505') return true;
  return 'errcode' in error && (error.errcode === 2067 || error.errcode === 1555);
}
