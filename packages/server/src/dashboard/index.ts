/** What is deployed where. It keeps nothing of its own: it reads projects, releases, deployments and their tasks. */
import type { Feature } from '../feature.ts';
import { dashboardRoutes } from './routes.ts';

export const dashboard: Feature = { name: 'dashboard', routes: dashboardRoutes };
