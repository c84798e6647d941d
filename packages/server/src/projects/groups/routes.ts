/** `/projectgroups`: the ordinary six routes. The projects of a group are listed by the projects' own routes. */
import { Invalid } from '@argonaut/contracts';
import { ProjectGroupResource, WritableProjectGroup } from '@argonaut/contracts/rest';
import type { Stored } from '../../database/index.ts';
import { addResource, fieldsOf, type RouteTable, resourceOf } from '../../http/index.ts';
import type { Services } from '../../services.ts';
import { type ProjectGroup, projectGroupsIn } from './queries.ts';

export function projectGroupRoutes(routes: RouteTable, { database }: Services): void {
  const groups = projectGroupsIn(database);
  addResource(routes, {
    path: '/projectgroups',
    scope: 'space',
    itemType: 'ProjectGroup',
    collection: groups,
    writable: WritableProjectGroup,
    resource: ProjectGroupResource,
    permissions: {
      view: 'ProjectGroupView',
      create: 'ProjectGroupCreate',
      edit: 'ProjectGroupEdit',
      delete: 'ProjectGroupDelete',
    },
    accept: (body) => fieldsOf(body),
    present,
    beforeDelete: async (stored) => {
      const project = await database.query
        .selectFrom('document_index')
        .select('id')
        .where('kind', '=', 'Projects')
        .where('field', '=', 'ProjectGroup')
        .where('value', '=', stored.id)
        .executeTakeFirst();
      if (!project) return;
      throw new Invalid(
        `The project group "${stored.document.Name}" still holds projects (${project.id}, …). Move or delete them first.`,
      );
    },
  });
}

function present(stored: Stored<ProjectGroup>) {
  const self = `/api/${stored.spaceId}/projectgroups/${stored.id}`;
  return resourceOf(stored, self, { Projects: `${self}/projects{?skip,take,partialName}` });
}
