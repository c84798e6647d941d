/** `/channels`: the ordinary six routes, and the lists of one project. */
import { Invalid, NotFound } from '@argonaut/contracts';
import {
  ChannelResource,
  Optional,
  PageOf,
  PageQuery,
  Text,
  WritableChannel,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { parsePattern } from '../../feeds/versions/pattern.ts';
import { parseRange } from '../../feeds/versions/range.ts';
import { parseVersion } from '../../feeds/versions/version.ts';
import { addResource, created, page, type RouteTable } from '../../http/index.ts';
import type { Services } from '../../services.ts';
import { projectOf } from '../queries.ts';
import { present } from './codec.ts';
import { channelsIn } from './queries.ts';
import { acceptChannel, refuseRemoval } from './rules.ts';

export function channelRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  const channels = channelsIn(database);

  addResource(routes, {
    path: '/channels',
    scope: 'space',
    itemType: 'Channel',
    collection: channels,
    writable: WritableChannel,
    resource: ChannelResource,
    // Octopus has no permission of its own for channels.
    permissions: { view: 'ProcessView', create: 'ProcessEdit', edit: 'ProcessEdit', delete: 'ProcessEdit' },
    accept: (body, { space }, stored) => acceptChannel(services, space, body, stored),
    present,
    beforeDelete: (stored) => refuseRemoval(services, stored),
  });

  routes.add({
    method: 'GET',
    path: '/channels/rule-test',
    scope: 'space',
    permission: 'ProcessView',
    summary:
      'Whether a version satisfies a version range and a pre-release tag, as a rule of a channel would say',
    query: Type.Object({
      version: Type.String({ minLength: 1 }),
      versionRange: Optional(Text),
      preReleaseTag: Optional(Text),
    }),
    handle: async ({ query: { version, versionRange = '', preReleaseTag = '' } }) => {
      const Errors: string[] = [];
      const { prerelease } = parseVersion(version);
      return {
        SatisfiesVersionRange: versionRange === '' || holds(Errors, () => parseRange(versionRange)(version)),
        SatisfiesPreReleaseTag:
          preReleaseTag === '' || holds(Errors, () => parsePattern(preReleaseTag)(prerelease)),
        Errors,
      };
    },
  });
  routes.add({
    method: 'GET',
    path: '/projects/:project/channels',
    scope: 'space',
    permission: 'ProcessView',
    summary: 'The channels of a project, the default one first',
    query: Type.Object({ ...PageQuery.properties, searchByName: Optional(Type.String()) }),
    response: PageOf(ChannelResource),
    handle: async ({ params, request, query, space }) => {
      const project = await projectOf(database, space, params.project);
      const partialName = query.searchByName ?? query.partialName;
      const { items, total } = await channels.list({ ...query, partialName, space, parent: project.id });
      return page(request, query, 'Channel', { items: items.map(present), total });
    },
  });
  routes.add({
    method: 'GET',
    path: '/projects/:project/channels/:id',
    scope: 'space',
    permission: 'ProcessView',
    summary: 'One channel of a project',
    response: ChannelResource,
    handle: async ({ params, space }) => {
      const project = await projectOf(database, space, params.project);
      const found = await channels.find(params.id, space);
      if (found?.document.ProjectId === project.id) return present(found);
      throw new NotFound(`The project "${project.document.Name}" has no channel "${params.id}".`);
    },
  });
  routes.add({
    method: 'POST',
    path: '/projects/:project/channels',
    scope: 'space',
    permission: 'ProcessEdit',
    summary: 'Creates a channel in a project',
    body: WritableChannel,
    response: ChannelResource,
    handle: async ({ params, body, space }) => {
      const project = await projectOf(database, space, params.project);
      const document = await acceptChannel(services, space, { ...body, ProjectId: project.id }, undefined);
      return created(present(await channels.insert({ space, document })));
    },
  });
}

/** A rule that cannot be read holds for nothing, and says why. */
function holds(complaints: string[], rule: () => boolean): boolean {
  try {
    return rule();
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    complaints.push(error.message);
    return false;
  }
}
