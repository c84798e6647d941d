/**
 * Before the first step: take a worker of every pool and fetch every image that can be named already, so that what is
 * wrong with them shows before anything has been changed. A failure here makes the task fail; steps that run on
 * failure or always still get their turn.
 */
import { imageOf, leaseOf } from './attempts.ts';
import { stepActivity } from './plan-index.ts';
import { PREPARATION_ACTIVITY, ROOT_ACTIVITY, type Turn } from './turn.ts';

export function begin(turn: Turn): void {
  const { plan, state } = turn;
  declare(turn, ROOT_ACTIVITY, '', plan.title, 'task');
  turn.status(ROOT_ACTIVITY, 'Running');
  if (usesImages(turn)) declare(turn, PREPARATION_ACTIVITY, ROOT_ACTIVITY, 'Acquire images', 'preparation');
  for (const step of plan.steps) {
    declare(turn, stepActivity(step), ROOT_ACTIVITY, `Step ${step.number}: ${step.name}`, 'step');
    if (step.actions.length === 1) continue;
    for (const { key, number, action } of step.actions) {
      declare(turn, `action-${key}`, stepActivity(step), `${number} ${action.name}`, 'action');
    }
  }
  if (plan.problems.length > 0) {
    for (const problem of plan.problems) turn.say(ROOT_ACTIVITY, 'Error', problem);
    turn.fail(plan.problems.join(' '));
    state.halted = true;
    state.phase = 'running';
    return;
  }
  state.phase = 'preparing';
  if (usesImages(turn)) turn.status(PREPARATION_ACTIVITY, 'Running');
}

function declare(
  turn: Turn,
  activity: string,
  parent: string,
  name: string,
  activityKind: 'task' | 'preparation' | 'step' | 'action',
): void {
  turn.record({ kind: 'activity', activity, parent, name, activityKind });
}

function usesImages(turn: Turn): boolean {
  return turn.index.located.some(
    ({ planned }) => planned.pool !== undefined && planned.action.container !== undefined,
  );
}

/** Asks for what is missing; moves on when every answer is there. */
export function prepare(turn: Turn): void {
  const { state } = turn;
  const where = usesImages(turn) ? PREPARATION_ACTIVITY : ROOT_ACTIVITY;
  const failures = new Set<string>();
  let waiting = false;
  if (state.cancelRequests.length === 0) {
    for (const located of turn.index.located) {
      const { pool, early } = located.planned;
      if (pool === undefined) continue;
      const lease = leaseOf(turn, pool);
      if (lease.is === 'failed') failures.add(lease.message);
      if (lease.is === 'wait') waiting = true;
      if (lease.is !== 'ready' || early.kind === 'never' || early.actions.length > 0) continue;
      const image = imageOf(turn, located, lease.value, where);
      if (image.is === 'failed') failures.add(image.message);
      if (image.is === 'wait') waiting = true;
    }
  }
  if (waiting) return;

  state.phase = 'running';
  turn.moves += 1;
  for (const message of failures) turn.say(where, 'Error', message);
  if (failures.size > 0) turn.fail([...failures].join(' '));
  if (where === PREPARATION_ACTIVITY) {
    const cancelled = state.cancelRequests.length > 0;
    turn.status(where, failures.size > 0 ? 'Failed' : cancelled ? 'Canceled' : 'Success');
  }
}
