/**
 * Fills the digest table when a release or a snapshot is made: asks the registries of the feeds, all at once and within
 * a stated time. Whatever goes wrong is written into the table; whoever makes the release is not troubled.
 */
import { messageOf } from '@argonaut/contracts';
import type { Database } from '../database/index.ts';
import { imageReference, type WorkerImage } from '../feeds/index.ts';
import type { Services } from '../services.ts';
import { type FrozenProcess, imagesOf } from './frozen.ts';
import { ImageLocks, type LockedBy } from './locks.ts';

/** For all registries together; whoever makes a release never waits longer. */
const PATIENCE_MS = 10_000;
/** Before the end, so that a question that is cut off can still say why it got no answer. */
const MARGIN_MS = 500;
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
    if (findings.length === 0) return;
    const locks = new ImageLocks(database);
    const by: LockedBy = { by: 'Creation', actor: '', at: now().toISOString() };
    await locks.exclusively(owner, async () => {
      if (!(await isThere(database, owner))) return;
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

/** False when the release or the snapshot was deleted while the registries were asked. */
async function isThere(database: Database, owner: string): Promise<boolean> {
  const row = await database.query
    .selectFrom('documents')
    .select('id')
    .where('kind', 'in', ['Releases', 'RunbookSnapshots'])
    .where('id', '=', owner)
    .executeTakeFirst();
  return row !== undefined;
}

async function referencesOf(services: Services, frozen: FrozenProcess): Promise<Map<string, WorkerImage>> {
  const images = new Map<string, WorkerImage>();
  for (const { feed, reference } of await imagesOf(services, frozen)) {
    // A feed or a name that cannot be used is told by the task, with the step that says it.
    const image = await imageReference(services, frozen.space, feed, reference).catch(() => undefined);
    if (image === undefined || image.fixed) continue;
    images.set(`${image.feed?.id ?? ''}|${image.name}`, image);
  }
  return images;
}

async function find(image: WorkerImage, timeLeft: number, signal: AbortSignal): Promise<Finding> {
  const { feed } = image;
  if (feed === undefined) {
    return { image, problem: 'It names no feed: whoever uses it first finds out what it is.' };
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
