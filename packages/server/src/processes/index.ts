/**
 * Processes: the ordered steps of a project or a runbook. They are stored as Octopus's clients write them; `typed.ts`
 * reads them into what the orchestrator runs.
 */
import type { Feature } from '../feature.ts';
import { processRoutes } from './routes.ts';

export const processes: Feature = { name: 'processes', routes: processRoutes };
