/** Projects: what is deployed. Each has a process, variables, channels, settings, runbooks and releases. */
import type { Feature } from '../feature.ts';
import { channelRoutes } from './channels/routes.ts';
import { projectRoutes } from './routes.ts';
import { settingsRoutes } from './settings/routes.ts';

export const projects: Feature = {
  name: 'projects',
  routes: (routes, services) => {
    projectRoutes(routes, services);
    settingsRoutes(routes, services);
    channelRoutes(routes, services);
  },
};
