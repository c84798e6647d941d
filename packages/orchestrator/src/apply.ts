/** Enters an event into the state. An event that does not fit (late, twice, out of order) changes nothing. */
import type { Outcome } from '@argonaut/contracts/attempt';
import { finishAttempt, forgetImages, letGo } from './attempts.ts';
import { BUDGET_TIMER, budgetOf, cancelTask, haltTask } from './cancelling.ts';
import type {
  AttemptProgress,
  ImageEvent,
  InterruptionAnswered,
  LeaseEvent,
  PackageEvent,
  TaskEvent,
} from './events.ts';
import { forgetPackages } from './packages.ts';
import type { Located } from './plan-index.ts';
import { begin } from './preparation.ts';
import { type AttemptState, isClosed, isHeld, isOpen } from './state.ts';
import { ROOT_ACTIVITY, type Turn } from './turn.ts';
import {
  dropAttempt,
  expireHold,
  failAction,
  finishAction,
  holdTimer,
  interruptionOf,
  isUndecided,
  judge,
  retryTimer,
  revise,
  stageAgain,
  waitsForHold,
} from './verdicts.ts';

export function apply(turn: Turn, event: TaskEvent): void {
  const { state } = turn;
  if (state.phase === 'ended') return;
  switch (event.type) {
    case 'begin':
      if (state.phase === 'new') begin(turn);
      return;
    case 'leased':
    case 'lease-failed':
    case 'worker-lost':
      applyLease(turn, event);
      return;
    case 'acquired':
    case 'acquire-failed':
      applyImage(turn, event);
      return;
    case 'package-acquired':
    case 'package-acquire-failed':
      applyPackage(turn, event);
      return;
    case 'cancel-requested':
      applyCancel(turn, event.request, event.by);
      return;
    case 'interruption-answered':
      applyAnswer(turn, event);
      return;
    case 'timer-fired':
      applyTimer(turn, event.timer);
      return;
    default:
      applyAttempt(turn, event);
      return;
  }
}

function applyLease(turn: Turn, event: LeaseEvent): void {
  const lease = turn.state.leases[event.pool];
  if (lease === undefined || lease.generation !== event.generation) return;
  if (event.type === 'worker-lost') {
    if (lease.status === 'held') loseWorker(turn, event.pool, event.generation, event.message);
    return;
  }
  if (lease.status !== 'leasing') return;
  if (event.type === 'leased') {
    lease.status = 'held';
    lease.worker = event.worker;
    lease.workerName = event.workerName;
  } else {
    lease.status = 'failed';
    lease.message = event.message;
  }
}

function loseWorker(turn: Turn, pool: string, generation: number, message: string): void {
  const lease = turn.state.leases[pool];
  if (lease !== undefined) {
    lease.status = 'lost';
    lease.message = message;
  }
  turn.say(ROOT_ACTIVITY, 'Warning', message);
  for (const lane of Object.values(turn.state.lanes)) {
    if (lane.generation === generation) lane.flowing = false;
  }
  for (const attempt of Object.values(turn.state.attempts)) {
    if (attempt.pool !== pool || attempt.generation !== generation || isClosed(attempt)) continue;
    const wasOpen = isOpen(attempt);
    const wasEnded = attempt.phase === 'ended';
    const wasHeld = isHeld(attempt);
    attempt.phase = 'lost';
    if (wasOpen) {
      judge(turn, attempt, { result: 'Unknown', cause: 'unknown', message, infrastructure: true });
    } else if (wasHeld) {
      attempt.held = false;
      turn.say(attempt.id, 'Warning', `Nobody can look into it any more: ${message}`);
    } else if (wasEnded) {
      turn.say(attempt.id, 'Warning', `The engine could not confirm how it ended: ${message}`);
      if (attempt.outcome !== undefined) judge(turn, attempt, attempt.outcome);
    } else {
      const action = turn.action(attempt.action);
      if (action.attempt === attempt.id) delete action.attempt;
    }
  }
  turn.order({ id: `release:${pool}:${generation}`, kind: 'release-lease', pool, generation });
}

function applyImage(turn: Turn, event: ImageEvent): void {
  const image = turn.state.images[event.image];
  if (image?.status !== 'acquiring' || image.acquisition !== event.acquisition) return;
  if (event.type === 'acquired') {
    image.status = 'present';
    image.acquired = event.acquired;
  } else {
    image.status = 'failed';
    image.message = event.message;
    if (event.final === true) image.final = true;
  }
}

