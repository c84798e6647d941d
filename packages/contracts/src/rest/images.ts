/** Which content the image references of a release or a runbook snapshot mean: the digest table. Ours; Octopus has none. */
import { type Static, Type } from 'typebox';
import { Nullable, OneOf, Optional, Text, Timestamp } from './basics.ts';

export const ImageLock = Type.Object(
  {
    FeedId: Type.String({ description: 'Empty: the image names its registry itself.' }),
    FeedName: Type.String(),
    Image: Type.String({ description: '`repository:tag`, without the registry of the feed.' }),
    Digest: Nullable(
      Type.String({ description: 'Of the index, if the image has several platforms. Null: not fixed yet.' }),
    ),
    Locked: Nullable(Timestamp),
    LockedBy: Nullable(OneOf(['Creation', 'FirstUse', 'Accepted'])),
    Actor: Type.String({ description: 'The task that used it first, or the user who accepted it.' }),
    PreviousDigest: Nullable(
      Type.String({ description: 'What it was before somebody accepted another one.' }),
    ),
    Problem: Nullable(Type.String({ description: 'Why it has no digest yet.' })),
  },
  { title: 'ImageLock' },
);
export type ImageLock = Static<typeof ImageLock>;

export const ImageLocks = Type.Object({ Items: Type.Array(ImageLock) }, { title: 'ImageLocks' });

/** An image that workers are to have before anybody needs it. */
export const PoolImage = Type.Object(
  {
    FeedId: Optional(Text),
    Image: Type.String({ minLength: 1, description: '`repository:tag`, without the registry of the feed.' }),
    // It becomes a part of addresses, so nothing else may stand there.
    Digest: Optional(Type.String({ default: '', pattern: '^([a-z0-9+._-]+:[0-9a-f]{32,128})?$' })),
  },
  { title: 'PoolImage' },
);
export type PoolImage = Static<typeof PoolImage>;

export const PullImages = Type.Object(
  { Images: Type.Array(PoolImage, { minItems: 1, maxItems: 100 }) },
  { title: 'PullImages' },
);

export const AcceptDigest = Type.Object(
  {
    FeedId: Optional(Text),
    Image: Type.String({ minLength: 1 }),
    AtNextUse: Optional(
      Type.Boolean({
        default: false,
        description:
          'Do not ask now: the next task that uses it fixes what it finds. For registries that only workers reach.',
      }),
    ),
  },
  { title: 'AcceptDigest' },
);
