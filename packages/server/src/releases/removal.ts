/** What goes with a release, and when releases go or stand in the way of something else. */
import { Invalid } from '@argonaut/contracts';
import type { Stored } from '../database/index.ts';
import { processesIn } from '../processes/queries.ts';
import { removeDependants, whenRemoved } from '../removal.ts';
import type { Services } from '../services.ts';
import { defectsIn } from './defects/queries.ts';
import { type Release, releasesIn } from './queries.ts';

/** The release, its deployments and defects, and its frozen process unless another release shares it. */
export async function removeRelease(services: Services, stored: Stored<Release>): Promise<void> {
  const { database } = services;
  const { document, spaceId } = stored;
  await removeDependants(services, 'Releases', stored);
  const defects = defectsIn(database);
  for (const { id } of await defects.all({ space: spaceId, parent: stored.id })) await defects.remove(id);
  await releasesIn(database).remove(stored.id);
  const frozenId = document.ProjectDeploymentProcessSnapshotId;
  const others = await releasesIn(database).count({ space: spaceId, where: { ProcessSnapshot: frozenId } });
  if (others === 0 && (await processesIn(database).find(frozenId, spaceId))) {
    await processesIn(database).remove(frozenId);
  }
}

/** Called while routes are declared. */
export function hangOnOwners(services: Services): void {
  const releases = releasesIn(services.database);
  whenRemoved(services, 'Projects', async ({ id, spaceId }) => {
    for (const stored of await releases.all({ space: spaceId, parent: id })) {
      await removeRelease(services, stored);
    }
  });
  whenRemoved(services, 'Channels', async ({ id, spaceId }) => {
    const [newest] = await releases.all({ space: spaceId, where: { Channel: id }, take: 1 });
    if (!newest) return;
    throw new Invalid(
      `The channel still has releases (${newest.document.Version}, …). Move them to another channel or delete them first.`,
    );
  });
}
