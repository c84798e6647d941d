/** `/lifecycles`: the ordinary six routes, and the phases as they really are. */
import { LifecycleResource, WritableLifecycle } from '@argonaut/contracts/rest';
import { addResource, fieldsOf, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { present } from './codec.ts';
import { effectivePhases } from './phases.ts';
import { lifecyclesIn } from './queries.ts';
import { acceptPhases, refuseRemoval } from './rules.ts';

export function lifecycleRoutes(routes: RouteTable, { database }: Services): void {
  const lifecycles = lifecyclesIn(database);
  addResource(routes, {
    path: '/lifecycles',
    scope: 'space',
    itemType: 'Lifecycle',
    collection: lifecycles,
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

  routes.add({
    method: 'GET',
    path: '/lifecycles/:id/preview',
    scope: 'space',
    permission: 'LifecycleView',
    summary: 'A lifecycle with the phases that a release really goes through',
    response: LifecycleResource,
    handle: async ({ params, space }) => {
      const stored = await lifecycles.get(params.id, space);
      return { ...present(stored), Phases: await effectivePhases(database, stored) };
    },
  });
}
