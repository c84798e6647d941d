/**
 * Why a step begins to be prepared only now that its turn has come. It is slower than its neighbours, and whoever reads its
 * log is to know what he could change.
 */
import type { Located } from './plan-index.ts';
import type { LeaseState } from './state.ts';
import type { Turn } from './turn.ts';

/** Undefined: nothing could have been done earlier, or the log has said why already. */
export function whyNotAhead(turn: Turn, located: Located, lease: LeaseState): string | undefined {
  const { planned, step } = located;
  const action = turn.action(planned.key);
  const before = stepBefore(turn, located);
  if (before === undefined || planned.lane === undefined) return undefined;
  if (action.attempts > 0 || !action.mayStageAhead) return undefined;
  const { early } = planned;
  if (early.kind === 'never') return early.reason;
  if (early.actions.length > 0) {
    const names = [...new Set(early.actions.map((key) => `"${turn.locate(key).planned.action.name}"`))];
    return `what its container is made from depends on the output of ${names.join(' and ')}`;
  }
  if (step.condition.kind === 'Failure') return 'it runs only after a failure';
  if (before.planned.action.run.kind === 'Manual') return 'a person had to answer before it';
  const lane = turn.lane(planned.lane);
  const isElsewhere = lane.flowing
    ? lane.generation !== lease.generation
    : before.planned.pool !== undefined && before.planned.pool !== planned.pool;
  return isElsewhere ? 'it runs on another worker than the step before' : undefined;
}

/** What ran before it; nothing for one that starts beside another, which has nothing to wait for. */
function stepBefore(turn: Turn, { planned, step }: Located): Located | undefined {
  const { located } = turn.index;
  const at = located.findIndex((one) => one.planned.key === planned.key);
  const before = located.slice(0, at).findLast((one) => one.planned.skip === undefined);
  return before?.step.group === step.group && before.step.number !== step.number ? undefined : before;
}
