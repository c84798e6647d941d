/** What the audit trail says of digest tables. */
import type { EventCategory, Happening } from '../events/index.ts';
import type { WorkerImage } from '../feeds/index.ts';
import type { TableOwner } from './owner.ts';

/** `In release 1.2.3 the image web:1 of the feed Registry …`, found by the release, its project and the feed. */
export function aboutLock(
  category: Extract<EventCategory, 'ImageDigestLocked' | 'ImageDigestAccepted'>,
  owner: TableOwner,
  { name, feed }: WorkerImage,
  what: string,
  related: readonly string[] = [],
): Happening {
  return {
    category,
    space: owner.spaceId,
    message: `In ${owner.title} the image ${name}${feed === undefined ? '' : ` of the feed ${feed.name}`} ${what}`,
    related: [owner.id, owner.projectId, ...(feed === undefined ? [] : [feed.id]), ...related],
  };
}
