/** A snapshot's images: those of its frozen process in every environment that the runbook may run in. */
import type { Stored } from '../../database/index.ts';
import { type FrozenProcess, lockKnownImages } from '../../images/index.ts';
import type { Services } from '../../services.ts';
import { whereContext } from '../../tasks/process-runs/index.ts';
import { runbookEnvironments } from '../environments.ts';
import { loadRunbookSnapshot, snapshotContext } from './load.ts';
import type { RunbookSnapshot } from './queries.ts';

/** Fills the snapshot's digest table. Outside of transactions; asks registries. */
export function lockSnapshotImages(services: Services, stored: Stored<RunbookSnapshot>): Promise<void> {
  return lockKnownImages(services, stored.id, () => frozenProcess(services, stored));
}

async function frozenProcess(services: Services, stored: Stored<RunbookSnapshot>): Promise<FrozenProcess> {
  const { id, spaceId: space } = stored;
  const loaded = await loadRunbookSnapshot(services, id, space);
  const { project, runbook, process, sealedProperties, variableSnapshotIds } = loaded;
  return {
    space,
    process,
    sealedProperties,
    variableSnapshotIds,
    environments: await runbookEnvironments(services, runbook),
    place: (environment) => ({ environment, process: runbook.id }),
    system: async (environment) => ({
      ...(await whereContext(services, project, environment)),
      ...snapshotContext(loaded),
    }),
  };
}
