/** What the steps of a worker pool may ask of their containers: the pool's policy, for those who prepare attempts. */
import { NotFound } from '@argonaut/contracts';
import type { ContainerPolicy } from '@argonaut/contracts/attempt';
import { readContainerOptions } from '@argonaut/runner/options';
import type { ContainerOptionsPolicy } from '../../execution/index.ts';
import type { Services } from '../../services.ts';
import { containerPolicyOf } from './policy/codec.ts';
import { policyOfPool } from './policy/queries.ts';
import { poolsIn } from './queries.ts';

export function containerOptionsPolicy({
  config,
  database,
}: Pick<Services, 'config' | 'database'>): ContainerOptionsPolicy {
  const { dataDirectory, hostDataDirectory } = config;
  // Whoever mounts the data directory reads what other steps and the server keep there.
  const closed = [dataDirectory, ...(hostDataDirectory === undefined ? [] : [hostDataDirectory])];
  const policyOf = async (pool: string): Promise<ContainerPolicy> => {
    const stored = await poolsIn(database).find(pool);
    if (stored === undefined) throw new NotFound(`The worker pool ${pool} does not exist any more.`);
    return containerPolicyOf(stored.document.Name, await policyOfPool(database, pool), closed);
  };
  return {
    read: async (options, pool) => readContainerOptions(options, await policyOf(pool)),
    policyOf,
  };
}
