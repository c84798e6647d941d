/** A release's images: those of its frozen process in every environment that its lifecycle leads to. */
import type { Stored } from '../database/index.ts';
import { environmentsIn } from '../environments/queries.ts';
import { type FrozenProcess, lockKnownImages } from '../images/index.ts';
import { effectivePhases } from '../lifecycles/phases.ts';
import { environmentsOf, lifecyclesIn } from '../lifecycles/queries.ts';
import type { Services } from '../services.ts';
import { whereContext } from '../tasks/process-runs/index.ts';
import { warmPools } from '../workers/images/warm-pools.ts';
import { loadRelease, releaseContext } from './load.ts';
import type { Release } from './queries.ts';

/** Fills the release's digest table. Outside of transactions; asks registries. */
export function lockReleaseImages(services: Services, stored: Stored<Release>): Promise<void> {
  return lockKnownImages(services, stored.id, () => frozenProcess(services, stored));
}

/** Brings the release's images to the workers that will need them, in tasks of their own. */
export function warmForRelease(services: Services, stored: Stored<Release>): Promise<void> {
  return warmPools(services, { owner: stored.id, name: stored.document.Version }, () =>
    frozenProcess(services, stored),
  );
}

async function frozenProcess(services: Services, stored: Stored<Release>): Promise<FrozenProcess> {
  const { database } = services;
  const { id, spaceId: space } = stored;
  const loaded = await loadRelease(services, id, space);
  const { project, channel, process, sealedProperties, variableSnapshotIds } = loaded;
  const lifecycleId = channel.document.LifecycleId || project.document.LifecycleId;
  const lifecycle = await lifecyclesIn(database).get(lifecycleId, space);
  const ids = (await effectivePhases(database, lifecycle)).flatMap(environmentsOf);
  const environments = (await environmentsIn(database).all({ space })).filter((one) => ids.includes(one.id));
  const known = releaseContext(loaded);
  return {
    space,
    process,
    sealedProperties,
    variableSnapshotIds,
    channel: { id: channel.id, name: channel.document.Name },
    environments,
    place: (environment) => ({ environment, channel: channel.id, process: project.id }),
    system: async (environment) => ({
      ...(await whereContext(services, project, environment)),
      ...known,
    }),
  };
}
