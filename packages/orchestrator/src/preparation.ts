/**
 * Before the first step: take a worker of every pool and fetch every image and package that can be named already, so that what is
 * wrong with them shows before anything has been changed. A failure here makes the task fail; steps that run on
 * failure or always still get their turn.
 */
import { imagesOf, leaseOf } from './attempts.ts';
import { acquiredPackages, packagesOf } from './packages.ts';
import { stepActivity } from './plan-index.ts';
import { containersOf } from './staging.ts';
import { PREPARATION_ACTIVITY, ROOT_ACTIVITY, type Turn } from './turn.ts';

export function begin(turn: Turn): void {
  const { plan, state } = turn;
  declare(turn, ROOT_ACTIVITY, '', plan.title, 'task');
  turn.status(ROOT_ACTIVITY, 'Running');
  const supplies = suppliesOf(turn);
  if (supplies !== undefined) declare(turn, PREPARATION_ACTIVITY, ROOT_ACTIVITY, supplies, 'preparation');
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
  if (supplies !== undefined) turn.status(PREPARATION_ACTIVITY, 'Running');
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

/** What the preparation is called; undefined: there is nothing to be brought. */
function suppliesOf(turn: Turn): string | undefined {
  const running = turn.index.located.filter(({ planned }) => planned.pool !== undefined);
  const images = running.some(({ planned }) => containersOf(planned.action).length > 0);
  const packages = running.some(({ planned }) => acquiredPackages(planned.action).length > 0);
  if (packages) return images ? 'Acquire images and packages' : 'Acquire packages';
  return images ? 'Acquire images' : undefined;
}

/** Asks for what is missing; moves on when every answer is there. */
export function prepare(turn: Turn): void {
  const { state } = turn;
  const where = suppliesOf(turn) === undefined ? ROOT_ACTIVITY : PREPARATION_ACTIVITY;
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
      const images = imagesOf(turn, located, lease.value, where);
      if (images.is === 'failed') failures.add(images.message);
      if (images.is === 'wait') waiting = true;
      const packages = packagesOf(turn, located, lease.value, where);
      if (packages.is === 'failed') failures.add(packages.message);
      if (packages.is === 'wait') waiting = true;
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
