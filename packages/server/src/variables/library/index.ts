/** Library variable sets: variables that several projects include. */
import type { Feature } from '../../feature.ts';
import { libraryVariableSetRoutes } from './routes.ts';

export const libraryVariableSets: Feature = {
  name: 'library variable sets',
  routes: libraryVariableSetRoutes,
};
