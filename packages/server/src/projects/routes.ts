/** `/projects`: the ordinary six routes, and the lists of a group's and a lifecycle's projects. */
import { Optional, PageOf, PageQuery, ProjectResource, WritableProject } from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { addResource, fieldsOf, page, type RouteTable } from '../http/index.ts';
import { lifecyclesIn } from '../lifecycles/queries.ts';
import type { Services } from '../services.ts';
import { cloneDocument, furnishClone } from './clone.ts';
import { present, summarise } from './codec.ts';
import { clearProject, furnishProject } from './creation.ts';
import { projectGroupsIn } from './groups/queries.ts';
import { type Project, projectOf, projectsIn } from './queries.ts';
import { checkProject } from './rules.ts';

/** Made from the id or fixed; a client that sends them back does not change them. */
const SERVER_FIELDS = new Set([
  'VariableSetId',
  'DeploymentProcessId',
  'IsVersionControlled',
  'PersistenceSettings',
  'ClonedFromProjectId',
  'ExtraSettings',
]);

export function projectRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const projects = projectsIn(database);

  addResource(routes, {
    path: '/projects',
    scope: 'space',
    itemType: 'Project',
    collection: projects,
    writable: WritableProject,
    resource: ProjectResource,
    permissions: {
      view: 'ProjectView',
      create: 'ProjectCreate',
      edit: 'ProjectEdit',
      delete: 'ProjectDelete',
    },
    filter: {
      query: Type.Object({ clonedFromProjectId: Optional(Type.String()) }),
      toQuery: ({ clonedFromProjectId }) => ({ where: { ClonedFrom: clonedFromProjectId } }),
    },
    cloneable: true,
    accept: async (body, { space, clone }, stored): Promise<Project> => {
      await checkProject(database, space, body);
      if (clone !== undefined) return cloneDocument(await projectOf(database, space, clone), body);
      const fields = Object.fromEntries(
        Object.entries(fieldsOf(body)).filter(([name]) => !SERVER_FIELDS.has(name)),
      ) as WritableProject;
      return {
        ...fields,
        ClonedFromProjectId: stored?.document.ClonedFromProjectId ?? null,
        ExtraSettings: stored?.document.ExtraSettings ?? {},
      };
    },
    present,
    afterCreate: async (stored, { clone }) => {
      if (clone === undefined) return furnishProject(services, stored);
      return furnishClone(services, await projectOf(database, stored.spaceId, clone), stored);
    },
    beforeDelete: (stored) => clearProject(services, stored),
  });

  const owners = [
    { path: '/projectgroups/:id/projects', field: 'ProjectGroup', collection: projectGroupsIn(database) },
    { path: '/lifecycles/:id/projects', field: 'Lifecycle', collection: lifecyclesIn(database) },
  ] as const;
  for (const { path, field, collection } of owners) {
    routes.add({
      method: 'GET',
      path,
      scope: 'space',
      permission: 'ProjectView',
      summary: `The projects of a ${collection.kind.title}`,
      query: PageQuery,
      response: PageOf(ProjectResource),
      handle: async ({ params, request, query, space }) => {
        const { id } = await collection.get(params.id, space);
        const { items, total } = await projects.list({ ...query, space, where: { [field]: id } });
        return page(request, query, 'Project', { items: items.map(present), total });
      },
    });
  }

  routes.add({
    method: 'GET',
    path: '/projects/experimental/summaries',
    scope: 'space',
    permission: 'ProjectView',
    summary: 'All projects, with the few fields that a list needs',
    query: PageQuery,
    handle: async ({ query, space }) => (await projects.all({ space, ids: query.ids })).map(summarise),
  });
}
