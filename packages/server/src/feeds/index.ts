/** Feeds: where images and packages come from. */

import type { Feature } from '../feature.ts';
import { provideFeedFacts } from '../processes/packages/newest.ts';
import type { Services } from '../services.ts';
import { defaultSpace } from '../spaces/queries.ts';
import { feedContentsRoutes } from './contents.routes.ts';
import { feedVersions } from './contents.ts';
import { BUILT_IN, feedNamed, feedsIn } from './queries.ts';
import { feedRoutes } from './routes.ts';
import { feedTestRoutes } from './test.routes.ts';

export { baseCredentials } from './base-credentials.ts';
export { feedToAsk } from './feed-of-image.ts';
export { type ImageFeed, imageReference, type WorkerImage } from './image-reference.ts';

export const feeds: Feature = {
  name: 'feeds',
  routes: (routes, services) => {
    feedRoutes(routes, services);
    feedContentsRoutes(routes, services);
    feedTestRoutes(routes, services);
    answerProcesses(services);
  },
  seedSpace: seedBuiltInFeed,
};

/** Every space has a built-in feed; that of the default space has the id that clients know by heart. */
async function seedBuiltInFeed(space: string, { database }: Services): Promise<void> {
  const feeds = feedsIn(database);
  const isDefault = (await defaultSpace(database))?.id === space && !(await feeds.find(BUILT_IN));
  await feeds.insert({
    space,
    ...(isDefault ? { id: BUILT_IN } : {}),
    slug: BUILT_IN,
    document: {
      Name: 'Argonaut Server (built-in)',
      FeedType: 'BuiltIn',
      PackageAcquisitionLocationOptions: ['Server'],
      DeleteUnreleasedPackagesAfterDays: null,
      IsBuiltInRepoSyncEnabled: false,
      Secrets: {},
    } as Parameters<typeof feeds.insert>[0]['document'],
  });
}

/** What processes want to know of feeds when a release is made. */
function answerProcesses(services: Services): void {
  const { database } = services;
  provideFeedFacts(services, {
    newestVersion: async ({ space, feedId, packageId, versionRange, preReleaseTag }) => {
      const feed = await feedNamed(database, space, feedId);
      const filter = {
        ...(versionRange === undefined ? {} : { versionRange }),
        ...(preReleaseTag === undefined ? {} : { preReleaseTag }),
      };
      return (await feedVersions(services, feed, packageId, filter))[0]?.version;
    },
    names: async (space) =>
      new Map((await feedsIn(database).all({ space })).map(({ id, document }) => [id, document.Name])),
  });
}
