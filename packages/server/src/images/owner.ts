/** Whose digest table a task reads and fills: the release that it deploys, or the runbook snapshot that it runs. */
import { NotFound } from '@argonaut/contracts';
import { type Stored, WITH_IMAGES } from '../database/index.ts';
import { releasesIn } from '../releases/queries.ts';
import { runbookSnapshotsIn } from '../runbooks/snapshots/queries.ts';
import type { Services } from '../services.ts';
import type { Task } from '../tasks/queries.ts';

/** A release or a runbook snapshot, as messages and addresses name it. */
export interface TableOwner {
  readonly id: string;
  readonly spaceId: string;
  readonly projectId: string;
  /** `release 1.2.3`. */
  readonly title: string;
  /** The address of the table in the API. */
  readonly path: string;
}

type Database = Pick<Services, 'database'>;

/** @throws NotFound */
export async function releaseOwner({ database }: Database, id: string, space: string): Promise<TableOwner> {
  const { document } = await releasesIn(database).get(id, space);
  return owner(id, space, document.ProjectId, `release ${document.Version}`, 'releases');
}

/** @throws NotFound */
export async function snapshotOwner({ database }: Database, id: string, space: string): Promise<TableOwner> {
  const { document } = await runbookSnapshotsIn(database).get(id, space);
  return owner(id, space, document.ProjectId, `runbook snapshot "${document.Name}"`, 'runbookSnapshots');
}

/** Undefined for a task that runs nothing frozen, and for one whose release has been deleted meanwhile. */
export async function ownerOf(services: Database, task: Stored<Task>): Promise<TableOwner | undefined> {
  for (const id of task.document.RelatedDocumentIds) {
    const find = id.startsWith('Releases-')
      ? releaseOwner
      : id.startsWith('RunbookSnapshots-')
        ? snapshotOwner
        : undefined;
    if (find === undefined) continue;
    return find(services, id, task.spaceId).catch((error: unknown) => {
      if (error instanceof NotFound) return undefined;
      throw error;
    });
  }
  return undefined;
}

/**
 * False when the release or the snapshot was deleted meanwhile: nothing may be written for it any more. Otherwise it stays
 * until the transaction ends.
 */
export async function isThere({ database }: Database, id: string): Promise<boolean> {
  const query = database.query
    .selectFrom('documents')
    .select('id')
    .where('kind', 'in', WITH_IMAGES)
    .where('id', '=', id);
  // The transactions of SQLite exclude each other anyway.
  const row = await (database.kind === 'postgres' ? query.forKeyShare() : query).executeTakeFirst();
  return row !== undefined;
}

function owner(
  id: string,
  spaceId: string,
  projectId: string,
  title: string,
  folder: 'releases' | 'runbookSnapshots',
): TableOwner {
  return { id, spaceId, projectId, title, path: `/api/argonaut/${spaceId}/${folder}/${id}/images` };
}
