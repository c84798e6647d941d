/** Workers: the machines that run steps; the pools that steps ask for; the policies of machines; their health. */
import type { Feature } from '../services.ts';
import { discoverRoutes } from './discover.routes.ts';
import { seedPolicy } from './policies/queries.ts';
import { machinePolicyRoutes } from './policies/routes.ts';
import { seedPool } from './pools/queries.ts';
import { workerPoolRoutes } from './pools/routes.ts';
import { workerRoutes } from './routes.ts';

export { healthTask } from './health.ts';
export const workers: Feature = {
  name: 'workers',
  routes: (routes, services) => {
    discoverRoutes(routes);
    workerRoutes(routes, services);
    workerPoolRoutes(routes, services);
    machinePolicyRoutes(routes, services);
  },
  seedSpace: async (space, services) => {
    await seedPool(space, services.database);
    await seedPolicy(space, services.database);
  },
};
