/** `/deployments/create/…/v1`: how CI clients deploy, by names and to several environments at once. */
import { Invalid } from '@argonaut/contracts';
import {
  CreateDeploymentsTenanted,
  CreateDeploymentsUntenanted,
  CreatedDeployments,
  WritableDeployment,
} from '@argonaut/contracts/rest';
import { created, type RouteTable, withDefaults } from '../http/index.ts';
import { projectNamed } from '../projects/queries.ts';
import { refreshVariables } from '../releases/create.ts';
import { lockReleaseImages } from '../releases/images.ts';
import { releaseOf } from '../releases/queries.ts';
import type { Services } from '../services.ts';
import { environmentNamed } from '../tasks/process-runs/index.ts';
import { createDeployment } from './create.ts';

export function executionRoutes(routes: RouteTable, services: Services): void {
  const { database } = services;

  routes.add({
    method: 'POST',
    path: '/deployments/create/untenanted/v1',
    scope: 'space',
    permission: 'DeploymentCreate',
    // Each task that it queues is an event.
    audited: false,
    summary: 'Deploys a release to one or more environments: all of them are queued, or none',
    body: CreateDeploymentsUntenanted,
    response: CreatedDeployments,
    idempotent: true,
    handle: async ({ body, space, user }) => {
      const project = await projectNamed(database, space, body.ProjectName);
      let release = await releaseOf(database, space, project, body.ReleaseVersion);
      if (body.UpdateVariableSnapshot === true) {
        const refreshed = await refreshVariables(services, release, project);
        // Nobody waits for registries: what the deployment comes to first it fixes itself.
        database.afterCommit(() => void lockReleaseImages(services, refreshed));
        release = refreshed;
      }
      const environments = new Map<string, string>();
      for (const name of body.EnvironmentNames) {
        const { id, document } = await environmentNamed(database, space, name);
        environments.set(id, document.Name);
      }
      const DeploymentServerTasks = [];
      for (const EnvironmentId of environments.keys()) {
        const wish = withDefaults(WritableDeployment, {
          ReleaseId: release.id,
          EnvironmentId,
          ForcePackageDownload: body.ForcePackageDownload ?? false,
          ForcePackageRedeployment: body.ForcePackageRedeployment ?? false,
          UseGuidedFailure: body.UseGuidedFailure ?? null,
          Priority: body.Priority ?? '',
          SpecificMachineIds: body.SpecificMachineNames ?? [],
          ExcludedMachineIds: body.ExcludedMachineNames ?? [],
          FormValues: body.Variables ?? {},
          QueueTime: body.RunAt ?? null,
          QueueTimeExpiry: body.NoRunAfter ?? null,
        });
        const stored = await createDeployment(services, space, user, wish, body.SkipStepNames ?? []);
        DeploymentServerTasks.push({ DeploymentId: stored.id, ServerTaskId: stored.document.TaskId });
      }
      return created({ DeploymentServerTasks });
    },
  });
  routes.add({
    method: 'POST',
    path: '/deployments/create/tenanted/v1',
    scope: 'space',
    permission: 'DeploymentCreate',
    // Each task that it queues is an event.
    audited: false,
    summary: 'Deployments for tenants: this server has none yet',
    body: CreateDeploymentsTenanted,
    response: CreatedDeployments,
    handle: async ({ body }) => {
      const named = [...(body.Tenants ?? []), ...(body.TenantTags ?? [])];
      throw new Invalid(
        `This server has no tenants yet, so "${body.ProjectName}" ${body.ReleaseVersion} cannot be deployed for ${named.join(', ') || 'any'}. Deploy it without a tenant instead.`,
      );
    },
  });
}
