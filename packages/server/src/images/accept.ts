/** A person takes what a tag is now in the place of what a release or a snapshot had fixed. */
import { Conflict, Invalid, NotFound } from '@argonaut/contracts';
import { recordEvent } from '../events/index.ts';
import { feedToAsk, imageReference } from '../feeds/index.ts';
import type { Principal } from '../http/index.ts';
import type { Services } from '../services.ts';
import { aboutLock } from './audit.ts';
import { ImageLocks, type ImageRow, keyOf } from './locks.ts';
import type { TableOwner } from './owner.ts';

export interface Acceptance {
  /** Id, slug or name; empty: the image names its registry itself. */
  readonly feed: string;
  readonly image: string;
  /** The next task that uses it finds out, instead of the server now. */
  readonly atNextUse: boolean;
  readonly by: Principal;
}

/**
 * Asks the registry, so call it outside of a transaction. A tag that still means the same changes nothing.
 * @throws NotFound for a reference that the table does not have; Conflict when it has changed meanwhile; any fault of
 *   the feed's registry
 */
export async function acceptCurrentDigest(
  services: Services,
  owner: TableOwner,
  { feed: feedKey, image: text, atNextUse, by }: Acceptance,
  signal: AbortSignal,
): Promise<ImageRow> {
  const { database, now } = services;
  const locks = new ImageLocks(database);
  const image = await imageReference(services, owner.spaceId, feedKey, text);
  const { name, fixed } = image;
  const seen = await locks.find(owner.id, keyOf(image));
  if (seen === undefined) throw await unknown(locks, owner, name, fixed);
  let digest: string | null = null;
  if (!atNextUse) {
    const feed = await feedToAsk(services, owner.spaceId, image);
    if (feed === undefined) {
      throw new Invalid(
        `The image "${name}" names no feed, no feed of this space has its registry, and the server asks only the registries of feeds. Say AtNextUse, and the next task that uses it fixes what its worker finds.`,
      );
    }
    digest = (await feed.client.resolve(feed.repository, feed.tagOrDigest, signal)).digest;
  }
  if (digest === seen.digest) return seen;
  await database.transaction(async () => {
    const at = now().toISOString();
    if (!(await locks.replace(seen, digest, { by: 'Accepted', actor: by.id, at }))) {
      throw new Conflict(
        `Somebody else has changed what "${name}" means in ${owner.title} since it was read. Look at it again.`,
      );
    }
    const what = `was ${seen.digest ?? 'open'} and is now ${digest ?? 'what its next use finds'}`;
    await recordEvent(services, { ...aboutLock('ImageDigestAccepted', owner, image, what), by });
  });
  return (await locks.find(owner.id, keyOf(image))) ?? seen;
}

async function unknown(
  locks: ImageLocks,
  owner: TableOwner,
  name: string,
  fixed: boolean,
): Promise<NotFound> {
  if (fixed) {
    return new NotFound(
      `"${name}" names its content itself, so there is nothing to accept. Change the image in the process, and create a new release.`,
    );
  }
  const known = (await locks.of(owner.id)).map(({ image }) => `"${image}"`).join(', ');
  return new NotFound(
    `No image "${name}" of this feed is known in ${owner.title}. It has ${known || 'none yet'}.`,
  );
}