function applyPackage(turn: Turn, event: PackageEvent): void {
  const known = turn.state.packages?.[event.package];
  if (known?.status !== 'acquiring' || known.acquisition !== event.acquisition) return;
  if (event.type === 'package-acquired') {
    known.status = 'present';
    known.acquired = event.acquired;
  } else {
    known.status = 'failed';
    known.message = event.message;
  }
}

function applyCancel(turn: Turn, request: string, by: string | undefined): void {
  const { cancelRequests } = turn.state;
  if (cancelRequests.includes(request)) return;
  cancelRequests.push(request);
  if (turn.state.phase === 'new') begin(turn);
  if (cancelRequests.length === 1) cancelTask(turn, by);
  else haltTask(turn, 'The task is cancelled once more: steps that always run are ended too.');
}

function applyTimer(turn: Turn, timer: string): void {
  if (timer === BUDGET_TIMER) {
    haltTask(
      turn,
      `The time of steps that always run is over: they have ${budgetOf(turn)} after a cancel. What still runs is ended, and what has not begun does not run.`,
    );
    return;
  }
  for (const attempt of Object.values(turn.state.attempts)) {
    if (timer === holdTimer(attempt)) expireHold(turn, attempt);
  }
  for (const [key, action] of Object.entries(turn.state.actions)) {
    if (action.phase === 'backoff' && timer === retryTimer(key, action)) {
      action.phase = 'active';
      turn.moves += 1;
    }
  }
}

function applyAnswer(turn: Turn, event: InterruptionAnswered): void {
  const found = Object.entries(turn.state.actions).find(
    ([key, action]) =>
      action.phase === 'asking' && interruptionOf(key, action.questions) === event.interruption,
  );
  if (found === undefined) return;
  const [key, action] = found;
  const { planned, activity } = turn.locate(key);
  const manual = planned.action.run.kind === 'Manual';
  const { answer, user, notes } = event;
  const fits = manual
    ? answer === 'Proceed' || answer === 'Abort'
    : answer === 'Fail' ||
      answer === 'Retry' ||
      answer === 'Abort' ||
      (answer === 'Ignore' && !planned.action.required);
  if (!fits) return;
  const by = user === undefined ? '' : ` by ${user.displayName}`;
  turn.say(
    activity,
    'Info',
    `Answered${by}: ${answer}${notes === undefined || notes === '' ? '.' : `: ${notes}`}`,
  );

  for (const attempt of Object.values(turn.state.attempts)) {
    if (attempt.action === key && isHeld(attempt)) letGo(turn, attempt);
  }

  if (manual) {
    turn.record({ kind: 'outputs', action: planned.action.name, values: manualOutputs(event) });
    if (answer === 'Proceed') finishAction(turn, key, 'Success');
    else finishAction(turn, key, 'Failed', `It was aborted${by}.`);
  } else if (answer === 'Retry') {
    action.phase = 'active';
    action.retries = 0;
    action.unknown = false;
    turn.moves += 1;
    forgetImageIfFailed(turn, key);
  } else if (answer === 'Ignore') {
    turn.say(activity, 'Warning', `The failure is ignored: ${action.message ?? ''}`);
    finishAction(turn, key, 'Success');
  } else {
    finishAction(turn, key, 'Failed', action.message);
    if (answer === 'Abort') applyCancel(turn, `abort:${event.interruption}`, user?.displayName);
  }
}

/** A person who asks for another attempt wants the worker and the image to be asked for again, too. */
function forgetImageIfFailed(turn: Turn, key: string): void {
  const located = turn.locate(key);
  forgetSupplies(turn, located);
  const lease = turn.state.leases[located.planned.pool ?? ''];
  if (lease?.status === 'failed') lease.status = 'released';
}

/** Names: Octopus's outputs of a manual intervention. */
function manualOutputs({ answer, notes, user }: InterruptionAnswered): Record<string, string> {
  return {
    'Manual.Notes': notes ?? '',
    'Manual.Approved': answer === 'Proceed' ? 'True' : 'False',
    ...(user === undefined
      ? {}
      : {
          'Manual.ResponsibleUser.Id': user.id,
          'Manual.ResponsibleUser.Username': user.username,
          'Manual.ResponsibleUser.DisplayName': user.displayName,
          'Manual.ResponsibleUser.EmailAddress': user.emailAddress ?? '',
        }),
  };
}

