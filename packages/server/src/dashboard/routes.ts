/** `/dashboard`, `/dashboard/dynamic` and the progression of a project. */
import {
  DashboardQuery,
  DashboardResource,
  DynamicDashboardQuery,
  ProjectProgression,
} from '@argonaut/contracts/rest';
import type { RouteTable } from '../http/index.ts';
import { projectOf } from '../projects/queries.ts';
import type { Services } from '../services.ts';
import { overview } from './overview.ts';
import { progressionOf } from './progression.ts';

export function dashboardRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  routes.add({
    method: 'GET',
    path: '/dashboard',
    scope: 'space',
    permission: 'DeploymentView',
    summary: 'What was deployed last: every project by every environment',
    query: DashboardQuery,
    response: DashboardResource,
    handle: async ({ query, space }) =>
      overview(services, {
        space,
        projects: query.projectId ?? [],
        environments: [],
        release: query.releaseId,
        showAll: query.showAll ?? false,
        includePrevious: true,
        self: `/api/${space}/dashboard`,
      }),
  });
  routes.add({
    method: 'GET',
    path: '/dashboard/dynamic',
    scope: 'space',
    permission: 'DeploymentView',
    summary: 'What was deployed last, of these projects to these environments',
    query: DynamicDashboardQuery,
    response: DashboardResource,
    handle: async ({ query, space }) =>
      overview(services, {
        space,
        projects: query.projects ?? [],
        environments: query.environments ?? [],
        showAll: true,
        includePrevious: query.includePrevious ?? false,
        self: `/api/${space}/dashboard/dynamic`,
      }),
  });
  routes.add({
    method: 'GET',
    path: '/projects/:project/progression',
    scope: 'space',
    permission: 'DeploymentView',
    summary: 'The releases of a project by environments, newest first, and where each may go next',
    response: ProjectProgression,
    handle: async ({ params, space }) =>
      progressionOf(services, await projectOf(database, space, params.project)),
  });
}
