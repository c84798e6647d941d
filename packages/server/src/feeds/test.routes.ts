/** `/api/argonaut/{S}/feeds/{id}/test`: reaches a feed, signs in, and resolves an image as a deployment would. */
import { FeedTestRequest, FeedTestVerdict } from '@argonaut/contracts/rest';
import type { RouteTable } from '../http/index.ts';
import type { Services } from '../services.ts';
import { feedNamed } from './queries.ts';
import { registriesOf } from './registries.ts';
import { type FeedVerdict, platformName, testFeed } from './registry/index.ts';

export function feedTestRoutes(routes: RouteTable, services: Services): void {
  routes.add({
    method: 'POST',
    path: '/argonaut/feeds/:id/test',
    audited: false,
    scope: 'space',
    permission: 'FeedEdit',
    summary: 'Tests a feed, with an image also that image; what is wrong is in the answer',
    body: FeedTestRequest,
    response: FeedTestVerdict,
    transaction: false,
    handle: async ({ params, body, space, signal }) => {
      const feed = await feedNamed(services.database, space, params.id);
      if (feed.document.FeedType === 'BuiltIn') return builtIn(feed.document.Name);
      const client = registriesOf(services).clientOf(feed);
      return present(await testFeed(client, body.Image, signal));
    },
  });
}

function builtIn(name: string): FeedTestVerdict {
  const Summary = `"${name}" is part of this server and needs no test.`;
  return {
    Passed: true,
    Summary,
    Checks: [{ Name: 'Connection', Status: 'Passed', Message: Summary }],
    Image: null,
    Failure: null,
  };
}

function present({ passed, summary, checks, image, failure }: FeedVerdict): FeedTestVerdict {
  return {
    Passed: passed,
    Summary: summary,
    Checks: checks.map(({ name, status, message }) => ({ Name: name, Status: status, Message: message })),
    Image: image && {
      Name: image.name,
      Repository: image.repository,
      Tag: image.tag,
      PullName: image.pullName,
      Digest: image.digest,
      MediaType: image.mediaType,
      Platforms: image.platforms.map((platform) => ({
        Platform: platformName(platform),
        Digest: platform.digest,
        Size: platform.size ?? null,
      })),
    },
    Failure: failure && {
      Fault: failure.fault,
      Message: failure.message,
      NearestTags: [...failure.nearestTags],
      LimitedUntil: failure.limitedUntil,
    },
  };
}
