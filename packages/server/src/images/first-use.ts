/** The first task that uses a reference fixes what it means, for its release's later environments and everybody at the same moment. */
import { recordEvent } from '../events/index.ts';
import type { WorkerImage } from '../feeds/index.ts';
import type { Services } from '../services.ts';
import { aboutLock } from './audit.ts';
import { ImageLocks, keyOf } from './locks.ts';
import { isThere, type TableOwner } from './owner.ts';

export interface Found {
  readonly image: WorkerImage;
  readonly digest: string;
}

/**
 * All of them or none.
 * @returns the digests that hold, in this order: another one where somebody was quicker. For a release that was deleted
 *   meanwhile nothing is written, and what was found is used.
 */
export async function fixAtFirstUse(
  services: Services,
  owner: TableOwner,
  found: readonly Found[],
  task: string,
): Promise<readonly string[]> {
  const locks = new ImageLocks(services.database);
  const by = { by: 'FirstUse', actor: task, at: services.now().toISOString() } as const;
  return locks.exclusively(owner.id, async () => {
    if (!(await isThere(services, owner.id))) return found.map(({ digest }) => digest);
    const held: string[] = [];
    for (const { image, digest } of found) {
      const lock = await locks.lock(owner.id, keyOf(image), digest, by);
      held.push(lock.digest);
      if (!lock.won) continue;
      const what = `is ${digest}, as its first use in ${task} found it`;
      await recordEvent(services, aboutLock('ImageDigestLocked', owner, image, what, [task]));
    }
    return held;
  });
}
