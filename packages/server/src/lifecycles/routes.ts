/** `/lifecycles`: the ordinary six routes. */
import { LifecycleResource, WritableLifecycle } from '@argonaut/contracts/rest';
import { addResource, fieldsOf, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { present } from './codec.ts';
import { lifecyclesIn } from './queries.ts';
import { acceptPhases, refuseRemoval } from './rules.ts';

export function lifecycleRoutes(routes: RouteTable, { database }: Services): void {
  addResource(routes, {
    path: '/lifecycles',
    scope: 'space',
    itemType: 'Lifecycle',
    collection: lifecyclesIn(database),
    writable: WritableLifecycle,
    resource: LifecycleResource,
    permissions: {
      view: 'LifecycleView',
      create: 'LifecycleCreate',
      edit: 'LifecycleEdit',
      delete: 'LifecycleDelete',
    },
    accept: async (body, { space }) => ({
      ...fieldsOf(body),
      Phases: await acceptPhases(database, space, body.Phases ?? []),
    }),
    present,
    beforeDelete: (stored) => refuseRemoval(database, stored),
  });
}
