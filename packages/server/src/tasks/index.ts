/** Tasks: the queue, what runs now, what ran, and its log. */
import type { Feature } from '../feature.ts';
import { taskLogRoutes } from './log.routes.ts';
import { taskRoutes } from './routes.ts';
import { terminalRoutes } from './terminal/routes.ts';

export { cancelTask } from './cancel.ts';
export type { LoadedRun, RunInput, ServerWork, TaskKind } from './kinds.ts';
export { TaskNews } from './news.ts';
export { type NewTask, startTask } from './start.ts';
export const tasks: Feature = {
  name: 'tasks',
  routes: (routes, services) => {
    taskRoutes(routes, services);
    taskLogRoutes(routes, services);
    terminalRoutes(routes, services);
  },
};
