/**
 * Fills the digest table when a release or a snapshot is made, and again when its variables are taken anew: asks the
 * registries of the feeds, all at once and within a stated time. What is fixed already stays. Whatever goes wrong is written
 * into the table; whoever makes the release is not troubled.
 */
import { messageOf } from '@argonaut/contracts';
import { feedToAsk, type ImageFeed, imageReference, type WorkerImage } from '../feeds/index.ts';
import type { Services } from '../services.ts';
import { basesOf } from './bases.ts';
import { type FrozenProcess, imagesOf } from './frozen.ts';
import { ImageLocks, keyOf, type LockedBy } from './locks.ts';
import { isThere } from './owner.ts';

/** For all registries together; whoever makes a release never waits longer. */
const PATIENCE_MS = 10_000;
/** Before the end, so that a question that is cut off can still say why it got no answer. */
const MARGIN_MS = 500;
/** Questions on their way at one moment. */
const AT_ONCE = 8;

/** A reference that the table is to have. */
interface Wanted {
  readonly image: WorkerImage;
  /** Whose registry is asked; absent: nobody's. */
  readonly feed?: ImageFeed;
}

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
  const end = performance.now() + PATIENCE_MS;
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const frozen = await load();
    const images = await referencesOf(services, frozen);
    const findings: Finding[] = [];
    const left = images.values();
    const next = async (): Promise<void> => {
      // One iterator for all of them: each takes what nobody has taken.
      for (const image of left) findings.push(await find(image, end - performance.now(), signal));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    const locks = new ImageLocks(database);
    const by: LockedBy = { by: 'Creation', actor: '', at: now().toISOString() };
    await locks.exclusively(owner, async () => {
      if (!(await isThere(services, owner))) return;
      await locks.dropOpen(
        owner,
        findings.map(({ image }) => keyOf(image)),
      );
      for (const { image, digest, problem = '' } of findings) {
        if (digest === undefined) await locks.leaveOpen(owner, keyOf(image), problem, by);
        else await locks.lock(owner, keyOf(image), digest, by);
      }
    });
  } catch (error) {
    log.warn({ owner, error: messageOf(error) }, 'images could not be fixed to digests');
  }
}

async function referencesOf(services: Services, frozen: FrozenProcess): Promise<Map<string, Wanted>> {
  const wanted = new Map<string, Wanted>();
  const want = (image: WorkerImage, feed: ImageFeed | undefined) => {
    const key = `${image.feed?.id ?? ''}|${image.name}`;
    if (feed !== undefined) wanted.set(key, { image, feed });
    else if (!wanted.has(key)) wanted.set(key, { image });
  };
  for (const { feed, reference, build } of await imagesOf(services, frozen)) {
    if (build !== undefined) {
      for (const base of (await basesOf(services, frozen.space, build)).values())
        want(base, await feedToAsk(services, frozen.space, base));
      continue;
    }
    // A feed or a name that cannot be used is told by the task, with the step that says it.
    const image = await imageReference(services, frozen.space, feed, reference).catch(() => undefined);
    if (image !== undefined && !image.fixed) want(image, image.feed);
  }
  return wanted;
}

async function find({ image, feed }: Wanted, timeLeft: number, signal: AbortSignal): Promise<Finding> {
  if (feed === undefined) {
    return {
      image,
      problem: 'No feed says where it comes from: whoever uses it first finds out what it is.',
    };
  }
  const inTime = Math.floor(timeLeft) - MARGIN_MS;
  try {
    if (inTime <= 0) throw new Error('no time left');
    const { digest } = await feed.client.resolve(feed.repository, feed.tagOrDigest, signal, inTime);
    return { image, digest };
  } catch (error) {
    if (inTime > 0 && !signal.aborted) return { image, problem: messageOf(error) };
    return {
      image,
      problem: `There was no time to ask the registry of the feed "${feed.name}" within ${PATIENCE_MS / 1000} s.`,
    };
  }
}
