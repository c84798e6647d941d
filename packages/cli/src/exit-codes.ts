/** Exit codes of `argonaut run` and `argonaut follow`. They never change their meaning; the README lists them. */
import type { TaskState } from '@argonaut/orchestrator';
import type { Completion } from '@argonaut/server/execution';

export const exitCodes = {
  success: 0,
  /** Something unexpected; a defect of Argonaut or of the machine. */
  error: 1,
  /** Wrong arguments, or a process file with mistakes. */
  usage: 2,
  /** No such file or run. */
  notFound: 3,
  /** The run is in the hands of another process. */
  conflict: 5,
  /** A step's program failed. */
  scriptFailed: 10,
  /** The engine, an image or the machine failed, not a program. */
  infrastructureFailed: 11,
  cancelled: 12,
  /** Nobody can tell how a step ended. */
  unknown: 14,
  /** Interrupted twice: what runs goes on, and the run can be resumed. */
  detached: 130,
  /** Nobody reads what is followed any more (`| head`): as shells name an end by SIGPIPE. */
  unread: 141,
} as const;

export function exitCodeOf({ result, unknown }: Completion, state: TaskState): number {
  if (result === 'Success') return exitCodes.success;
  if (result === 'Canceled') return exitCodes.cancelled;
  if (unknown) return exitCodes.unknown;
  // Of an action that was tried again, the last attempt says why it failed.
  const last = new Map(Object.values(state.attempts).map((attempt) => [attempt.action, attempt]));
  const byScript = [...last.values()].some(({ action, outcome }) => {
    if (state.actions[action]?.result !== 'Failed' || outcome === undefined) return false;
    return outcome.result !== 'NotStarted' && !outcome.infrastructure;
  });
  return byScript ? exitCodes.scriptFailed : exitCodes.infrastructureFailed;
}
