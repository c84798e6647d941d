/** `/runbooks`: the ordinary six routes, and the same below a project. */
import {
  EnvironmentResource,
  PageOf,
  PageQuery,
  RunbookResource,
  WritableRunbook,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { present as presentEnvironment } from '../environments/codec.ts';
import { addResource, created, empty, page, type RouteTable } from '../http/index.ts';
import { projectOf } from '../projects/queries.ts';
import { whenRemoved } from '../removal.ts';
import type { Services } from '../services.ts';
import { present } from './codec.ts';
import { runbookEnvironments } from './environments.ts';
import { runbookNamed, runbooksIn } from './queries.ts';
import { acceptRunbook, clearRunbook, clearRunbooksOf, furnishRunbook } from './rules.ts';

export function runbookRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const runbooks = runbooksIn(database);
  whenRemoved(services, 'Projects', (project) => clearRunbooksOf(services, project));

  addResource(routes, {
    path: '/runbooks',
    scope: 'space',
    itemType: 'Runbook',
    collection: runbooks,
    writable: WritableRunbook,
    resource: RunbookResource,
    permissions: { view: 'RunbookView', create: 'RunbookEdit', edit: 'RunbookEdit', delete: 'RunbookEdit' },
    filter: {
      query: Type.Object({ projectIds: Type.Optional(Type.Array(Type.String())) }),
      toQuery: ({ projectIds }) => ({ where: { Project: projectIds } }),
    },
    accept: (body, { space }, stored) => acceptRunbook(services, space, body, stored),
    present,
    afterCreate: (stored) => furnishRunbook(services, stored),
    beforeDelete: (stored) => clearRunbook(services, stored),
  });

  const path = '/projects/:project/runbooks';
  const one = `${path}/:id` as const;
  const find = async (params: { readonly project: string; readonly id: string }, space: string) =>
    runbookNamed(database, await projectOf(database, space, params.project), params.id);

  routes.add({
    method: 'GET',
    path,
    scope: 'space',
    permission: 'RunbookView',
    summary: 'The runbooks of a project',
    query: PageQuery,
    response: PageOf(RunbookResource),
    handle: async ({ params, request, query, space }) => {
      const project = await projectOf(database, space, params.project);
      const { items, total } = await runbooks.list({ ...query, space, parent: project.id });
      return page(request, query, 'Runbook', { items: items.map(present), total });
    },
  });
  routes.add({
    method: 'GET',
    path: `${path}/all`,
    scope: 'space',
    permission: 'RunbookView',
    summary: 'All runbooks of a project, as an array',
    response: Type.Array(RunbookResource),
    handle: async ({ params, space }) => {
      const project = await projectOf(database, space, params.project);
      return (await runbooks.all({ space, parent: project.id })).map(present);
    },
  });
  routes.add({
    method: 'POST',
    path,
    scope: 'space',
    permission: 'RunbookEdit',
    summary: 'Creates a runbook in a project',
    body: WritableRunbook,
    response: RunbookResource,
    idempotent: true,
    handle: async ({ params, body, space }) => {
      const project = await projectOf(database, space, params.project);
      const document = await acceptRunbook(services, space, { ...body, ProjectId: project.id });
      const stored = await runbooks.insert({ space, document, slug: body.Slug });
      await furnishRunbook(services, stored);
      return created(present(stored));
    },
  });
  routes.add({
    method: 'GET',
    path: one,
    scope: 'space',
    permission: 'RunbookView',
    summary: 'One runbook of a project, by id, slug or name',
    response: RunbookResource,
    handle: async ({ params, space }) => present(await find(params, space)),
  });
  routes.add({
    method: 'PUT',
    path: one,
    scope: 'space',
    permission: 'RunbookEdit',
    summary: 'Changes a runbook of a project',
    body: WritableRunbook,
    response: RunbookResource,
    handle: async ({ params, body, space }) => {
      const stored = await find(params, space);
      const document = await acceptRunbook(services, space, body, stored);
      return present(await runbooks.update(stored, document, body.Slug));
    },
  });
  routes.add({
    method: 'DELETE',
    path: one,
    scope: 'space',
    permission: 'RunbookEdit',
    summary: 'Deletes a runbook with its snapshots and runs',
    handle: async ({ params, space }) => {
      const stored = await find(params, space);
      await clearRunbook(services, stored);
      await runbooks.remove(stored.id);
      return empty();
    },
  });
  routes.add({
    method: 'GET',
    path: `${one}/environments`,
    scope: 'space',
    permission: 'RunbookView',
    summary: 'The environments that a runbook may run in, as an array',
    response: Type.Array(EnvironmentResource),
    handle: async ({ params, space }) =>
      (await runbookEnvironments(services, await find(params, space))).map(presentEnvironment),
  });
}
