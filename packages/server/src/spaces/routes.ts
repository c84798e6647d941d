/** `/api/spaces`: the ordinary six routes. Making a space fills it with what every space needs. */
import { SpaceResource, WritableSpace } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { addResource, fieldsOf, type RouteTable, resourceOf } from '../http/index.ts';
import type { Services } from '../services.ts';
import { removeContents, type Space, spacesIn } from './queries.ts';
import { refuseRemovalOfLiveSpace, requireManagers, takeDefaultMark } from './rules.ts';

export function spaceRoutes(routes: RouteTable, services: Services, seed: SeedSpace): void {
  const { database, coordination } = services;
  addResource(routes, {
    path: '/spaces',
    scope: 'server',
    itemType: 'Space',
    collection: spacesIn(database),
    writable: WritableSpace,
    resource: SpaceResource,
    permissions: { view: 'SpaceView', create: 'SpaceCreate', edit: 'SpaceEdit', delete: 'SpaceDelete' },
    accept: async (body, _occasion, stored) => {
      requireManagers(body);
      await takeDefaultMark(database, body, stored?.id);
      // Its queue may have been started again.
      await coordination.wake();
      return fieldsOf(body);
    },
    present: presentSpace,
    afterCreate: (stored) => seed(stored.id),
    beforeDelete: async (stored) => {
      await refuseRemovalOfLiveSpace(database, stored);
      await removeContents(database, stored.id);
    },
  });
}

/** Puts into a new space what every space needs; the folders say what that is. */
export type SeedSpace = (spaceId: string) => Promise<void>;

export function presentSpace(stored: Stored<Space>) {
  return resourceOf(stored, `/api/spaces/${stored.id}`, {
    SpaceHome: `/api/${stored.id}`,
    Web: `/app#/${stored.id}`,
  });
}
