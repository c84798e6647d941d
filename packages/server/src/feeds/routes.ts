/** `/feeds`: the ordinary six routes. */
import { FeedQuery, FeedResource, WritableFeed } from '@argonaut/contracts/rest';
import { addResource, type RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { documentOf, present } from './codec.ts';
import { feedsIn } from './queries.ts';
import { checkFeed, refuseRemovalOfBuiltIn } from './rules.ts';

export function feedRoutes(routes: RouteTable, { database, keys }: Services): void {
  addResource(routes, {
    path: '/feeds',
    scope: 'space',
    itemType: 'Feed',
    collection: feedsIn(database),
    writable: WritableFeed,
    resource: FeedResource,
    permissions: { view: 'FeedView', create: 'FeedEdit', edit: 'FeedEdit', delete: 'FeedEdit' },
    filter: { query: FeedQuery, toQuery: ({ feedType }) => ({ where: { FeedType: feedType } }) },
    accept: (body, { id }, stored) => {
      const document = documentOf(keys, id, body, stored?.document);
      checkFeed(body, document, stored);
      return document;
    },
    present,
    beforeDelete: async (stored) => refuseRemovalOfBuiltIn(stored),
  });
}