function applyAttempt(turn: Turn, event: AttemptProgress): void {
  const attempt = turn.state.attempts[event.attempt];
  if (attempt === undefined || isClosed(attempt)) return;
  const action = turn.action(attempt.action);
  const isCurrent = action.attempt === attempt.id;
  const { activity } = turn.locate(attempt.action);
  switch (event.type) {
    case 'staged':
      if (attempt.phase !== 'staging') return;
      attempt.phase = 'staged';
      if (event.work !== undefined) attempt.work = event.work;
      return;
    case 'staging-gone':
      if (!['staging', 'staged', 'opening', 'discarding'].includes(attempt.phase)) return;
      attempt.phase = 'gone';
      if (isCurrent) delete action.attempt;
      if (attempt.cancelSent && isCurrent)
        finishAction(turn, attempt.action, 'Canceled', 'The task was cancelled.');
      return;
    case 'stage-declined':
    case 'stage-failed': {
      if (attempt.phase !== 'staging') return;
      attempt.phase = 'gone';
      if (!isCurrent) return;
      delete action.attempt;
      action.mayStageAhead = false;
      if (event.type === 'stage-declined') {
        turn.say(activity, 'Verbose', `Not prepared ahead: ${event.reason}.`);
      }
      if (event.type === 'stage-failed' && event.imageGone === true)
        forgetSupplies(turn, turn.locate(attempt.action));
      if (action.phase !== 'active' || event.type === 'stage-declined') return;
      if (event.again) stageAgain(turn, attempt.action, event.message, activity);
      else failAction(turn, attempt.action, { message: event.message }, activity);
      return;
    }
    case 'opened':
      if (attempt.phase === 'opening') opened(turn, attempt);
      return;
    case 'open-refused':
      if (attempt.phase !== 'opening') return;
      attempt.phase = 'staged';
      attempt.unwanted = true;
      if (!isCurrent) {
        turn.status(attempt.id, 'Failed');
        return;
      }
      dropAttempt(turn, attempt.action);
      failAction(turn, attempt.action, { message: event.message, final: event.mayPass !== true }, attempt.id);
      return;
    case 'ended':
      if (isOpen(attempt)) ended(turn, attempt, event.outcome, event.resultMessage);
      return;
    case 'confirmed':
      if (isOpen(attempt)) ended(turn, attempt, event.outcome);
      if (attempt.phase === 'ended') confirmed(turn, attempt, event.outcome, event.held === true);
      return;
    case 'discarded':
      if (attempt.phase === 'discarding') attempt.phase = 'gone';
      return;
    case 'finished':
      if (attempt.phase === 'finishing') attempt.phase = 'finished';
      return;
  }
}

function opened(turn: Turn, attempt: AttemptState): void {
  attempt.phase = 'open';
  const { lane } = turn.locate(attempt.action).planned;
  if (lane === undefined || attempt.cancelSent) return;
  const state = turn.lane(lane);
  state.flowing = true;
  state.generation = attempt.generation;
}

function ended(turn: Turn, attempt: AttemptState, outcome: Outcome, resultMessage?: string): void {
  if (attempt.phase === 'opening') opened(turn, attempt);
  attempt.phase = 'ended';
  if (outcome.result === 'NotStarted') forgetImageAfter(turn, attempt, outcome.infrastructure);
  if (resultMessage !== undefined) attempt.resultMessage = resultMessage;
  attempt.outcome = outcome;
  if (!waitsForHold(turn, attempt, outcome)) judge(turn, attempt, outcome);
}

function confirmed(turn: Turn, attempt: AttemptState, outcome: Outcome, held: boolean): void {
  if (isHeld(attempt)) {
    // Told again after a restart, or the container ended although it was held.
    if (held) return;
    attempt.held = false;
    turn.say(attempt.id, 'Warning', 'Its container has ended: nobody can look into it any more.');
    finishAttempt(turn, attempt);
    return;
  }
  if (isUndecided(turn, attempt)) judge(turn, attempt, outcome, held);
  else revise(turn, attempt, outcome);
  if (isHeld(attempt)) return;
  if (held) letGo(turn, attempt);
  else finishAttempt(turn, attempt);
}

/** What was acquired is gone: it is asked for again. */
function forgetSupplies(turn: Turn, located: Located): void {
  forgetImages(turn, located);
  forgetPackages(turn, located);
}

/** The container could not be made to run: look for the image again before the next staging. */
function forgetImageAfter(turn: Turn, attempt: AttemptState, infrastructure: boolean): void {
  if (infrastructure) forgetImages(turn, turn.locate(attempt.action));
}
