/** `/libraryvariablesets`: the ordinary six routes, and who uses one. */
import {
  LibraryVariableSetResource,
  QueryList,
  type WritableLibraryVariableSet as Writable,
  WritableLibraryVariableSet,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { Stored } from '../../database/index.ts';
import { addResource, fieldsOf, type RouteTable, resourceOf } from '../../http/index.ts';
import type { Services } from '../../services.ts';
import { createVariableSet, removeVariableSets, variableSetId } from '../queries.ts';
import { type LibraryVariableSet, libraryVariableSetsIn } from './queries.ts';
import { projectsIncluding, refuseRemovalInUse } from './rules.ts';

export function libraryVariableSetRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const collection = libraryVariableSetsIn(database);

  addResource(routes, {
    path: '/libraryvariablesets',
    scope: 'space',
    itemType: 'LibraryVariableSet',
    collection,
    writable: WritableLibraryVariableSet,
    resource: LibraryVariableSetResource,
    permissions: {
      view: 'LibraryVariableSetView',
      create: 'LibraryVariableSetCreate',
      edit: 'LibraryVariableSetEdit',
      delete: 'LibraryVariableSetDelete',
    },
    filter: {
      query: Type.Object({ contentType: QueryList }),
      toQuery: ({ contentType }) => ({ where: { ContentType: contentType } }),
    },
    accept: (body) => withoutServerFields(fieldsOf(body)),
    present,
    afterCreate: ({ id, spaceId }) => createVariableSet(services, { owner: id, space: spaceId }),
    beforeDelete: async (stored) => {
      await refuseRemovalInUse(database, stored);
      // Releases that were made with it still read their frozen copies.
      await removeVariableSets(services, { owner: stored.id, space: stored.spaceId, keepSnapshots: true });
    },
  });

  routes.add({
    method: 'GET',
    path: '/libraryvariablesets/:id/usages',
    scope: 'space',
    permission: 'LibraryVariableSetView',
    summary: 'The projects that include a library variable set',
    handle: async ({ params, space }) => {
      const { id } = await collection.get(params.id, space);
      const projects = await projectsIncluding(database, space, id);
      return {
        Projects: projects.map((project) => ({
          ProjectId: project.id,
          ProjectName: project.document.Name,
          ProjectSlug: project.slug,
          IsCurrentlyBeingUsedInProject: true,
          Releases: [],
          RunbookSnapshots: [],
        })),
        CountOfProjectsUserCannotSee: 0,
      };
    },
  });
}

function present(stored: Stored<LibraryVariableSet>) {
  const self = `/api/${stored.spaceId}/libraryvariablesets/${stored.id}`;
  const id = variableSetId(stored.id);
  return {
    ...resourceOf(stored, self, {
      Variables: `/api/${stored.spaceId}/variables/${id}`,
      Usages: `${self}/usages`,
    }),
    VariableSetId: id,
    Version: stored.version,
  };
}

/** Made from the id or counted here; a client that sends them back does not change them. */
function withoutServerFields(body: Writable): Writable {
  const fields = Object.entries(body).filter(([name]) => name !== 'VariableSetId' && name !== 'Version');
  return Object.fromEntries(fields) as Writable;
}
