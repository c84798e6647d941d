/** What belongs to the server as a whole: root documents, status, health, the description of the API. */
import type { Feature } from '../feature.ts';
import { descriptionRoutes } from './description.ts';
import { healthRoutes } from './health.ts';
import { systemRoutes } from './routes.ts';

export const system: Feature = {
  name: 'system',
  routes: (routes, services) => {
    systemRoutes(routes, services);
    healthRoutes(routes, services);
    descriptionRoutes(routes);
  },
};
