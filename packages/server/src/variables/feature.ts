/** Variables as a folder of the server. Apart from `index.ts`, which projects read while this reads projects. */
import type { Feature } from '../feature.ts';
import { variableRoutes } from './routes.ts';

export const variables: Feature = { name: 'variables', routes: variableRoutes };
