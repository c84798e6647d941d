/** Workers: the machines that run steps; the pools that steps ask for; the policies of machines; their health. */
import type { Feature } from '../feature.ts';
import { discoverRoutes } from './discover.routes.ts';
import { pullImagesRoutes } from './images/routes.ts';
import { seedPolicy } from './policies/queries.ts';
import { machinePolicyRoutes } from './policies/routes.ts';
import { poolPolicyRoutes } from './pools/policy/routes.ts';
import { seedPool } from './pools/queries.ts';
import { workerPoolRoutes } from './pools/routes.ts';
import { workerRoutes } from './routes.ts';

export { healthTask } from './health.ts';
export { ImageCleaner } from './images/cleaner.ts';
export { pullImagesTask } from './images/pull-task.ts';
export const workers: Feature = {
  name: 'workers',
  routes: (routes, services) => {
    discoverRoutes(routes);
    workerRoutes(routes, services);
    workerPoolRoutes(routes, services);
    poolPolicyRoutes(routes, services);
    machinePolicyRoutes(routes, services);
    pullImagesRoutes(routes, services);
  },
  seedSpace: async (space, services) => {
    await seedPool(space, services.database);
    await seedPolicy(space, services.database);
  },
};
