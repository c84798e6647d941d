/** Brings the images of a new release to the workers that will need them: a task for each pool, which nobody waits for. */
import { messageOf } from '@argonaut/contracts';
import type { PoolImage } from '@argonaut/contracts/rest';
import { imageReference } from '../../feeds/index.ts';
import { type FrozenProcess, ImageLocks, keyOf, poolImagesOf } from '../../images/index.ts';
import type { Services } from '../../services.ts';
import { poolsIn } from '../pools/queries.ts';
import { startPull } from './pull-task.ts';

/** Never throws: a release is not made worse by images that are not there yet. */
export async function warmPools(
  services: Services,
  { owner, name }: { readonly owner: string; readonly name: string },
  load: () => Promise<FrozenProcess>,
): Promise<void> {
  const { database, log } = services;
  try {
    const frozen = await load();
    const perPool = new Map<string, PoolImage[]>();
    for (const { pool, feed, reference, build } of await poolImagesOf(services, frozen)) {
      // Built where it is used.
      if (build !== undefined) continue;
      const image = await lockedImage(services, frozen.space, owner, feed, reference);
      if (image !== undefined) perPool.set(pool, [...(perPool.get(pool) ?? []), image]);
    }
    for (const [id, images] of perPool) {
      const pool = await poolsIn(database).find(id);
      if (pool === undefined) continue;
      await startPull(services, {
        space: frozen.space,
        pool: { id, name: pool.document.Name },
        images,
        reason: `release ${name}`,
        relatedIds: [owner],
      });
    }
  } catch (error) {
    log.warn({ owner, error: messageOf(error) }, 'the pools could not be warmed');
  }
}

/** With the digest that the release has for it. What cannot be used is told by the step that says it. */
async function lockedImage(
  services: Services,
  space: string,
  owner: string,
  feed: string | undefined,
  reference: string,
): Promise<PoolImage | undefined> {
  const image = await imageReference(services, space, feed, reference).catch(() => undefined);
  if (image === undefined) return undefined;
  const lock = image.fixed ? undefined : await new ImageLocks(services.database).find(owner, keyOf(image));
  return {
    ...(feed === undefined ? {} : { FeedId: feed }),
    Image: reference,
    ...(lock?.digest ? { Digest: lock.digest } : {}),
  };
}
