/** A snapshot's images: those of its frozen process in every environment that the runbook may run in. */
import type { Stored } from '../../database/index.ts';
import { type FrozenProcess, lockKnownImages } from '../../images/index.ts';
import type { Services } from '../../services.ts';
import { whereContext } from '../../tasks/process-runs/index.ts';
import { runbookEnvironments } from '../environments.ts';
import { loadRunbookSnapshot } from './load.ts';
import type { RunbookSnapshot } from './queries.ts';

/** Fills the snapshot's digest table. Outside of transactions; asks registries. */
export function lockSnapshotImages(services: Services, stored: Stored<RunbookSnapshot>): Promise<void> {
  return lockKnownImages(services, stored.id, () => frozenProcess(services, stored));
}

async function frozenProcess(services: Services, stored: Stored<RunbookSnapshot>): Promise<FrozenProcess> {
  const { id, spaceId: space, document } = stored;
  const { project, runbook, process, sealedProperties, variableSnapshotIds } = await loadRunbookSnapshot(
    services,
    id,
    space,
  );
  return {
    space,
    process,
    sealedProperties,
    variableSnapshotIds,
    environments: await runbookEnvironments(services, runbook),
    place: (environment) => ({ environment, process: runbook.id }),
    system: async (environment) => ({
      ...(await whereContext(services, project, environment)),
      runbook: { id: runbook.id, name: runbook.document.Name },
      runbookSnapshot: { id, name: document.Name, notes: document.Notes ?? '' },
    }),
  };
}
