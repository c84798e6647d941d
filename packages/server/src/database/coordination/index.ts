/** Who works on what: the task queue, leases with epochs, and elections. */
import type { Database } from '../database.ts';
import type { Coordination } from './port.ts';
import { SqliteCoordination } from './sqlite.ts';

export { type Coordination, type Lease, LeaseLost, type QueuedTask } from './port.ts';

/** The implementation that fits the database. */
export async function openCoordination(database: Database, now: () => Date): Promise<Coordination> {
  if (!database.pool) return new SqliteCoordination(database, now);
  const { PostgresCoordination } = await import('./postgres.ts');
  return PostgresCoordination.start(database, database.pool, now);
}
