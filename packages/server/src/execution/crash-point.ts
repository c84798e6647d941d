/** Named places in the shell around the orchestrator at which tests kill this process. */
import { crashPointsNamed } from '@argonaut/runner';
import type { Entry } from './execution-side.ts';
import type { RunChange } from './ports.ts';

/** Passed by every task. */
export const executionCrashPoints = [
  'execution.before-commit',
  'execution.after-commit',
  'execution.before-order',
  'execution.after-order',
] as const;

/** The edges of a hold on failure: it begins, a person answers, the task takes the answer or the time is over, it is let go. */
export const holdCrashPoints = [
  'hold.before-taking',
  'hold.after-taking',
  'hold.before-answer',
  'hold.after-answer',
  'hold.before-decision',
  'hold.after-decision',
  'hold.before-expiry',
  'hold.after-expiry',
  'hold.before-release',
  'hold.after-release',
] as const;

export const crashPoint = crashPointsNamed([...executionCrashPoints, ...holdCrashPoints]);

/** Which edge of a hold a transaction is, if it is one. */
export function holdEdge(
  { questions, withdrawn }: RunChange,
  entries: readonly Entry[],
): 'taking' | 'decision' | 'expiry' | undefined {
  if (questions.some(({ hold }) => hold !== undefined)) return 'taking';
  if (withdrawn.some(({ expired }) => expired === true)) return 'expiry';
  const answers = entries.some(({ events }) => events?.some(({ type }) => type === 'interruption-answered'));
  return answers ? 'decision' : undefined;
}
