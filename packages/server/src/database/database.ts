/**
 * One database for the whole server, and its transactions.
 *
 * Code inside `transaction(…)` needs no handle to it: everything that goes through the same `Database` meanwhile
 * belongs to the transaction, and a transaction within a transaction joins it. What must happen only when the data is
 * safe (waking the queue, starting background work) goes into `afterCommit`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import type { Secret } from '@argonaut/contracts';
import { Kysely, sql, type Transaction } from 'kysely';
import type pg from 'pg';
import { migrate } from './migrations.ts';
import type { Tables } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';

interface Scope {
  readonly transaction: Transaction<Tables>;
  readonly afterCommit: (() => void)[];
  /** Work that outlives its transaction by mistake falls back to the plain database instead of failing oddly. */
  open: boolean;
}

export class Database {
  readonly kind: 'sqlite' | 'postgres';
  /** The pool, for what Kysely does not cover (LISTEN); undefined on SQLite. */
  readonly pool: pg.Pool | undefined;
  readonly #root: Kysely<Tables>;
  readonly #scopes = new AsyncLocalStorage<Scope>();
  #commits = 0;

  constructor(root: Kysely<Tables>, kind: 'sqlite' | 'postgres', pool?: pg.Pool) {
    this.#root = root;
    this.kind = kind;
    this.pool = pool;
  }

  /** Where queries go: the transaction that the caller is in, else the database itself. */
  get query(): Kysely<Tables> {
    const scope = this.#scopes.getStore();
    return scope?.open ? scope.transaction : this.#root;
  }

  /** Transactions committed since the start, for `/metrics`: on SQLite each one waits for the disk. */
  get commits(): number {
    return this.#commits;
  }

  /**
   * Everything or nothing. Keep it short and never wait for a network inside: SQLite has one connection, and all
   * other queries wait for it.
   */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.#scopes.getStore()?.open) return work();
    const afterCommit: (() => void)[] = [];
    const result = await this.#root.transaction().execute(async (transaction) => {
      const scope: Scope = { transaction, afterCommit, open: true };
      try {
        return await this.#scopes.run(scope, work);
      } finally {
        scope.open = false;
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
    if (scope?.open) scope.afterCommit.push(effect);
    else effect();
  }

  /** Answers or throws; for `/readyz`. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#root);
  }

  async close(): Promise<void> {
    await this.#root.destroy();
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

/** A database in memory with the full schema, for tests. */
export async function memoryDatabase(): Promise<Database> {
  const database = new Database(new Kysely<Tables>({ dialect: sqliteDialect(':memory:') }), 'sqlite');
  await migrate(database.query, false);
  return database;
}

/** PostgreSQL 23505; SQLite SQLITE_CONSTRAINT_UNIQUE (2067) and SQLITE_CONSTRAINT_PRIMARYKEY (1555). */
export function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === '23505') return true;
  return 'errcode' in error && (error.errcode === 2067 || error.errcode === 1555);
}
