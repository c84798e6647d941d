/** SQLite through `node:sqlite`: one process, one connection, every commit on disk before it is answered. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Conflict, messageOf } from '@argonaut/contracts';
import { type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';

/** Prepared statements that are kept; the store's own set is about 40. */
const STATEMENT_CACHE = 200;

/** `SQLITE_BUSY`, https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Opens (or makes) the file and takes it for this process alone.
 * @throws Conflict when another process has it. The lock is the kernel's, so a killed server leaves none behind.
 */
export function sqliteDialect(file: string): SqliteDialect {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('pragma locking_mode = exclusive');
    database.exec('pragma journal_mode = wal');
    database.exec('pragma synchronous = full');
    database.exec('pragma foreign_keys = on');
    database.exec('begin immediate; commit');
  } catch (error) {
    database.close();
    if (isBusy(error)) {
      throw new Conflict(
        `Another server already uses ${file}. Stop it, or set ARGONAUT_DATA to another directory. ` +
          'SQLite is for one server; several can share a PostgreSQL database (ARGONAUT_DATABASE_URL).',
        { cause: error },
      );
    }
    throw new Conflict(`Cannot open the database ${file}: ${messageOf(error)}`, { cause: error });
  }
  return new SqliteDialect({ database: new CachedStatements(database) });
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}

/** `node:sqlite` in the shape that Kysely's dialect expects, with its prepared statements kept. */
class CachedStatements implements SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = sql === 'rollback' ? this.#rollback() : adapt(this.#database.prepare(sql));
    const oldest = this.#statements.keys().next();
    if (this.#statements.size >= STATEMENT_CACHE && !oldest.done) this.#statements.delete(oldest.value);
    this.#statements.set(sql, statement);
    return statement;
  }

  /**
   * SQLite undoes a transaction by itself when the disk is full (https://sqlite.org/lang_transaction.html, section 3). A second
   * rollback would fail, and its error would hide the cause.
   */
  #rollback(): SqliteStatement {
    const rollback = adapt(this.#database.prepare('rollback'));
    const nothing = { changes: 0, lastInsertRowid: 0 };
    return {
      ...rollback,
      run: (parameters) => (this.#database.isTransaction ? rollback.run(parameters) : nothing),
    };
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }
}

function adapt(statement: StatementSync): SqliteStatement {
  const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[];
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  };
}
