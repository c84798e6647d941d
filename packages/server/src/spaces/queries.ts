/** How spaces are stored and found. */
import type { WritableSpace } from '@argonaut/contracts/rest';
import {
  Collection,
  type Database,
  type Kind,
  OF_TASKS,
  type Stored,
  WITH_IMAGES,
} from '../database/index.ts';

export type Space = WritableSpace;

const space: Kind<Space> = {
  name: 'Spaces',
  title: 'space',
  nameOf: (document) => document.Name,
  slugs: true,
  index: (document) => ({
    IsDefault: document.IsDefault ? 'true' : null,
    TaskQueueStopped: document.TaskQueueStopped ? 'true' : null,
    ManagerTeam: document.SpaceManagersTeams,
    ManagerUser: document.SpaceManagersTeamMembers,
  }),
};

export function spacesIn(database: Database): Collection<Space> {
  return new Collection(database, space);
}

export async function defaultSpace(database: Database): Promise<Stored<Space> | undefined> {
  return (await spacesIn(database).all({ where: { IsDefault: 'true' }, take: 1 }))[0];
}

/** The spaces in which no new task may start; for `Coordination.claim`. */
export async function stoppedSpaces(database: Database): Promise<readonly string[]> {
  return (await spacesIn(database).all({ where: { TaskQueueStopped: 'true' } })).map(({ id }) => id);
}

/** How many tasks of a space are being worked on. */
export async function runningTasks(database: Database, spaceId: string): Promise<number> {
  const rows = await database.query
    .selectFrom('queue')
    .select('task')
    .where('space', '=', spaceId)
    .where('state', '=', 'leased')
    .execute();
  return rows.length;
}

/** Everything that lies in a space, of whatever kind; the bytes of its logs, artifacts and packages are swept up later. */
export async function removeContents(database: Database, spaceId: string): Promise<void> {
  for (const table of OF_TASKS) {
    await database.query
      .deleteFrom(table)
      .where('task', 'in', (select) =>
        select
          .selectFrom('documents')
          .select('documents.id')
          .where('documents.kind', '=', 'ServerTasks')
          .where('documents.space', '=', spaceId),
      )
      .execute();
  }
  await database.query
    .deleteFrom('document_index')
    .where((where) =>
      where.exists(
        where
          .selectFrom('documents')
          .select('documents.id')
          .whereRef('documents.kind', '=', 'document_index.kind')
          .whereRef('documents.id', '=', 'document_index.id')
          .where('documents.space', '=', spaceId),
      ),
    )
    .execute();
  await database.query.deleteFrom('documents').where('space', '=', spaceId).execute();
  // After the documents: whoever fills a table at this moment holds its document until the rows are written.
  await database.query
    .deleteFrom('image_locks')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          // The kinds make it a look into the index for each row, instead of a search through all documents.
          selectFrom('documents')
            .select('documents.id')
            .where('documents.kind', 'in', WITH_IMAGES)
            .whereRef('documents.id', '=', 'image_locks.owner'),
        ),
      ),
    )
    .execute();
}
