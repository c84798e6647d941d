/** `/feeds/{id}/packages`: what is in a feed. None of these waits for a registry inside a transaction. */
import {
  FeedSearchQuery,
  FeedVersionsQuery,
  FoundPackage,
  FoundVersion,
  PageOf,
  QueryList,
} from '@argonaut/contracts/rest';
import { Type } from 'typebox';
import type { Stored } from '../database/index.ts';
import { page, type RouteTable } from '../http/index.ts';
import { packagesIn } from '../packages/queries.ts';
import type { Services } from '../services.ts';
import { type FoundVersion as Found, feedVersions, searchFeed } from './contents.ts';
import { type Feed, feedNamed } from './queries.ts';

export function feedContentsRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;
  routes.add({
    method: 'GET',
    path: '/feeds/:id/packages/search',
    scope: 'space',
    permission: 'FeedView',
    summary: 'Finds packages or images by a part of their name',
    query: FeedSearchQuery,
    response: PageOf(FoundPackage),
    handle: async ({ request, params, query, space, signal }) => {
      const feed = await feedNamed(database, space, params.id);
      const { found, total } = await searchFeed(services, feed, query.term ?? '', query, signal);
      const items = found.map(({ name, description, latest }) => ({
        Id: name,
        Name: name,
        Description: description,
        LatestVersion: latest ?? '',
        Links: {
          SearchPackageVersionsTemplate: `${pathOf(feed)}/packages/versions?packageId=${encodeURIComponent(name)}{&take,skip,includePreRelease,versionRange,preReleaseTag,filter,includeReleaseNotes}`,
        },
      }));
      return page(request, query, 'PackageDescription', { items, total });
    },
  });
  routes.add({
    method: 'GET',
    path: '/feeds/:id/packages/versions',
    scope: 'space',
    permission: 'FeedView',
    summary: 'Versions of a package, or tags of an image, newest first',
    query: FeedVersionsQuery,
    response: PageOf(FoundVersion),
    handle: async ({ request, params, query, space, signal }) => {
      const feed = await feedNamed(database, space, params.id);
      const all = await feedVersions(services, feed, query.packageId ?? '', query, signal);
      const items = all.slice(query.skip, query.skip + query.take).map((found) => present(feed, found));
      return page(request, query, 'PackageVersion', { items, total: all.length });
    },
  });
  routes.add({
    method: 'GET',
    path: '/feeds/:id/packages',
    scope: 'space',
    permission: 'FeedView',
    summary: 'The newest version of each of some packages, as an array',
    query: Type.Object({ packageIds: QueryList }),
    response: Type.Array(FoundVersion),
    handle: async ({ params, query, space, signal }) => {
      const feed = await feedNamed(database, space, params.id);
      const newest: object[] = [];
      for (const packageId of query.packageIds ?? []) {
        const [first] = await feedVersions(services, feed, packageId, {}, signal);
        if (first !== undefined) newest.push(present(feed, first));
      }
      return newest;
    },
  });
  routes.add({
    method: 'GET',
    path: '/feeds/:id/packages/notes',
    scope: 'space',
    permission: 'FeedView',
    summary: 'Release notes of a version; empty where the feed keeps none',
    query: Type.Object({ packageId: Type.String(), version: Type.String() }),
    handle: async ({ params, space }) => {
      await feedNamed(database, space, params.id);
      return '';
    },
  });
  routes.add({
    method: 'GET',
    path: '/feeds/stats',
    scope: 'space',
    permission: 'FeedView',
    summary: 'How many packages the built-in feed holds',
    handle: async ({ space }) => ({ TotalPackages: await packagesIn(database).count({ space }) }),
  });
}

function present(feed: Stored<Feed>, { packageId, version, published, size }: Found) {
  const query = `?packageId=${encodeURIComponent(packageId)}&version=${encodeURIComponent(version)}`;
  return {
    Id: `${feed.id}-${packageId}.${version}`,
    PackageId: packageId,
    Version: version,
    FeedId: feed.id,
    Title: packageId,
    Published: published ?? null,
    ReleaseNotes: '',
    SizeBytes: size,
    Links: { Notes: `${pathOf(feed)}/packages/notes${query}` },
  };
}

function pathOf(feed: Stored<Feed>): string {
  return `/api/${feed.spaceId}/feeds/${feed.id}`;
}
