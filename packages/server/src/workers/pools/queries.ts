/** How worker pools are stored and found. Each space has exactly one default pool. */
import { WritableWorkerPool } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../../database/index.ts';
import { withDefaults } from '../../http/index.ts';

export type WorkerPool = WritableWorkerPool;

const kind: Kind<WorkerPool> = {
  name: 'WorkerPools',
  title: 'worker pool',
  nameOf: (pool) => pool.Name,
  slugs: true,
  sortOf: (pool) => pool.SortOrder ?? 0,
  index: (pool) => ({ IsDefault: pool.IsDefault ? 'true' : null }),
};

export function poolsIn(database: Database): Collection<WorkerPool> {
  return new Collection(database, kind);
}

export async function defaultPool(database: Database, space: string): Promise<Stored<WorkerPool>> {
  const [pool] = await poolsIn(database).all({ space, where: { IsDefault: 'true' }, take: 1 });
  if (pool === undefined) throw new Error(`The space ${space} has no default worker pool.`);
  return pool;
}

export async function seedPool(space: string, database: Database): Promise<void> {
  await poolsIn(database).insert({
    space,
    document: withDefaults(WritableWorkerPool, {
      Name: 'Default Worker Pool',
      IsDefault: true,
      SortOrder: 0,
    }),
  });
}
