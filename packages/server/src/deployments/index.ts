/** Deployments: a release on its way to an environment. */
import { WritableDeployment } from '@argonaut/contracts/rest';
import type { Feature } from '../feature.ts';
import { withDefaults } from '../http/index.ts';
import { enterNextPhases, provideDeployer } from '../releases/automatic.ts';
import type { Services } from '../services.ts';
import { whenSucceeded } from '../tasks/succeeded.ts';
import { createDeployment } from './create.ts';
import { executionRoutes } from './executions.routes.ts';
import { deploymentsIn } from './queries.ts';
import { deploymentRoutes } from './routes.ts';

export { deploymentTask } from './run.ts';
export const deployments: Feature = {
  name: 'deployments',
  routes: (routes, services) => {
    deploymentRoutes(routes, services);
    executionRoutes(routes, services);
    deployByItself(services);
  },
};

/** Phases with automatic environments: the server deploys to them, and goes on from phase to phase. */
function deployByItself(services: Services): void {
  provideDeployer(services, ({ id: ReleaseId, spaceId }, EnvironmentId) => {
    const wish = withDefaults(WritableDeployment, { ReleaseId, EnvironmentId });
    return createDeployment(services, spaceId, undefined, wish);
  });
  whenSucceeded(services, 'Deploy', async ({ document, spaceId }) => {
    const id = String(document.Arguments.DeploymentId);
    const deployment = await deploymentsIn(services.database).find(id, spaceId);
    if (deployment !== undefined) await enterNextPhases(services, deployment.document.ReleaseId, id);
  });
}
