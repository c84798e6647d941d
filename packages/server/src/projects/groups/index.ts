/** Project groups: the folders in which projects are shown. */
import { WritableProjectGroup } from '@argonaut/contracts/rest';
import type { Feature } from '../../feature.ts';
import { withDefaults } from '../../http/index.ts';
import { DEFAULT_PROJECT_GROUP, projectGroupsIn } from './queries.ts';
import { projectGroupRoutes } from './routes.ts';

export const projectGroups: Feature = {
  name: 'projectgroups',
  routes: projectGroupRoutes,
  seedSpace: async (space, { database }) => {
    const document = withDefaults(WritableProjectGroup, { Name: DEFAULT_PROJECT_GROUP });
    await projectGroupsIn(database).insert({ space, document });
  },
};
