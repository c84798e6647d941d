/** How project groups are stored and found. */
import type { WritableProjectGroup } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind } from '../../database/index.ts';

export type ProjectGroup = WritableProjectGroup;

export const DEFAULT_PROJECT_GROUP = 'Default Project Group';

const projectGroup: Kind<ProjectGroup> = {
  name: 'ProjectGroups',
  title: 'project group',
  nameOf: (document) => document.Name,
  slugs: true,
  // The group of a new space stays in front: clients take the first one as the default.
  sortOf: (document) => (document.Name === DEFAULT_PROJECT_GROUP ? 0 : 1),
};

export function projectGroupsIn(database: Database): Collection<ProjectGroup> {
  return new Collection(database, projectGroup);
}
