/** `/deployments`: list, one, create, delete; and what hangs on releases. */
import {
  DeploymentQuery,
  DeploymentResource,
  PageOf,
  PageQuery,
  WritableDeployment,
} from '@argonaut/contracts/rest';
import { created, fieldsOf, page, type RouteTable } from '../http/index.ts';
import { provideHistory } from '../releases/history.ts';
import type { Services } from '../services.ts';
import { present as presentTask } from '../tasks/codec.ts';
import { addRunRoutes } from '../tasks/process-runs/index.ts';
import { present } from './codec.ts';
import { createDeployment } from './create.ts';
import { deploymentsIn, withTasks } from './queries.ts';

export function deploymentRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const deployments = deploymentsIn(database);

  addRunRoutes(routes, services, {
    path: '/deployments',
    itemType: 'Deployment',
    runs: deployments,
    taskName: 'Deploy',
    permissions: { view: 'DeploymentView', delete: 'DeploymentDelete' },
    query: DeploymentQuery,
    filter: ({ projects, releases, environments, tenants, channels }) => ({
      Project: projects,
      Release: releases,
      Environment: environments,
      Tenant: tenants,
      Channel: channels,
    }),
    resource: DeploymentResource,
    present,
    owners: [
      ['Releases', 'Release'],
      ['Projects', 'Project'],
    ],
  });
  for (const path of ['/deployments', '/deployments/override'] as const) {
    routes.add({
      method: 'POST',
      path,
      scope: 'space',
      permission: 'DeploymentCreate',
      // Each task that it queues is an event.
      audited: false,
      summary: 'Deploys a release to an environment',
      body: WritableDeployment,
      response: DeploymentResource,
      idempotent: true,
      handle: async ({ body, space, user }) =>
        created(present(await createDeployment(services, space, user, fieldsOf(body)))),
    });
  }
  routes.add({
    method: 'GET',
    path: '/releases/:id/deployments',
    scope: 'space',
    permission: 'DeploymentView',
    summary: 'The deployments of a release, newest first',
    query: PageQuery,
    response: PageOf(DeploymentResource),
    handle: async ({ request, params, query, space }) => {
      const found = await deployments.list({
        skip: query.skip,
        take: query.take,
        space,
        where: { Release: params.id },
      });
      return page(request, query, 'Deployment', { items: found.items.map(present), total: found.total });
    },
  });

  provideHistory(services, async (releaseId, space) => {
    const all = await deployments.all({ space, where: { Release: releaseId } });
    return (await withTasks(database, all)).map(({ deployment, task }) => ({
      id: deployment.id,
      environmentId: deployment.document.EnvironmentId,
      succeeded: task.document.State === 'Success',
      deployment: present(deployment),
      task: presentTask(task, services.now()),
    }));
  });
}
