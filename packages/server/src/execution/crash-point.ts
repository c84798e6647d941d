/** Named places in the shell around the orchestrator at which tests kill this process. */
import { crashPointsNamed } from '@argonaut/runner';

export const executionCrashPoints = [
  'execution.before-commit',
  'execution.after-commit',
  'execution.before-order',
  'execution.after-order',
] as const;

export const crashPoint = crashPointsNamed(executionCrashPoints);
