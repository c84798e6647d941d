/**
 * Images: the digest table of a release or a runbook snapshot says which content each of its image references means, so
 * that what was tried in one environment is what runs in the next. `lockKnownImages` fills it when they are made.
 */
export { lockKnownImages } from './fill.ts';
export type { FrozenProcess } from './frozen.ts';
