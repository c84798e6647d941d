/**
 * Releases: a project's process, variables and package versions, frozen under a version. `loadRelease` gives what a
 * deployment runs, `checkProgression` whether it may, `provideHistory` is how deployments tell where a release has been.
 */
import type { Feature } from '../feature.ts';
import { creationRoutes } from './create.routes.ts';
import { defectRoutes } from './defects/routes.ts';
import { hangOnOwners } from './removal.ts';
import { releaseRoutes } from './routes.ts';

export const releases: Feature = {
  name: 'releases',
  routes: (routes, services) => {
    hangOnOwners(services);
    creationRoutes(routes, services);
    releaseRoutes(routes, services);
    defectRoutes(routes, services);
  },
};
