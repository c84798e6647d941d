/** Artifacts: files that tasks leave behind. */
import type { Feature } from '../feature.ts';
import { artifactRoutes } from './routes.ts';

export { artifactStore } from './collect.ts';
export const artifacts: Feature = { name: 'artifacts', routes: artifactRoutes };
