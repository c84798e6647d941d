/** Named places in the shell at which tests kill this process. Same switches as the runner's crash points. */
import { appendFileSync } from 'node:fs';

export const executionCrashPoints = [
  'execution.before-commit',
  'execution.after-commit',
  'execution.before-order',
  'execution.after-order',
] as const;

export type ExecutionCrashPoint = (typeof executionCrashPoints)[number];

const [target, count] = (process.env.ARGONAUT_CRASH_AT ?? '').split(':');
const log = process.env.ARGONAUT_CRASH_LOG;
let passed = 0;

function pass(name: ExecutionCrashPoint): void {
  if (log) appendFileSync(log, `${name}\n`);
  if (name !== target) return;
  passed += 1;
  if (passed === Number(count || 1)) process.kill(process.pid, 'SIGKILL');
}

export const crashPoint: (name: ExecutionCrashPoint) => void = target || log ? pass : () => {};
