/**
 * Staging before the turn. It begins when the first gate of a lane has opened, so that the first line is not delayed,
 * and covers the next containers of the lane, each only if nothing that is still to come can change what it needs.
 */

import type { AcquiredImage } from '@argonaut/contracts/attempt';
import { isStopped } from './actions.ts';
import { imageKey, stage } from './attempts.ts';
import { knownPackages } from './packages.ts';
import type { Located } from './plan-index.ts';
import { containersOf, imageName, stepImages } from './staging.ts';
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
  const acquired: AcquiredImage[] = [];
  for (const container of containersOf(planned.action)) {
    const name = imageName(container, turn.evaluator(located));
    if ('error' in name) return;
    const known = turn.state.images[imageKey(planned.pool, name.value)];
    if (known?.status !== 'present' || known.generation !== generation || known.acquired === undefined)
      return;
    acquired.push(known.acquired);
  }
  const images = stepImages(planned.action, acquired);
  const packages = knownPackages(turn, located, generation);
  if (packages === undefined) return;
  // A template that fails here fails again at its turn, and is reported then.
  if (stage(turn, located, lease, { images, packages }, true) !== undefined) action.mayStageAhead = false;
}
