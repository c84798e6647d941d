/** PostgreSQL through `pg`: the engine of state and queue when several servers share one installation. */
import type { Secret } from '@argonaut/contracts';
import { PostgresDialect } from 'kysely';
import pg from 'pg';

/** Connections per server. A request holds one only while it runs a transaction. */
const POOL_SIZE = 10;

const BIGINT_OID = 20;

export function postgresPool(url: Secret): pg.Pool {
  // count(*) and our integers fit a double; pg would hand out bigints as text.
  const types = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === BIGINT_OID ? Number : pg.types.getTypeParser(oid, format),
  } as pg.CustomTypesConfig;
  const pool = new pg.Pool({
    connectionString: url.reveal(),
    max: POOL_SIZE,
    types,
    connectionTimeoutMillis: 10_000,
    // A server that vanished without closing its connection must not hold its locks for hours.
    idle_in_transaction_session_timeout: 120_000,
    statement_timeout: 60_000,
  });
  // A connection that dies while idle is replaced by the next query, which then reports its own error.
  pool.on('error', () => undefined);
  return pool;
}

export function postgresDialect(pool: pg.Pool): PostgresDialect {
  return new PostgresDialect({ pool });
}
