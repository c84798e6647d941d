/** What a cancel request does, and what a second one adds. */
import { acquireId, cancelAttempt, letGo } from './attempts.ts';
import { acquirePackageId } from './packages.ts';
import { isHeld, isOpen } from './state.ts';
import type { Turn } from './turn.ts';
import { ROOT_ACTIVITY } from './turn.ts';
import { dropAttempt, dropStaged, finishAction, interruptionOf, judge } from './verdicts.ts';

export const BUDGET_TIMER = 'budget-after-cancel';

/** Ends what runs now. Steps that always run come afterwards, within their budget. */
export function cancelTask(turn: Turn, by: string | undefined): void {
  turn.say(
    ROOT_ACTIVITY,
    'Warning',
    by === undefined ? 'The task is cancelled.' : `The task is cancelled by ${by}.`,
  );
  stopWork(turn, false);
  const left = turn.plan.steps.some(
    (step) => step.condition.kind === 'Always' && turn.step(step.number).phase === 'pending',
  );
  if (left) {
    turn.say(ROOT_ACTIVITY, 'Info', `Steps that always run follow, and have ${budgetOf(turn)} together.`);
    turn.record({ kind: 'timer', timer: BUDGET_TIMER, delayMs: turn.plan.budgetAfterCancelMs });
  }
}

/** How long steps that run after a cancel may take, for people. */
export function budgetOf({ plan }: Turn): string {
  const minutes = Math.round(plan.budgetAfterCancelMs / 600) / 100;
  return `${minutes} minute${minutes === 1 ? '' : 's'}`;
}

/** Ends everything at once; nothing is opened from here on. */
export function haltTask(turn: Turn, reason: string): void {
  if (turn.state.halted) return;
  turn.state.halted = true;
  turn.say(ROOT_ACTIVITY, 'Warning', reason);
  stopWork(turn, true);
}

function stopWork(turn: Turn, force: boolean): void {
  dropStaged(turn);
  for (const [key, action] of Object.entries(turn.state.actions)) {
    if (action.phase === 'asking') {
      turn.record({ kind: 'withdraw', interruption: interruptionOf(key, action.questions) });
    }
    if (action.phase === 'pending' || action.phase === 'done') continue;
    const attempt = turn.currentAttempt(key);
    if (action.phase === 'active' && attempt !== undefined && isOpen(attempt)) {
      if (!attempt.cancelSent || force) cancelAttempt(turn, attempt, force && attempt.cancelSent);
      continue;
    }
    if (action.phase === 'active' && attempt?.phase === 'ended' && attempt.outcome !== undefined) {
      // It failed just now, and nobody knows yet whether it is held; it will not be.
      attempt.cancelSent = true;
      judge(turn, attempt, attempt.outcome);
      continue;
    }
    dropAttempt(turn, key);
    finishAction(turn, key, 'Canceled', 'The task was cancelled.');
  }
  for (const attempt of Object.values(turn.state.attempts)) if (isHeld(attempt)) letGo(turn, attempt);
  abandonOrders(turn);
}

/** Nobody waits for workers and images any more; a step that always runs asks anew. */
function abandonOrders(turn: Turn): void {
  for (const [key, image] of Object.entries(turn.state.images)) {
    if (image.status !== 'acquiring') continue;
    image.status = 'stale';
    const order = acquireId(key, image.acquisition);
    turn.order({ id: `abandon:${order}`, kind: 'abandon', order });
  }
  for (const [key, one] of Object.entries(turn.state.packages ?? {})) {
    if (one.status !== 'acquiring') continue;
    one.status = 'stale';
    const order = acquirePackageId(key, one.acquisition);
    turn.order({ id: `abandon:${order}`, kind: 'abandon', order });
  }
  for (const lease of Object.values(turn.state.leases)) {
    if (lease.status !== 'leasing') continue;
    lease.status = 'released';
    const { pool, generation } = lease;
    const order = `lease:${pool}:${generation}`;
    turn.order({ id: `abandon:${order}`, kind: 'abandon', order });
    turn.order({ id: `release:${pool}:${generation}`, kind: 'release-lease', pool, generation });
  }
}
