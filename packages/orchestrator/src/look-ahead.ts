/**
 * Staging before the turn. It begins when the first gate of a lane has opened, so that the first line is not delayed,
 * and covers the next containers of the lane, each only if nothing that is still to come can change what it needs.
 */

import { isStopped } from './actions.ts';
import { imageKey, stage } from './attempts.ts';
import type { Located } from './plan-index.ts';
import { imageName } from './staging.ts';
import type { Turn } from './turn.ts';

export function lookAhead(turn: Turn): void {
  const barrier = firstQuestion(turn);
  for (const [laneId, sequence] of turn.index.byLane) {
    const lane = turn.lane(laneId);
    if (!lane.flowing) continue;
    const next = sequence
      .filter(({ planned }) => planned.skip === undefined && turn.action(planned.key).phase === 'pending')
      .slice(0, turn.plan.lookAhead);
    for (const located of next) {
      if (located.step.group <= barrier) stageAhead(turn, located, lane.generation);
    }
  }
}

/** The group of the first manual intervention that is still to be answered: nobody waits at a gate for days. */
function firstQuestion(turn: Turn): number {
  const question = turn.index.located.find(
    ({ planned }) =>
      planned.action.run.kind === 'Manual' &&
      planned.skip === undefined &&
      turn.action(planned.key).phase !== 'done',
  );
  return question?.step.group ?? Number.POSITIVE_INFINITY;
}

function stageAhead(turn: Turn, located: Located, generation: number): void {
  const { planned, step } = located;
  const action = turn.action(planned.key);
  if (action.attempt !== undefined || !action.mayStageAhead) return;
  if (isStopped(turn, step) || planned.pool === undefined || planned.early.kind === 'never') return;
  if (step.condition.kind === 'Failure' && !turn.state.failing) return;
  if (step.condition.kind === 'Success' && turn.state.failing) return;
  if (!planned.early.actions.every((key) => turn.action(key).phase === 'done')) return;

  const lease = turn.state.leases[planned.pool];
  if (lease?.status !== 'held' || lease.generation !== generation) return;
  const name = imageName(planned.action, turn.evaluator(located));
  let image: Parameters<typeof stage>[3];
  if (name !== undefined) {
    if ('error' in name) return;
    const known = turn.state.images[imageKey(planned.pool, name.value)];
    if (known?.status !== 'present' || known.generation !== generation) return;
    image = known.acquired;
  }
  // A template that fails here fails again at its turn, and is reported then.
  if (stage(turn, located, lease, image, true) !== undefined) action.mayStageAhead = false;
}
