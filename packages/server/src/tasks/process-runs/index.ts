/** What deployments and runbook runs have in common: both run a process for an environment, as a task. */
export { personOf, whereContext } from './context.ts';
export { environmentNamed, refuseTenants } from './options.ts';
export { addRunRoutes } from './routes.ts';
export { type ProcessRun, type Runnable, startRun } from './run.ts';
export { processRunTask } from './task.ts';
