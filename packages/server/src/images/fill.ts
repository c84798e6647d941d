/**
 * Fills the digest table when a release or a snapshot is made: asks the registries of the feeds, all at once and within
 * a stated time. Whatever goes wrong is written into the table; whoever makes the release is not troubled.
 */
import { messageOf } from '@argonaut/contracts';
import type { ImageName } from '@argonaut/orchestrator';
import { imageReference, type WorkerImage } from '../feeds/index.ts';
import type { Services } from '../services.ts';
import { type FrozenProcess, imagesOf } from './frozen.ts';
import { ImageLocks, type LockedBy } from './locks.ts';

/** For all registries together; whoever makes a release never waits longer. */
const PATIENCE_MS = 10_000;
/** Questions on their way at one moment. */
const AT_ONCE = 8;

interface Finding {
  readonly image: WorkerImage;
  readonly digest?: string;
  readonly problem?: string;
}

/** Outside of transactions. Never throws, also not what `load` throws. */
export async function lockKnownImages(
  services: Services,
  owner: string,
  load: () => Promise<FrozenProcess>,
): Promise<void> {
  const { log, now, database, stopping } = services;
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const frozen = await load();
    const findings = await ask(services, frozen.space, await imagesOf(services, frozen), signal);
    if (findings.length === 0) return;
    const locks = new ImageLocks(database);
    const by: LockedBy = { by: 'Creation', actor: '', at: now().toISOString() };
    await database.transaction(async () => {
      for (const { image, digest, problem = '' } of findings) {
        const key = { feed: image.feed?.id ?? '', image: image.name };
        if (digest === undefined) await locks.leaveOpen(owner, key, problem, by);
        else await locks.lock(owner, key, digest, by);
      }
    });
  } catch (error) {
    log.warn({ owner, error: messageOf(error) }, 'images could not be fixed to digests');
  }
}

async function ask(
  services: Services,
  space: string,
  names: readonly ImageName[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const images = new Map<string, WorkerImage>();
  for (const { feed, reference } of names) {
    // A feed or a name that cannot be used is told by the task, with the step that says it.
    const image = await imageReference(services, space, feed, reference).catch(() => undefined);
    if (image === undefined || image.fixed) continue;
    images.set(`${image.feed?.id ?? ''}|${image.name}`, image);
  }
  const findings: Finding[] = [];
  const left = images.values();
  const next = async (): Promise<void> => {
    for (const image of left) findings.push(await find(image, signal));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return findings;
}

async function find(image: WorkerImage, signal: AbortSignal): Promise<Finding> {
  const { feed } = image;
  if (feed === undefined) {
    return { image, problem: 'It names no feed: whoever uses it first finds out what it is.' };
  }
  try {
    signal.throwIfAborted();
    const { digest } = await feed.client.resolve(feed.repository, feed.tagOrDigest, signal);
    return { image, digest };
  } catch (error) {
    if (!signal.aborted) return { image, problem: messageOf(error) };
    return {
      image,
      problem: `The registry of the feed "${feed.name}" gave no answer within ${PATIENCE_MS / 1000} s.`,
    };
  }
}
