/** `/deployments`: list, one, create, delete; and what hangs on releases. */
import {
  DeploymentQuery,
  DeploymentResource,
  PageOf,
  PageQuery,
  WritableDeployment,
} from '@argonaut/contracts/rest';
import { documentEvent } from '../events/index.ts';
import { created, empty, page, type RouteTable } from '../http/index.ts';
import { provideHistory } from '../releases/history.ts';
import { whenRemoved } from '../removal.ts';
import type { Services } from '../services.ts';
import { present as presentTask } from '../tasks/codec.ts';
import { tasksIn } from '../tasks/queries.ts';
import { removeTask } from '../tasks/remove.ts';
import { present } from './codec.ts';
import { createDeployment } from './create.ts';
import { deploymentsIn, withTasks } from './queries.ts';

/** A filter that finds nothing, where an empty one would find everything. */
const NOTHING = ['-'];

export function deploymentRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const deployments = deploymentsIn(database);

  routes.add({
    method: 'GET',
    path: '/deployments',
    scope: 'space',
    permission: 'DeploymentView',
    summary: 'Lists deployments, newest first',
    query: DeploymentQuery,
    response: PageOf(DeploymentResource),
    handle: async ({ request, query, space }) => {
      let Task: readonly string[] = [];
      if (query.taskState?.length) {
        const found = await tasksIn(database).all({
          space,
          where: { Name: 'Deploy', State: query.taskState },
        });
        Task = found.length === 0 ? NOTHING : found.map(({ id }) => id);
      }
      const found = await deployments.list({
        ids: query.ids,
        skip: query.skip,
        take: query.take,
        partialName: query.partialName,
        space,
        where: {
          Project: query.projects,
          Release: query.releases,
          Environment: query.environments,
          Tenant: query.tenants,
          Channel: query.channels,
          Task,
        },
      });
      return page(request, query, 'Deployment', { items: found.items.map(present), total: found.total });
    },
  });
  routes.add({
    method: 'GET',
    path: '/deployments/:id',
    scope: 'space',
    permission: 'DeploymentView',
    summary: 'One deployment',
    response: DeploymentResource,
    handle: async ({ params, space }) => present(await deployments.get(params.id, space)),
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
        created(present(await createDeployment(services, space, user, withoutLinks(body)))),
    });
  }
  routes.add({
    method: 'DELETE',
    path: '/deployments/:id',
    scope: 'space',
    permission: 'DeploymentDelete',
    summary: 'Deletes a deployment that is over, with its task and everything that it left',
    handle: async ({ params, space, record }) => {
      const stored = await deployments.get(params.id, space);
      await removeTask(services, stored.document.TaskId);
      await deployments.remove(stored.id);
      await record(documentEvent('Deleted', deployments.kind, stored));
      return empty();
    },
  });
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
      environmentId: deployment.document.EnvironmentId,
      succeeded: task.document.State === 'Success',
      deployment: present(deployment),
      task: presentTask(task, services.now()),
    }));
  });
  for (const [owner, field] of [
    ['Releases', 'Release'],
    ['Projects', 'Project'],
  ] as const) {
    whenRemoved(services, owner, async ({ id, spaceId }) => {
      for (const stored of await deployments.all({ space: spaceId, where: { [field]: id } })) {
        await removeTask(services, stored.document.TaskId);
        await deployments.remove(stored.id);
      }
    });
  }
}

/** Clients send back fields of what they have read before. */
function withoutLinks(body: WritableDeployment): WritableDeployment {
  const own = new Set(['Id', 'Links', 'SpaceId', 'spaceId', 'spaceIdOrName']);
  return Object.fromEntries(Object.entries(body).filter(([key]) => !own.has(key))) as WritableDeployment;
}
