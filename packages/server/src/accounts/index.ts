/** Accounts: who the server is on other machines, such as workers behind SSH. */
import type { Feature } from '../feature.ts';
import { accountRoutes } from './routes.ts';

export { accountsIn, type SshLogin, sshLogin } from './queries.ts';
export const accounts: Feature = { name: 'accounts', routes: accountRoutes };
