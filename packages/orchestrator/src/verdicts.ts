/** How an action ends, and what an end means: success, a retry, a question to a person, or failure. */
import type { Outcome } from '@argonaut/contracts/attempt';
import { attemptId, letGo } from './attempts.ts';
import { optionsOf } from './bound-options.ts';
import type { Answer } from './commands.ts';
import { type ActionResult, type ActionState, type AttemptState, isHeld } from './state.ts';
import type { Turn } from './turn.ts';

/** Stagings repeated because no user code had run; after that the machine is to blame, not chance. */
const MAX_RESTAGINGS = 3;

export interface Failure {
  readonly message: string;
  /** Nobody can tell how it ended: never retried automatically. */
  readonly unknown?: boolean;
  /** A further attempt cannot help (an unsupported step, a wrong template). */
  readonly final?: boolean;
  /** The attempt that failed, when its container stays for a person to look into. */
  readonly held?: AttemptState;
  /** It was to stay for that, and is gone. */
  readonly lost?: boolean;
}

/** Throws away what is staged before its turn, and stops looking ahead until a gate of the lane opens again. */
export function dropStaged(turn: Turn): void {
  for (const lane of Object.values(turn.state.lanes)) lane.flowing = false;
  for (const { planned } of turn.index.located) {
    if (turn.action(planned.key).phase === 'pending') dropAttempt(turn, planned.key);
  }
}

/** The action's staged attempt is not wanted any more. Must not be called for one whose gate was opened. */
export function dropAttempt(turn: Turn, key: string): void {
  const attempt = turn.currentAttempt(key);
  if (attempt === undefined) return;
  attempt.unwanted = true;
  delete turn.action(key).attempt;
  turn.moves += 1;
}

export function finishAction(turn: Turn, key: string, result: ActionResult, message?: string): void {
  const action = turn.action(key);
  const { activity, step } = turn.locate(key);
  action.phase = 'done';
  action.result = result;
  if (message !== undefined) action.message = message;
  if (result === 'Failed') {
    turn.fail(taskMessage(step.name, message ?? '', action.unknown));
    dropStaged(turn);
  }
  turn.status(activity, result);
}

function taskMessage(step: string, message: string, unknown: boolean): string {
  return unknown ? `Outcome unknown: step "${step}": ${message}` : `Step "${step}" failed: ${message}`;
}

/** The failure is said, and then: retried, asked about, or final. */
export function failAction(turn: Turn, key: string, failure: Failure, where: string): void {
  const action = turn.action(key);
  const unknown = failure.unknown ?? false;
  action.unknown = unknown;
  action.message = failure.message;
  action.restagings = 0;
  delete action.attempt;
  turn.say(where, 'Error', unknown ? `Outcome unknown: ${failure.message}` : failure.message);

  const { retries } = optionsOf(turn, key);
  const isTried = !unknown && failure.final !== true && retries !== undefined && action.retries < retries.max;
  if (isTried) {
    action.retries += 1;
    const wait = retries.backoffMs > 0 ? ` in ${retries.backoffMs / 1000} s` : '';
    turn.say(where, 'Warning', `Retry ${action.retries} of ${retries.max}${wait}.`);
  }
  if (failure.lost && !isTried)
    turn.say(where, 'Warning', 'It cannot be held: there is nothing left to look into.');
  endAttempt(turn, key, where);
  if (isTried) {
    if (retries.backoffMs === 0) {
      action.phase = 'active';
    } else {
      action.phase = 'backoff';
      turn.record({ kind: 'timer', timer: retryTimer(key, action), delayMs: retries.backoffMs });
    }
  } else if ((turn.plan.guidedFailure || failure.held) && turn.state.cancelRequests.length === 0) {
    askForGuidance(turn, key, failure);
  } else {
    finishAction(turn, key, 'Failed', failure.message);
  }
}

/** Of what was told about an attempt, its status comes last. The action's own comes with its decision. */
function endAttempt(turn: Turn, key: string, where: string): void {
  if (where !== turn.locate(key).activity) turn.status(where, 'Failed');
}

/** A timer's name is never used twice: retries begin anew after each question. */
export function retryTimer(key: string, action: ActionState): string {
  return `retry:${key}:${action.questions}.${action.retries}`;
}

function askForGuidance(turn: Turn, key: string, { message, held }: Failure): void {
  const action = turn.action(key);
  const { planned, step, activity } = turn.locate(key);
  const choices: Answer[] = planned.action.required ? ['Fail', 'Retry'] : ['Fail', 'Retry', 'Ignore'];
  if (held !== undefined) choices.push('Abort');
  action.phase = 'asking';
  action.questions += 1;
  dropStaged(turn);
  const title = action.unknown
    ? `Nobody can tell how step "${step.name}" ended`
    : `Step "${step.name}" failed`;
  turn.record({
    kind: 'ask',
    interruption: interruptionOf(key, action.questions),
    type: 'GuidedFailure',
    title,
    text: message,
    teams: [],
    choices,
    activity,
    action: key,
    ...(held === undefined ? {} : { hold: hold(turn, held) }),
  });
  const kept =
    held === undefined ? '' : ` It is held for ${minutes(turn, key)}: open a terminal in it, then decide.`;
  turn.say(activity, 'Wait', `${title}.${kept} Waiting for guidance: ${choices.join(', ')}.`);
}

/** The container stays for so long, and no longer. */
function hold(turn: Turn, attempt: AttemptState): { readonly attempt: string; readonly forMs: number } {
  const forMs = optionsOf(turn, attempt.action).holdOnFailureMs ?? 0;
  attempt.held = true;
  turn.record({ kind: 'timer', timer: holdTimer(attempt), delayMs: forMs });
  return { attempt: attempt.id, forMs };
}

