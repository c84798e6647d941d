/** How lifecycles are stored and found. */
import type { WritableLifecycle } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../database/index.ts';

export type Lifecycle = WritableLifecycle;

const lifecycle: Kind<Lifecycle> = {
  name: 'Lifecycles',
  title: 'lifecycle',
  nameOf: (document) => document.Name,
  slugs: true,
  // The lifecycle of a new space stays in front: clients take the first one as the default.
  sortOf: (document) => (document.Name === DEFAULT_LIFECYCLE ? 0 : 1),
  index: (document) => ({ Environment: document.Phases?.flatMap(environmentsOf) }),
};

export const DEFAULT_LIFECYCLE = 'Default Lifecycle';

export function lifecyclesIn(database: Database): Collection<Lifecycle> {
  return new Collection(database, lifecycle);
}

export function lifecyclesUsingEnvironment(
  database: Database,
  space: string,
  environmentId: string,
): Promise<readonly Stored<Lifecycle>[]> {
  return lifecyclesIn(database).all({ space, where: { Environment: environmentId } });
}

/** Every environment that a phase names. */
export function environmentsOf(phase: NonNullable<Lifecycle['Phases']>[number]): string[] {
  return [...(phase.AutomaticDeploymentTargets ?? []), ...(phase.OptionalDeploymentTargets ?? [])];
}
