/** How machine policies are stored and found. Each space has exactly one default. */
import { WritableMachinePolicy } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind } from '../../database/index.ts';
import { withDefaults } from '../../http/index.ts';

export type MachinePolicy = WritableMachinePolicy;

const kind: Kind<MachinePolicy> = {
  name: 'MachinePolicies',
  title: 'machine policy',
  nameOf: (policy) => policy.Name,
  sortOf: (policy) => (policy.IsDefault ? 0 : 1),
  index: (policy) => ({ IsDefault: policy.IsDefault ? 'true' : null }),
};

export function policiesIn(database: Database): Collection<MachinePolicy> {
  return new Collection(database, kind);
}

export async function seedPolicy(space: string, database: Database): Promise<void> {
  const document = withDefaults(WritableMachinePolicy, { Name: 'Default Machine Policy', IsDefault: true });
  await policiesIn(database).insert({ space, document });
}
