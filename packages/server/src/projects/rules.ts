/** What must hold for projects. */
import { Invalid } from '@argonaut/contracts';
import type { WritableProject } from '@argonaut/contracts/rest';
import type { Database } from '../database/index.ts';
import { lifecyclesIn } from '../lifecycles/queries.ts';
import { libraryVariableSetsIn } from '../variables/library/queries.ts';
import { projectGroupsIn } from './groups/queries.ts';

/** @throws Invalid with every complaint: the group, the lifecycle and the library sets must exist in this space. */
export async function checkProject(database: Database, space: string, body: WritableProject): Promise<void> {
  const complaints: string[] = [];
  if (!(await projectGroupsIn(database).find(body.ProjectGroupId, space))) {
    complaints.push(`ProjectGroupId: the project group ${body.ProjectGroupId} does not exist in this space.`);
  }
  if (!(await lifecyclesIn(database).find(body.LifecycleId, space))) {
    complaints.push(`LifecycleId: the lifecycle ${body.LifecycleId} does not exist in this space.`);
  }
  for (const id of body.IncludedLibraryVariableSetIds ?? []) {
    if (await libraryVariableSetsIn(database).find(id, space)) continue;
    complaints.push(
      `IncludedLibraryVariableSetIds: the library variable set ${id} does not exist in this space.`,
    );
  }
  if (complaints.length > 0) throw new Invalid(complaints.join(' '), { errors: complaints });
}
