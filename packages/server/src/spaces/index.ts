/** Spaces: separate worlds on one server. */
import type { Feature } from '../feature.ts';
import { type SeedSpace, spaceRoutes } from './routes.ts';

/** `seed` knows all folders, so the application passes it in. */
export function spaces(seed: SeedSpace): Feature {
  return { name: 'spaces', routes: (routes, services) => spaceRoutes(routes, services, seed) };
}
