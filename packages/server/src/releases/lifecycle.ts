/** A release's way through its channel's lifecycle: gathers what the pure rules of `progression.ts` need. */
import { Invalid } from '@argonaut/contracts';
import type { ReleaseProgression } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { effectivePhases } from '../lifecycles/phases.ts';
import { type Lifecycle, lifecyclesIn } from '../lifecycles/queries.ts';
import { channelsIn } from '../projects/channels/queries.ts';
import { projectsIn } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { openDefect } from './defects/queries.ts';
import { historyOf, type PastDeployment } from './history.ts';
import {
  missingForPromotion,
  nextEnvironments,
  obstacle,
  type Progress,
  phaseStates,
} from './progression.ts';
import type { Release } from './queries.ts';

interface Way {
  readonly lifecycle: Stored<Lifecycle>;
  readonly progress: Progress;
  readonly history: readonly PastDeployment[];
}

/** The lifecycle as it is now: releases freeze their process and variables, never the rules of promotion. */
export async function wayOf(services: Services, release: Stored<Release>): Promise<Way> {
  const { database } = services;
  const space = release.spaceId;
  const channel = await channelsIn(database).get(release.document.ChannelId, space);
  const project = await projectsIn(database).get(release.document.ProjectId, space);
  const lifecycle = await lifecyclesIn(database).get(
    channel.document.LifecycleId || project.document.LifecycleId,
    space,
  );
  const history = await historyOf(services, release);
  const defect = await openDefect(database, release);
  return {
    lifecycle,
    history,
    progress: {
      phases: await effectivePhases(database, lifecycle),
      ordered: (lifecycle.document.Phases ?? []).length > 0,
      visited: new Set(history.map((past) => past.environmentId)),
      reached: new Set(history.filter((past) => past.succeeded).map((past) => past.environmentId)),
      defect: defect?.document.Description,
    },
  };
}

/**
 * Whether the release may be deployed to the environment now.
 * @throws NotFound for an unknown environment; Invalid with the reason and what comes first.
 */
export async function checkProgression(
  services: Services,
  release: Stored<Release>,
  environmentId: string,
): Promise<void> {
  const { database } = services;
  await environmentsIn(database).get(environmentId, release.spaceId);
  const { lifecycle, progress } = await wayOf(services, release);
  const environments = await environmentsIn(database).all({ space: release.spaceId });
  const names = new Map(environments.map(({ id, document }) => [id, document.Name]));
  const reason = obstacle(progress, environmentId, {
    lifecycle: lifecycle.document.Name,
    release: release.document.Version,
    environment: (id) => names.get(id) ?? id,
  });
  if (reason !== undefined) throw new Invalid(reason);
}

export async function progressionOf(
  services: Services,
  release: Stored<Release>,
): Promise<ReleaseProgression> {
  const { progress, history } = await wayOf(services, release);
  return {
    Phases: phaseStates(progress).map(({ phase, environments }) => ({
      ...phase,
      Deployments: history
        .filter((past) => environments.includes(past.environmentId))
        .map((past) => ({ Task: past.task, Deployment: past.deployment })),
    })),
    NextDeployments: nextEnvironments(progress),
    NextDeploymentsMinimumRequired: missingForPromotion(progress),
  };
}
