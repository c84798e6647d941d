/** A runbook snapshot as a run needs it. */
import type { Stored } from '../../database/index.ts';
import { sealedProperties } from '../../processes/own-properties.ts';
import { processesIn } from '../../processes/queries.ts';
import { toProcessSnapshot } from '../../processes/typed.ts';
import { projectsIn } from '../../projects/queries.ts';
import type { LoadedProcess } from '../../releases/load.ts';
import type { Services } from '../../services.ts';
import type { SystemContext } from '../../variables/index.ts';
import { type Runbook, runbooksIn } from '../queries.ts';
import { type RunbookSnapshot, runbookSnapshotsIn } from './queries.ts';

export interface LoadedRunbookSnapshot extends LoadedProcess {
  readonly snapshot: Stored<RunbookSnapshot>;
  readonly runbook: Stored<Runbook>;
}

/** `space` absent: the snapshot's own, whatever it is. @throws NotFound */
export async function loadRunbookSnapshot(
  { database }: Pick<Services, 'database'>,
  snapshotId: string,
  space?: string,
): Promise<LoadedRunbookSnapshot> {
  const snapshot = await runbookSnapshotsIn(database).get(snapshotId, space);
  const { document, spaceId } = snapshot;
  const frozen = await processesIn(database).get(document.FrozenRunbookProcessId, spaceId);
  return {
    snapshot,
    runbook: await runbooksIn(database).get(document.RunbookId, spaceId),
    project: await projectsIn(database).get(document.ProjectId, spaceId),
    process: toProcessSnapshot(frozen.document.Steps, document.SelectedPackages),
    sealedProperties: sealedProperties(frozen),
    processId: frozen.id,
    variableSnapshotIds: [document.ProjectVariableSetSnapshotId, ...document.LibraryVariableSetSnapshotIds],
  };
}

/** What system variables know of a snapshot, wherever it runs. */
export function snapshotContext({
  runbook,
  snapshot,
}: LoadedRunbookSnapshot): Pick<SystemContext, 'runbook' | 'runbookSnapshot'> {
  const { Name, Notes } = snapshot.document;
  return {
    runbook: { id: runbook.id, name: runbook.document.Name },
    runbookSnapshot: { id: snapshot.id, name: Name, notes: Notes ?? '' },
  };
}
