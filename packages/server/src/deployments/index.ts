/** Deployments: a release on its way to an environment. */
import type { Feature } from '../feature.ts';
import { executionRoutes } from './executions.routes.ts';
import { deploymentRoutes } from './routes.ts';

export { deploymentTask } from './run.ts';
export const deployments: Feature = {
  name: 'deployments',
  routes: (routes, services) => {
    deploymentRoutes(routes, services);
    executionRoutes(routes, services);
  },
};
