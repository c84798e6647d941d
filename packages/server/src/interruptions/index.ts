/** Interruptions: a task asks a person (manual intervention, guided failure) and waits without a limit. */
import type { Feature } from '../feature.ts';
import { interruptionRoutes } from './routes.ts';

export const interruptions: Feature = { name: 'interruptions', routes: interruptionRoutes };
