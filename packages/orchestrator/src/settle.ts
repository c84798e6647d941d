/** Brings a state to rest: everything that can be begun is begun, everything that is over is put away. */

import { drive, isStopped } from './actions.ts';
import { discardUnwanted } from './attempts.ts';
import { type Decision, decideVariable } from './conditions.ts';
import { lookAhead } from './look-ahead.ts';
import { stepActivity } from './plan-index.ts';
import type { PlannedStep } from './plan-types.ts';
import { prepare } from './preparation.ts';
import { type ActionResult, isClosed } from './state.ts';
import { ROOT_ACTIVITY, type Turn } from './turn.ts';
import { dropAttempt } from './verdicts.ts';

/** Far above what any process needs; reached only by a scheduler that contradicts itself. */
const MAX_ROUNDS = 100_000;

export function settle(turn: Turn): void {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const before = turn.moves;
    if (turn.state.phase === 'preparing') prepare(turn);
    if (turn.state.phase === 'running') {
      const over = runSteps(turn);
      lookAhead(turn);
      discardUnwanted(turn);
      endLanes(turn);
      if (over) complete(turn);
    }
    if (turn.moves === before) return;
  }
  throw new Error('The scheduler did not come to rest.');
}

/** True when every step is over. */
function runSteps(turn: Turn): boolean {
  for (const group of turn.index.groups) {
    for (const step of group) {
      if (turn.step(step.number).phase === 'pending') decideStep(turn, step);
    }
    for (const step of group) {
      if (turn.step(step.number).phase === 'running') runStep(turn, step);
    }
    if (group.some((step) => turn.step(step.number).phase !== 'done')) return false;
  }
  return true;
}

/** Conditions are looked at once, when the step's turn has come. */
function decideStep(turn: Turn, step: PlannedStep): void {
  const state = turn.step(step.number);
  const stopped = isStopped(turn, step);
  const planned = step.actions.filter((action) => action.skip === undefined);
  if (!stopped && planned.length > 0) {
    const decision = decide(turn, step);
    if (decision.run) {
      turn.status(stepActivity(step), 'Running');
    } else {
      turn.say(stepActivity(step), decision.warning ? 'Warning' : 'Info', decision.reason);
      for (const { key } of step.actions) {
        dropAttempt(turn, key);
        const action = turn.action(key);
        action.phase = 'done';
        action.result = 'Skipped';
        action.message = decision.reason;
        if (step.actions.length > 1) turn.status(`action-${key}`, 'Skipped');
      }
      finishStep(turn, step, 'Skipped');
      turn.status(stepActivity(step), 'Skipped');
      return;
    }
  }
  state.phase = 'running';
  turn.moves += 1;
}

function decide(turn: Turn, step: PlannedStep): Decision {
  const title = `Step "${step.name}"`;
  const { failing } = turn.state;
  const { condition } = step;
  if (condition.kind === 'Always') return { run: true };
  if (condition.kind === 'Success') {
    const reason = `${title} is skipped: it runs only after success, and something has failed before it.`;
    return failing ? { run: false, reason, warning: false } : { run: true };
  }
  if (condition.kind === 'Failure') {
    const reason = `${title} is skipped: it runs only after a failure, and nothing has failed.`;
    return failing ? { run: true } : { run: false, reason, warning: false };
  }
  const [first] = step.actions;
  if (first === undefined) return { run: true };
  return decideVariable(title, condition.expression, turn.evaluator(turn.locate(first.key)));
}

function runStep(turn: Turn, step: PlannedStep): void {
  for (const { key } of step.actions) {
    if (turn.action(key).phase !== 'done') drive(turn, turn.locate(key));
    if (turn.action(key).phase !== 'done') return;
  }
  const results = step.actions.map(({ key }) => turn.action(key).result);
  const result: ActionResult = results.includes('Failed')
    ? 'Failed'
    : results.includes('Canceled')
      ? 'Canceled'
      : results.every((one) => one === 'Skipped')
        ? 'Skipped'
        : 'Success';
  finishStep(turn, step, result);
  // A step's only action is shown by the step's own activity, and has said how it ended.
  if (step.actions.length !== 1) turn.status(stepActivity(step), result);
}

function finishStep(turn: Turn, step: PlannedStep, result: ActionResult): void {
  const state = turn.step(step.number);
  state.phase = 'done';
  state.result = result;
  turn.moves += 1;
}

/** A lane whose actions are over and whose attempts are put away gives its sandbox back. */
function endLanes(turn: Turn): void {
  for (const [id, sequence] of turn.index.byLane) {
    const lane = turn.lane(id);
    if (lane.ended || !sequence.every(({ planned }) => turn.action(planned.key).phase === 'done')) continue;
    const keys = new Set(sequence.map(({ planned }) => planned.key));
    const attempts = Object.values(turn.state.attempts).filter((attempt) => keys.has(attempt.action));
    if (!attempts.every(isClosed)) continue;
    lane.ended = true;
    turn.moves += 1;
    const pool = sequence[0]?.planned.pool;
    for (const generation of new Set(attempts.map((attempt) => attempt.generation))) {
      if (pool === undefined || turn.state.leases[pool]?.generation !== generation) continue;
      turn.order({ id: `end-lane:${id}:${generation}`, kind: 'end-lane', lane: id, pool, generation });
    }
  }
}

/** The task is over when nothing of it is left on any worker. */
function complete(turn: Turn): void {
  const { state } = turn;
  if (!Object.values(state.attempts).every(isClosed)) return;
  for (const lease of Object.values(state.leases)) {
    if (lease.status !== 'held') continue;
    lease.status = 'released';
    const { pool, generation } = lease;
    turn.order({ id: `release:${pool}:${generation}`, kind: 'release-lease', pool, generation });
  }
  const result = state.cancelRequests.length > 0 ? 'Canceled' : state.failing ? 'Failed' : 'Success';
  const errorMessage =
    result === 'Success' ? '' : result === 'Canceled' ? 'The task was cancelled.' : (state.failure ?? '');
  state.phase = 'ended';
  state.result = result;
  turn.status(ROOT_ACTIVITY, result);
  turn.record({
    kind: 'complete',
    result,
    errorMessage,
    unknown: result === 'Failed' && errorMessage.startsWith('Outcome unknown'),
  });
}
