/** How runbook snapshots are stored and found. Names are unique within a runbook, and the newest comes first. */
import { NotFound } from '@argonaut/contracts';
import type { WritableRunbookSnapshot } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../../database/index.ts';
import type { Runbook } from '../queries.ts';

export type RunbookSnapshot = Omit<WritableRunbookSnapshot, 'Name' | 'ProjectId'> & {
  readonly Name: string;
  readonly ProjectId: string;
  readonly FrozenRunbookProcessId: string;
  readonly ProjectVariableSetSnapshotId: string;
  readonly LibraryVariableSetSnapshotIds: readonly string[];
  readonly Assembled: string;
};

const snapshot: Kind<RunbookSnapshot> = {
  name: 'RunbookSnapshots',
  title: 'runbook snapshot',
  nameOf: (document) => document.Name,
  parentOf: (document) => document.RunbookId,
  order: 'newest',
  index: (document) => ({ Project: document.ProjectId, ProcessSnapshot: document.FrozenRunbookProcessId }),
};

export function runbookSnapshotsIn(database: Database): Collection<RunbookSnapshot> {
  return new Collection(database, snapshot);
}

/**
 * By id or name within a runbook; without a key the published one.
 * @throws NotFound when there is no such snapshot, or none is published.
 */
export async function runbookSnapshotNamed(
  database: Database,
  runbook: Stored<Runbook>,
  key?: string | null,
): Promise<Stored<RunbookSnapshot>> {
  const wanted = key || runbook.document.PublishedRunbookSnapshotId;
  const name = `"${runbook.document.Name}"`;
  if (!wanted) {
    throw new NotFound(
      `The runbook ${name} has no published snapshot. Publish one, or name the snapshot to run.`,
    );
  }
  const found = await runbookSnapshotsIn(database).resolve(wanted, runbook.spaceId, runbook.id);
  if (found) return found;
  throw new NotFound(`The runbook ${name} has no snapshot "${wanted}".`);
}
