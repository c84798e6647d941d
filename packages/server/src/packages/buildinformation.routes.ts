/** `/build-information`: what a build tells about a version of a package, before or after that is pushed. */
import { Conflict } from '@argonaut/contracts';
import {
  BuildInformationQuery,
  BuildInformationResource,
  OverwriteQuery,
  PageOf,
  QueryList,
  timestamp,
  WritableBuildInformation,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import { Answer, created, empty, page, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { presentBuild } from './codec.ts';
import { type BuildInformation, buildInformationIn, buildInformationOf, inOrder } from './queries.ts';

/** Octopus's own words: clients look for them. */
const EXISTS = 'Metadata for the specified Package ID and version already exists.';

export function buildInformationRoutes(routes: RouteTable, { database, now }: Services): void {
  const all = buildInformationIn(database);
  routes.add({
    method: 'POST',
    path: '/build-information',
    scope: 'space',
    permission: 'BuildInformationPush',
    summary: 'Tells about the build of a version of a package',
    query: OverwriteQuery,
    body: WritableBuildInformation,
    response: BuildInformationResource,
    handle: async ({ body, query, space }) => {
      const { PackageId, Version, OctopusBuildInformation } = body;
      const mode = query.overwriteMode ?? (query.replace === true ? 'OverwriteExisting' : 'FailIfExists');
      const document: BuildInformation = {
        ...OctopusBuildInformation,
        PackageId,
        Version,
        Created: timestamp(now()),
      };
      const existing = await buildInformationOf(database, space, PackageId, Version);
      if (existing === undefined) return created(presentBuild(await all.insert({ space, document })));
      if (mode === 'FailIfExists') {
        throw new Conflict(
          `${EXISTS} It is ${PackageId} ${Version}; ask for overwriteMode=OverwriteExisting or IgnoreIfExists.`,
        );
      }
      const stored = mode === 'IgnoreIfExists' ? existing : await all.update(existing, document);
      return new Answer(200, presentBuild(stored));
    },
  });
  routes.add({
    method: 'GET',
    path: '/build-information',
    scope: 'space',
    permission: 'BuiltInFeedDownload',
    summary: 'Lists build information, each package newest first',
    query: BuildInformationQuery,
    response: PageOf(BuildInformationResource),
    handle: async ({ request, query, space }) => {
      const { packageId = '', filter = '', latest = false } = query;
      const matching = await all.all({
        space,
        ids: query.ids,
        where: { PackageId: packageId === '' ? undefined : packageId.toLowerCase() },
        partialName: filter || query.partialName,
      });
      const found = inOrder(matching, latest);
      const items = found.slice(query.skip, query.skip + query.take).map(presentBuild);
      return page(request, query, 'PackageVersionBuildInformation', { items, total: found.length });
    },
  });
  routes.add({
    method: 'GET',
    path: '/build-information/:id',
    scope: 'space',
    permission: 'BuiltInFeedDownload',
    summary: 'One piece of build information',
    response: BuildInformationResource,
    handle: async ({ params, space }) => presentBuild(await all.get(params.id, space)),
  });
  routes.add({
    method: 'DELETE',
    path: '/build-information/:id',
    scope: 'space',
    permission: 'BuildInformationAdminister',
    summary: 'Deletes build information',
    handle: async ({ params, space }) => {
      await all.remove((await all.get(params.id, space)).id);
      return empty();
    },
  });
  routes.add({
    method: 'DELETE',
    path: '/build-information/bulk',
    scope: 'space',
    permission: 'BuildInformationAdminister',
    summary: 'Deletes several pieces of build information; those that do not exist are passed over',
    query: Type.Object({ ids: QueryList }),
    handle: async ({ query, space }) => {
      for (const id of query.ids ?? []) if (await all.find(id, space)) await all.remove(id);
      return empty();
    },
  });
}
