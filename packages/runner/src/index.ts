/** Runs attempts on one worker, and can pick them up again. */
export type { RemovedAttempt } from './attempts/disposal.ts';
export { type CrashPoint, crashPoint, crashPoints, crashPointsNamed } from './crash-point.ts';
export { openFileJournal } from './journal/index.ts';
export { orAborted } from './or-aborted.ts';
export { createRunner, type Runner } from './runner.ts';
export type { RunnerOptions } from './runner-options.ts';
