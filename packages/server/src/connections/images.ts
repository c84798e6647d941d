/**
 * `ImageDirectory` over feeds and digest tables: turns what a step names into what a worker can be asked for. What the
 * release has fixed is asked for by its digest; what it has not is fixed by the first task that has it.
 */
import { messageOf } from '@argonaut/contracts';
import { recordEvent } from '../events/index.ts';
import type { ImageDirectory } from '../execution/index.ts';
import { baseCredentials, imageReference, type WorkerImage } from '../feeds/index.ts';
import { aboutLock, explainFailure, type ImageKey, ImageLocks, ownerOf } from '../images/index.ts';
import type { Services } from '../services.ts';
import { tasksIn } from '../tasks/queries.ts';
import { checkImageSource, pullPolicy, sourceOf } from '../workers/pools/policy/images.ts';

export function imageDirectory(services: Services): ImageDirectory {
  const { database, log, now } = services;
  const locks = new ImageLocks(database);
  const facts = async (task: string, feed: string | undefined, reference: string) => {
    const stored = await tasksIn(database).get(task);
    const owner = await ownerOf(services, stored);
    return { owner, image: await imageReference(services, stored.spaceId, feed, reference) };
  };
  return {
    async request({ feed, reference, pull, build }, { task, pool }) {
      if (build !== undefined) {
        const { spaceId } = await tasksIn(database).get(task);
        const source = { kind: 'built' } as const;
        await checkImageSource(database, pool, source);
        const policy = await pullPolicy(database, pool, pull, source);
        return {
          reference,
          policy,
          build: { ...build, credentials: await baseCredentials(services, spaceId, build) },
        };
      }
      const { owner, image } = await facts(task, feed, reference);
      const source = sourceOf(image);
      await checkImageSource(database, pool, source);
      const { credentials, warnings } = image;
      const policy = await pullPolicy(database, pool, pull, source);
      const lock = owner && !image.fixed ? await locks.find(owner.id, keyOf(image)) : undefined;
      return {
        reference: image.reference,
        ...(credentials === undefined ? {} : { credentials }),
        ...(lock?.digest ? { digest: lock.digest } : {}),
        policy,
        warnings,
      };
    },
    async acquired({ feed, reference }, digest, { task }) {
      const { owner, image } = await facts(task, feed, reference);
      if (owner === undefined || image.fixed) return digest;
      const by = { by: 'FirstUse', actor: task, at: now().toISOString() } as const;
      return database.transaction(async () => {
        const held = await locks.lock(owner.id, keyOf(image), digest, by);
        if (held.won) {
          const what = `is ${digest}, as its first use in ${task} found it`;
          await recordEvent(services, aboutLock('ImageDigestLocked', owner, image, what, [task]));
        }
        return held.digest;
      });
    },
    async explain({ feed, reference, build }, failure, { task }, signal) {
      // What an image is built from is named by its Dockerfile, and in the message already.
      if (build !== undefined) return failure.error;
      try {
        const { owner, image } = await facts(task, feed, reference);
        return await explainFailure(image, owner, failure, signal);
      } catch (error) {
        log.warn({ task, error: messageOf(error) }, 'image failure could not be explained');
        return failure.error;
      }
    },
  };
}

function keyOf({ feed, name }: WorkerImage): ImageKey {
  return { feed: feed?.id ?? '', image: name };
}
