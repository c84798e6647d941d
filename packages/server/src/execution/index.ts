/**
 * The shell around the orchestrator: it stores state and orders in one transaction, carries the orders out on workers,
 * brings logs, outputs and artifacts home, and finds its place again after a crash. No database and no HTTP here.
 */
export { makeDataDirectory } from '../data-directory.ts';
export { maskingWarning } from '../variables/maskable.ts';
export { serverLine } from './change.ts';
export { crashPoint, executionCrashPoints, holdCrashPoints } from './crash-point.ts';
export type { Entry } from './execution-side.ts';
export { FileRunStore } from './file-store.ts';
export { MemoryRunStore } from './memory-store.ts';
export { isFenced } from './patience.ts';
export type * from './ports.ts';
export { changedRun, type KeptRun, newRun } from './stored-run.ts';
export { type Completion, TaskExecution } from './task-execution.ts';
export { outputName, TaskScope } from './task-scope.ts';
