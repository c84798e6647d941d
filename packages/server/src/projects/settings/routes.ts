/** `/projects/{P}/deploymentsettings`: the same data as the project's own fields, under its newer names. */
import { DeploymentSettingsResource, WritableDeploymentSettings } from '@argonaut/contracts/rest';
import type { RouteTable } from '../../http/index.ts';
import type { Services } from '../../services.ts';
import { projectOf, projectsIn } from '../queries.ts';
import { present, withSettings } from './codec.ts';

export function settingsRoutes(routes: RouteTable, { database }: Services): void {
  const path = '/projects/:project/deploymentsettings';
  routes.add({
    method: 'GET',
    path,
    scope: 'space',
    permission: 'ProjectView',
    summary: 'How a project is deployed',
    response: DeploymentSettingsResource,
    handle: async ({ params, space }) => present(await projectOf(database, space, params.project)),
  });
  routes.add({
    method: 'PUT',
    path,
    scope: 'space',
    permission: 'ProjectEdit',
    summary: 'Changes how a project is deployed',
    body: WritableDeploymentSettings,
    response: DeploymentSettingsResource,
    handle: async ({ params, body, space }) => {
      const stored = await projectOf(database, space, params.project);
      return present(await projectsIn(database).update(stored, withSettings(stored.document, body)));
    },
  });
}
