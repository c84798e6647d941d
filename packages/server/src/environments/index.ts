/** Environments: where releases are deployed to. */
import type { Feature } from '../feature.ts';
import { environmentRoutes } from './routes.ts';

export const environments: Feature = { name: 'environments', routes: environmentRoutes };
