/** The built-in feed's packages, and what builds tell about them. */
import type { Feature } from '../feature.ts';
import { buildInformationRoutes } from './buildinformation.routes.ts';
import { packageRoutes } from './routes.ts';

export { type Package, packageNamed, packageVersion } from './queries.ts';

export const packages: Feature = {
  name: 'packages',
  routes: (routes, services) => {
    packageRoutes(routes, services);
    buildInformationRoutes(routes, services);
  },
};
