/**
 * Images: the digest table of a release or a runbook snapshot says which content each of its image references means, so
 * that what was tried in one environment is what runs in the next. `lockKnownImages` fills it when they are made; the
 * first task that uses another reference fixes it (`connections/images.ts`).
 */
import type { Feature } from '../feature.ts';
import { imageRoutes } from './routes.ts';

export { basesOf } from './bases.ts';
export { explainFailure, ImageDigestGone } from './explain.ts';
export { lockKnownImages } from './fill.ts';
export { fixAtFirstUse } from './first-use.ts';
export { type FrozenProcess, poolImagesOf } from './frozen.ts';
export { ImageLocks, keyOf } from './locks.ts';
export { ownerOf } from './owner.ts';

export const images: Feature = { name: 'images', routes: imageRoutes };
