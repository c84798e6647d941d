/** "Update variables" of a snapshot: a deliberate act, after which runs see the project's variables as they are now. */
import type { Stored } from '../../database/index.ts';
import { documentEvent, recordEvent } from '../../events/index.ts';
import type { Principal } from '../../http/index.ts';
import { projectsIn } from '../../projects/queries.ts';
import type { Services } from '../../services.ts';
import { snapshotProjectVariables } from '../../variables/index.ts';
import { lockSnapshotImages } from './images.ts';
import { type RunbookSnapshot, runbookSnapshotsIn } from './queries.ts';

/** Images that are fixed stay; those that only the new variables name are fixed. Call it outside of a transaction. */
export async function refreshSnapshot(
  services: Services,
  stored: Stored<RunbookSnapshot>,
  by: Principal,
): Promise<Stored<RunbookSnapshot>> {
  const { database } = services;
  const { spaceId: space, document } = stored;
  const snapshots = runbookSnapshotsIn(database);
  const refreshed = await database.transaction(async () => {
    const project = await projectsIn(database).get(document.ProjectId, space);
    const variables = await snapshotProjectVariables(services, project);
    const changed = await snapshots.update(stored, { ...document, ...variables });
    const { message, ...event } = documentEvent('Modified', snapshots.kind, changed);
    await recordEvent(services, { ...event, message: `${message}: variables taken anew`, space, by });
    return changed;
  });
  await lockSnapshotImages(services, refreshed);
  return refreshed;
}
