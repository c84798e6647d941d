/** `/api/argonaut/{S}/releases/{id}/images` and the same for runbook snapshots: the digest table, and changing it. */
import {
  AcceptDigest,
  ImageLock,
  ImageLocks as ImageLocksResource,
  timestamp,
} from '@argonaut/contracts/rest';
import { feedsIn } from '../feeds/queries.ts';
import type { RouteTable } from '../http/index.ts';
import { whenRemoved } from '../removal.ts';
import type { Services } from '../services.ts';
import { acceptCurrentDigest } from './accept.ts';
import { ImageLocks, type ImageRow } from './locks.ts';
import { releaseOwner, snapshotOwner } from './owner.ts';

const TABLES = [
  {
    path: '/argonaut/releases/:id/images',
    what: 'release',
    owner: releaseOwner,
    view: 'ReleaseView',
    edit: 'ReleaseEdit',
  },
  {
    path: '/argonaut/runbookSnapshots/:id/images',
    what: 'runbook snapshot',
    owner: snapshotOwner,
    view: 'RunbookView',
    edit: 'RunbookEdit',
  },
] as const;

export function imageRoutes(routes: RouteTable, services: Services): void {
  const locks = new ImageLocks(services.database);
  whenRemoved(services, 'Releases', ({ id }) => locks.forget(id));
  whenRemoved(services, 'RunbookSnapshots', ({ id }) => locks.forget(id));
  for (const { path, what, owner, view, edit } of TABLES) {
    routes.add({
      method: 'GET',
      path,
      scope: 'space',
      permission: view,
      summary: `Which content the images of a ${what} mean`,
      response: ImageLocksResource,
      handle: async ({ params, space }) => {
        const { id } = await owner(services, params.id, space);
        return { Items: await present(services, space, await locks.of(id)) };
      },
    });
    routes.add({
      method: 'POST',
      path: `${path}/accept-current-digest`,
      scope: 'space',
      permission: edit,
      summary: `Fixes an image of a ${what} to what its tag is now; audited`,
      body: AcceptDigest,
      response: ImageLock,
      // Asks the registry.
      transaction: false,
      // Told where it is done, with the digests; one that is still the same changes nothing.
      audited: false,
      handle: async ({ params, body, space, user, signal }) => {
        const acceptance = {
          feed: body.FeedId ?? '',
          image: body.Image,
          atNextUse: body.AtNextUse ?? false,
          by: user,
        };
        const table = await owner(services, params.id, space);
        const row = await acceptCurrentDigest(services, table, acceptance, signal);
        return (await present(services, space, [row]))[0];
      },
    });
  }
}

async function present(
  { database }: Services,
  space: string,
  rows: readonly ImageRow[],
): Promise<ImageLock[]> {
  const ids = [...new Set(rows.map(({ feed }) => feed))].filter((id) => id !== '');
  const feeds = ids.length === 0 ? [] : await feedsIn(database).all({ space, ids });
  const names = new Map(feeds.map(({ id, document }) => [id, document.Name]));
  return rows.map(({ feed, image, digest, locked, locked_by, actor, previous, problem }) => ({
    FeedId: feed,
    FeedName: names.get(feed) ?? '',
    Image: image,
    Digest: digest,
    Locked: digest === null ? null : timestamp(new Date(locked)),
    LockedBy: digest === null ? null : locked_by,
    Actor: actor,
    PreviousDigest: previous,
    Problem: problem,
  }));
}
