/** The phases that a release really goes through. */
import type { Phase } from '@argonaut/contracts/rest';
import type { Database, Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { environmentsOf, type Lifecycle } from './queries.ts';

/**
 * A lifecycle without phases has one for each environment, in their order, so that new environments join by
 * themselves. A phase without environments stands for all that no earlier phase names.
 */
export async function effectivePhases(
  database: Database,
  lifecycle: Stored<Lifecycle>,
): Promise<readonly Phase[]> {
  const environments = await environmentsIn(database).all({ space: lifecycle.spaceId });
  const phases = lifecycle.document.Phases ?? [];
  if (phases.length === 0) {
    return environments.map(({ id, document }) => phaseFor(`${lifecycle.id}-${id}`, document.Name, [id]));
  }
  const named = new Set<string>();
  return phases.map((phase) => {
    const own = environmentsOf(phase);
    for (const id of own) named.add(id);
    if (own.length > 0) return phase;
    const others = environments.map(({ id }) => id).filter((id) => !named.has(id));
    return { ...phase, OptionalDeploymentTargets: others };
  });
}

function phaseFor(id: string, name: string, environments: string[]): Phase {
  return {
    Id: id,
    Name: name,
    AutomaticDeploymentTargets: [],
    OptionalDeploymentTargets: environments,
    MinimumEnvironmentsBeforePromotion: 0,
    IsOptionalPhase: false,
    IsPriorityPhase: false,
    ReleaseRetentionPolicy: null,
    TentacleRetentionPolicy: null,
  };
}
