/** How the policies of worker pools are stored and found: at most one for each pool; without one the default holds. */
import { WritableWorkerPoolPolicy } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../../../database/index.ts';
import { withDefaults } from '../../../http/index.ts';

export type WorkerPoolPolicy = WritableWorkerPoolPolicy & { readonly WorkerPoolId: string };

const kind: Kind<WorkerPoolPolicy> = {
  name: 'WorkerPoolPolicies',
  title: 'policy of a worker pool',
  nameOf: (policy) => policy.WorkerPoolId,
  index: (policy) => ({ Pool: policy.WorkerPoolId }),
};

export function poolPoliciesIn(database: Database): Collection<WorkerPoolPolicy> {
  return new Collection(database, kind);
}

export async function storedPolicy(
  database: Database,
  pool: string,
): Promise<Stored<WorkerPoolPolicy> | undefined> {
  const [found] = await poolPoliciesIn(database).all({ where: { Pool: pool }, take: 1 });
  return found;
}

/** What holds for the pool, whether or not anybody has said so. */
export async function policyOfPool(database: Database, pool: string): Promise<WritableWorkerPoolPolicy> {
  return (await storedPolicy(database, pool))?.document ?? withDefaults(WritableWorkerPoolPolicy, {});
}
