/** Runbook runs: a snapshot of a runbook, run for an environment. */
import type { Feature } from '../../feature.ts';
import { runbookRunRoutes } from './routes.ts';

export { runbookRunTask } from './run.ts';
export const runbookRuns: Feature = { name: 'runbookRuns', routes: runbookRunRoutes };
