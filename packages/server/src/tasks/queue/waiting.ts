/** Does a task only wait for a person? Then it gives its place among the running ones to another. */
import { isHeld, type TaskState } from '@argonaut/orchestrator';

const AT_WORK: ReadonlySet<string> = new Set([
  'staging',
  'opening',
  'open',
  'ended',
  'finishing',
  'discarding',
]);

export function waitsForPeople(state: TaskState): boolean {
  const asks = Object.values(state.actions).some(({ phase }) => phase === 'asking');
  return (
    asks && !Object.values(state.attempts).some((attempt) => AT_WORK.has(attempt.phase) && !isHeld(attempt))
  );
}
