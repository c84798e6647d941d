/** `/environments`: the ordinary six routes, the newer list, and the order. */
import { Invalid } from '@argonaut/contracts';
import {
  EnvironmentResource,
  EnvironmentV2Resource,
  EnvironmentVariables,
  Optional,
  PageOf,
  PageQuery,
  WritableEnvironment,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { addResource, empty, fieldsOf, page, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { present, presentV2 } from './codec.ts';
import { environmentsIn, nextSortOrder, variablesScopedOnlyTo } from './queries.ts';
import { refuseRemovalInUse } from './rules.ts';

/** Deployment targets do not exist here yet; steps run on workers. */
const NO_TARGETS = {
  TotalMachines: 0,
  TotalDisabledMachines: 0,
  MachineHealthStatusSummaries: {},
  MachineEndpointSummaries: {},
  MachineTenantSummaries: {},
  MachineTenantTagSummaries: {},
  TentacleUpgradesRequired: false,
  MachineIdsForCalamariUpgrade: [],
  MachineIdsForTentacleUpgrade: [],
};

export function environmentRoutes(routes: RouteTable, { database }: Services): void {
  const environments = environmentsIn(database);

  addResource(routes, {
    path: '/environments',
    scope: 'space',
    itemType: 'Environment',
    collection: environments,
    writable: WritableEnvironment,
    resource: EnvironmentResource,
    permissions: {
      view: 'EnvironmentView',
      create: 'EnvironmentCreate',
      edit: 'EnvironmentEdit',
      delete: 'EnvironmentDelete',
    },
    accept: async (body, { space }, stored) => ({
      ...fieldsOf(body),
      SortOrder: body.SortOrder ?? stored?.document.SortOrder ?? (await nextSortOrder(database, space)),
    }),
    present,
    beforeDelete: (stored) => refuseRemovalInUse(database, stored),
  });

  routes.add({
    method: 'GET',
    path: '/environments/v2',
    scope: 'space',
    permission: 'EnvironmentView',
    summary: 'Lists environments of every type',
    query: Type.Object({
      ...PageQuery.properties,
      type: Optional(Type.Enum(['Static', 'Parent', 'Ephemeral'])),
    }),
    response: PageOf(EnvironmentV2Resource),
    handle: async ({ request, query, space }) => {
      const none = query.type !== undefined && query.type !== 'Static';
      const found = none ? { items: [], total: 0 } : await environments.list({ ...query, space });
      return page(request, query, 'Environment', { items: found.items.map(presentV2), total: found.total });
    },
  });

  routes.add({
    method: 'GET',
    path: '/environments/summary',
    scope: 'space',
    permission: 'EnvironmentView',
    summary: 'Environments with how many deployment targets are in which state: there are no targets',
    query: Type.Object({
      ids: PageQuery.properties.ids,
      partialName: PageQuery.properties.partialName,
      hideEmptyEnvironments: Optional(Type.Boolean()),
    }),
    handle: async ({ query: { hideEmptyEnvironments, ...filter }, space }) => {
      const shown = hideEmptyEnvironments === true ? [] : await environments.all({ ...filter, space });
      return {
        ...NO_TARGETS,
        EnvironmentSummaries: shown.map((stored) => ({ Environment: present(stored), ...NO_TARGETS })),
      };
    },
  });

  routes.add({
    method: 'PUT',
    path: '/environments/sortorder',
    scope: 'space',
    permission: 'EnvironmentEdit',
    summary: 'Puts environments into the order of the given ids',
    body: Type.Array(Type.String()),
    handle: async ({ body, space }) => {
      const all = await environments.all({ space });
      const unknown = body.filter((id) => !all.some((environment) => environment.id === id));
      if (unknown.length > 0) throw new Invalid(`These environments do not exist: ${unknown.join(', ')}.`);
      const rest = all.map(({ id }) => id).filter((id) => !body.includes(id));
      const order = [...body, ...rest];
      for (const stored of all) {
        await environments.update(stored, { ...stored.document, SortOrder: order.indexOf(stored.id) });
      }
      return empty();
    },
  });

  routes.add({
    method: 'GET',
    path: '/environments/:id/singlyScopedVariableDetails',
    scope: 'space',
    permission: 'VariableView',
    summary: 'Variables that are for this environment only: what would mean nothing without it',
    response: EnvironmentVariables,
    handle: async ({ params, space }) => {
      const { id } = await environments.get(params.id, space);
      return {
        HasUnauthorizedProjectVariables: false,
        HasUnauthorizedLibraryVariableSetVariables: false,
        VariableMap: await variablesScopedOnlyTo(database, space, id),
      };
    },
  });
}
