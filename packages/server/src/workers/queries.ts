/** How workers are stored and found, with what their last health check said. */
import type { WorkerDescription } from '@argonaut/contracts/attempt';
import type { WritableWorker } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../database/index.ts';

export type HealthStatus = 'Healthy' | 'HasWarnings' | 'Unhealthy' | 'Unavailable' | 'Unknown';

/** What a health check found. */
export interface Health {
  readonly status: HealthStatus;
  /** One sentence for people. */
  readonly summary: string;
  readonly checked: string;
  readonly description?: WorkerDescription;
}

export type Worker = WritableWorker & { readonly Health?: Health };

const kind: Kind<Worker> = {
  name: 'Workers',
  title: 'worker',
  nameOf: (worker) => worker.Name,
  slugs: true,
  index: (worker) => ({
    Pool: worker.WorkerPoolIds,
    Policy: worker.MachinePolicyId,
    Style: worker.Endpoint.CommunicationStyle,
    Disabled: String(worker.IsDisabled ?? false),
    Thumbprint: worker.Thumbprint,
    Health: worker.Health?.status ?? 'Unknown',
  }),
};

export function workersIn(database: Database): Collection<Worker> {
  return new Collection(database, kind);
}

export function workersOfPool(database: Database, pool: string): Promise<readonly Stored<Worker>[]> {
  return workersIn(database).all({ where: { Pool: pool } });
}

/** How many tasks hold each worker now. */
export async function leasesPerWorker(database: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await database.query
    .selectFrom('worker_leases')
    .select((select) => ['worker', select.fn.countAll<number>().as('leases')])
    .groupBy('worker')
    .execute();
  return new Map(rows.map(({ worker, leases }) => [worker, Number(leases)]));
}
