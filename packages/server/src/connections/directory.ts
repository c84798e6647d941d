/** `WorkerDirectory` over the database: who is chosen is stored, so that the same task finds the same worker again. */
import { messageOf, NotFound } from '@argonaut/contracts';
import type { LeaseRequest, WorkerDirectory, WorkerLease } from '../execution/index.ts';
import type { Foundation } from '../foundation.ts';
import { poolsIn } from '../workers/pools/queries.ts';
import { leasesPerWorker, workersIn, workersOfPool } from '../workers/queries.ts';
import { chooseWorker } from './choice.ts';
import { BUILT_IN_WORKER, type Connections } from './connections.ts';
import { LeasedConnection } from './leased.ts';

export function createWorkerDirectory(foundation: Foundation, connections: Connections): WorkerDirectory {
  const { database } = foundation;
  return {
    async lease(request, signal): Promise<WorkerLease> {
      const id = request.worker ?? (await choose(foundation, request));
      const name = await nameOf(foundation, id);
      const now = await connections.to(id, signal);
      // The built-in worker has one way for as long as the server runs.
      const connection = id === BUILT_IN_WORKER.id ? now : new LeasedConnection(connections, id, now);
      return { worker: id, name, connection };
    },
    async release({ task, pool, generation }) {
      await database.query
        .deleteFrom('worker_leases')
        .where('task', '=', task)
        .where('pool', '=', pool)
        .where('generation', '=', generation)
        .execute();
    },
  };
}

async function choose({ database }: Foundation, { task, pool, generation }: LeaseRequest): Promise<string> {
  return database.transaction(async () => {
    const held = await database.query
      .selectFrom('worker_leases')
      .select('worker')
      .where('task', '=', task)
      .where('pool', '=', pool)
      .where('generation', '=', generation)
      .executeTakeFirst();
    if (held !== undefined) return held.worker;
    const found = await poolsIn(database).find(pool);
    if (found === undefined) {
      throw new NotFound(
        `The worker pool ${pool} does not exist. Choose another pool for the step, and create a new release.`,
      );
    }
    const leases = await leasesPerWorker(database);
    const candidates = (await workersOfPool(database, pool)).map(({ id, document }) => ({
      id,
      name: document.Name,
      disabled: document.IsDisabled ?? false,
      health: document.Health?.status ?? 'Unknown',
      summary: document.Health?.summary ?? '',
      leases: leases.get(id) ?? 0,
    }));
    const { Name, IsDefault } = found.document;
    const chosen = chooseWorker({ name: Name, isDefault: IsDefault ?? false }, candidates);
    const worker = chosen?.id ?? BUILT_IN_WORKER.id;
    await database.query.insertInto('worker_leases').values({ task, pool, generation, worker }).execute();
    return worker;
  });
}

async function nameOf({ database, log }: Foundation, id: string): Promise<string> {
  if (id === BUILT_IN_WORKER.id) return BUILT_IN_WORKER.name;
  const worker = await workersIn(database)
    .find(id)
    .catch((error: unknown) => log.warn({ worker: id, error: messageOf(error) }, 'worker name'));
  return worker?.document.Name ?? id;
}
