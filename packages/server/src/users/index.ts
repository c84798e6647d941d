/** Users, their API keys and teams: who may come in. */
import type { Feature } from '../feature.ts';
import { apiKeyRoutes } from './keys.routes.ts';
import { loginRoutes } from './login.routes.ts';
import { userRoutes } from './routes.ts';
import { teamRoutes } from './teams.routes.ts';

export { principalFor } from './authentication.ts';
export { type FirstAdministrator, makeFirstAdministrator } from './first.ts';
export { csrfTokenOf } from './sessions.ts';

export const users: Feature = {
  name: 'users',
  routes: (routes, services) => {
    userRoutes(routes, services);
    loginRoutes(routes, services);
    apiKeyRoutes(routes, services);
    teamRoutes(routes, services);
  },
};
