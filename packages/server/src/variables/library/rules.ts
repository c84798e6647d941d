/** What must hold for library variable sets. */
import { Invalid } from '@argonaut/contracts';
import type { Database, Stored } from '../../database/index.ts';
import { type Project, projectsIn } from '../../projects/queries.ts';
import type { LibraryVariableSet } from './queries.ts';

export function projectsIncluding(
  database: Database,
  space: string,
  id: string,
): Promise<readonly Stored<Project>[]> {
  return projectsIn(database).all({ space, where: { LibraryVariableSet: [id] } });
}

/** @throws Invalid while a project includes it: the project's next release would lose variables. */
export async function refuseRemovalInUse(
  database: Database,
  stored: Stored<LibraryVariableSet>,
): Promise<void> {
  const users = await projectsIncluding(database, stored.spaceId, stored.id);
  if (users.length === 0) return;
  const names = users.map(({ document }) => `"${document.Name}"`).join(', ');
  throw new Invalid(
    `The library variable set "${stored.document.Name}" is included in ${names}. Take it out of the variables there first.`,
  );
}