/** An attempt is held once at most. */
export function holdTimer({ id }: AttemptState): string {
  return `hold:${id}`;
}

/**
 * Nobody decided in time: the container goes. With guided failure the question stays, since that waits without a limit;
 * otherwise the step has failed.
 */
export function expireHold(turn: Turn, attempt: AttemptState): void {
  const key = attempt.action;
  const action = turn.action(key);
  // The question outlives a container that was lost, and ends with the same time. Another attempt's is not meant.
  const asks = action.phase === 'asking' && attempt.id === attemptId(turn, key, action.attempts);
  const fails = asks && !turn.plan.guidedFailure;
  if (!isHeld(attempt) && !fails) return;
  if (isHeld(attempt)) letGo(turn, attempt);
  turn.say(
    turn.locate(key).activity,
    'Warning',
    `Nobody decided within ${minutes(turn, key)}: it is held no more.`,
  );
  if (!fails) return;
  turn.record({ kind: 'withdraw', interruption: interruptionOf(key, action.questions), expired: true });
  finishAction(turn, key, 'Failed', action.message);
}

function minutes(turn: Turn, key: string): string {
  const count = (optionsOf(turn, key).holdOnFailureMs ?? 0) / 60_000;
  return `${Math.round(count * 100) / 100} minute${count === 1 ? '' : 's'}`;
}

/** Id of an action's n-th question. */
export function interruptionOf(key: string, question: number): string {
  return `ask:${key}:${question}`;
}

/** Its program is over, and what that means for the action has not been decided. */
export function isUndecided(turn: Turn, attempt: AttemptState): boolean {
  const action = turn.action(attempt.action);
  return action.attempt === attempt.id && action.phase === 'active';
}

/** Whether it is held is told a moment after it has ended: what comes next waits for that. */
export function waitsForHold(turn: Turn, attempt: AttemptState, { result }: Outcome): boolean {
  const { holdOnFailureMs = 0 } = optionsOf(turn, attempt.action);
  const failed = result === 'Failed' || result === 'TimedOut' || result === 'Cancelled';
  return holdOnFailureMs > 0 && failed && !attempt.cancelSent;
}

/** The program of the action's current attempt is over, or it never began. `held`: its container stays. */
export function judge(turn: Turn, attempt: AttemptState, outcome: Outcome, held = false): void {
  const { action: key, resultMessage } = attempt;
  attempt.outcome = outcome;
  if (!isUndecided(turn, attempt)) return;
  sayLeftBehind(turn, attempt.id, outcome);

  if (outcome.result === 'Succeeded') {
    turn.status(attempt.id, 'Success');
    finishAction(turn, key, 'Success');
    return;
  }
  if (attempt.cancelSent && outcome.result !== 'Unknown') {
    turn.say(attempt.id, 'Warning', outcome.message);
    turn.status(attempt.id, 'Canceled');
    finishAction(turn, key, 'Canceled', outcome.message);
    return;
  }
  if (outcome.result === 'NotStarted' && outcome.infrastructure && !attempt.cancelSent) {
    stageAgain(turn, key, outcome.message, attempt.id);
    return;
  }
  const message =
    resultMessage === undefined || resultMessage === ''
      ? outcome.message
      : `${resultMessage} (${outcome.message})`;
  failAction(
    turn,
    key,
    {
      message,
      unknown: outcome.result === 'Unknown',
      final: attempt.cancelSent,
      ...(held ? { held: attempt } : {}),
      lost: !held && waitsForHold(turn, attempt, outcome),
    },
    attempt.id,
  );
}

/** Daemons are easily started by accident, and easily missed when the step that needs them comes. */
function sayLeftBehind(turn: Turn, where: string, { stragglers = 0, lingering = false }: Outcome): void {
  if (stragglers === 0) return;
  const [count, was] = stragglers === 1 ? ['One process', 'was'] : [`${stragglers} processes`, 'were'];
  turn.say(
    where,
    'Info',
    `${count} that the step left behind ${was} ${lingering ? 'left running' : 'ended'}.`,
  );
}

/** No user code has run, so a new staging is safe; but not for ever. */
export function stageAgain(turn: Turn, key: string, message: string, where: string): void {
  const action = turn.action(key);
  delete action.attempt;
  if (action.restagings >= MAX_RESTAGINGS) {
    failAction(turn, key, { message }, where);
    return;
  }
  action.restagings += 1;
  turn.say(where, 'Warning', `${message} Nothing has run yet, so it is prepared again.`);
  endAttempt(turn, key, where);
}

/**
 * The engine contradicts what init wrote, after the lane went on: the later word counts. A success becomes a failure,
 * which every step that has not begun yet sees.
 */
export function revise(turn: Turn, attempt: AttemptState, outcome: Outcome): void {
  const before = attempt.outcome;
  attempt.outcome = outcome;
  if (before === undefined || before.result === outcome.result) return;
  const { step } = turn.locate(attempt.action);
  const action = turn.action(attempt.action);
  turn.say(attempt.id, 'Error', outcome.message);
  const decided = action.attempt === attempt.id && action.phase === 'done' && action.result === 'Success';
  if (!decided) return;
  action.unknown = outcome.result === 'Unknown';
  turn.status(attempt.id, 'Failed');
  finishAction(turn, attempt.action, 'Failed', outcome.message);
  const state = turn.step(step.number);
  if (state.phase === 'done') {
    state.result = 'Failed';
    if (step.actions.length > 1) turn.status(`step-${step.number}`, 'Failed');
  }
}
