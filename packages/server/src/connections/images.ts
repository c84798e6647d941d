/**
 * `ImageDirectory` over feeds and digest tables: turns what a step names into what a worker can be asked for. What the
 * release has fixed is asked for by its digest; what it has not is fixed by the first task that has it. Of an image that is
 * built that holds for what its Dockerfile begins from.
 */
import { ArgonautError, messageOf } from '@argonaut/contracts';
import type { ImageDigests } from '@argonaut/contracts/attempt';
import type { ImageRecipe } from '@argonaut/orchestrator';
import type { ImageDirectory, ImageFailure } from '../execution/index.ts';
import { baseCredentials, feedToAsk, imageReference, type WorkerImage } from '../feeds/index.ts';
import { basesOf, explainFailure, fixAtFirstUse, ImageLocks, keyOf, ownerOf } from '../images/index.ts';
import type { Services } from '../services.ts';
import { tasksIn } from '../tasks/queries.ts';
import { checkImageSource, pullPolicy, sourceOf } from '../workers/pools/policy/images.ts';

export function imageDirectory(services: Services): ImageDirectory {
  const { database, log } = services;
  const locks = new ImageLocks(database);
  const taskFacts = async (task: string) => {
    const stored = await tasksIn(database).get(task);
    return { space: stored.spaceId, owner: await ownerOf(services, stored) };
  };
  const facts = async (task: string, feed: string | undefined, reference: string) => {
    const { space, owner } = await taskFacts(task);
    return { space, owner, image: await imageReference(services, space, feed, reference) };
  };
  /** What the image is fixed to, and since when. */
  const fixed = async (owner: { readonly id: string } | undefined, image: WorkerImage) => {
    const row = owner === undefined || image.fixed ? undefined : await locks.find(owner.id, keyOf(image));
    return typeof row?.digest === 'string'
      ? { digest: row.digest, meantMs: Date.parse(row.locked) }
      : undefined;
  };

  /** What is built: with the digests of what it begins from, as far as they are fixed, and who signs in for it. */
  const buildOf = async (task: string, recipe: ImageRecipe) => {
    const { space, owner } = await taskFacts(task);
    const digests: Record<string, string> = {};
    for (const [reference, image] of await basesOf(services, space, recipe)) {
      const known = await fixed(owner, image);
      if (known !== undefined) digests[reference] = known.digest;
    }
    return { ...recipe, digests, credentials: await baseCredentials(services, space, recipe) };
  };

  const explainBase = async (
    { reference, error, worker, baseDigests = {} }: ImageFailure & { readonly reference: string },
    task: string,
    signal: AbortSignal,
  ): Promise<Error> => {
    // What is wrong with the build itself names the image already.
    if (!(error instanceof ArgonautError) || typeof error.details.base !== 'string') return error;
    const { base } = error.details;
    const { space, owner, image } = await facts(task, undefined, base);
    const digest = baseDigests[base];
    const failure = { error, worker, ...(digest === undefined ? {} : { digest }) };
    const feed = await feedToAsk(services, space, image);
    const why = await explainFailure(image, feed, owner, failure, signal);
    return new ArgonautError(error.kind, `${reference} cannot be built: ${messageOf(why)}`, { cause: why });
  };

  return {
    async request({ feed, reference, pull, build }, { task, pool }) {
      if (build !== undefined) {
        const source = { kind: 'built' } as const;
        await checkImageSource(database, pool, source);
        const policy = await pullPolicy(database, pool, pull, source);
        return { reference, policy, build: await buildOf(task, build) };
      }
      const { owner, image } = await facts(task, feed, reference);
      const source = sourceOf(image);
      await checkImageSource(database, pool, source);
      const { credentials, warnings } = image;
      const policy = await pullPolicy(database, pool, pull, source);
      return {
        reference: image.reference,
        ...(credentials === undefined ? {} : { credentials }),
        ...(await fixed(owner, image)),
        policy,
        warnings,
      };
    },
    async acquired({ feed, reference }, digest, { task }) {
      const { owner, image } = await facts(task, feed, reference);
      if (owner === undefined || image.fixed) return digest;
      const [held = digest] = await fixAtFirstUse(services, owner, [{ image, digest }], task);
      return held;
    },
    async builtFrom({ build }, bases, { task }) {
      const { space, owner } = await taskFacts(task);
      if (build === undefined || owner === undefined) return bases;
      const images = await basesOf(services, space, build);
      const found = Object.entries(bases).flatMap(([reference, digest]) => {
        const image = images.get(reference);
        return image === undefined ? [] : [{ reference, image, digest }];
      });
      const held = await fixAtFirstUse(services, owner, found, task);
      const holding = found.map(({ reference, digest }, index) => [reference, held[index] ?? digest]);
      return { ...bases, ...(Object.fromEntries(holding) as ImageDigests) };
    },
    async explain({ feed, reference, build }, failure, { task }, signal) {
      try {
        if (build !== undefined) return await explainBase({ ...failure, reference }, task, signal);
        const { space, owner, image } = await facts(task, feed, reference);
        const asked = await feedToAsk(services, space, image);
        return await explainFailure(image, asked, owner, failure, signal);
      } catch (error) {
        log.warn({ task, error: messageOf(error) }, 'image failure could not be explained');
        return failure.error;
      }
    },
  };
}
