/** Drives one action, from its turn until it is over. */
import { forgetImages, imagesOf, leaseOf, open, stage } from './attempts.ts';
import { settleOptions } from './bound-options.ts';
import { decideVariable } from './conditions.ts';
import { forgetPackages, packagesOf } from './packages.ts';
import { activityOf, type Located } from './plan-index.ts';
import type { PlannedStep } from './plan-types.ts';
import { isClosed } from './state.ts';
import { entriesOf } from './stored-texts.ts';
import type { Turn } from './turn.ts';
import { dropAttempt, failAction, finishAction, interruptionOf } from './verdicts.ts';
import { whyNotAhead } from './why-not-ahead.ts';

/** Nothing of this step may begin any more. */
export function isStopped(turn: Turn, step: PlannedStep): boolean {
  const { halted, cancelRequests } = turn.state;
  return halted || (cancelRequests.length > 0 && step.condition.kind !== 'Always');
}

/** One step forward with the action, if it can take one. */
export function drive(turn: Turn, located: Located): void {
  const action = turn.action(located.planned.key);
  if (action.phase === 'pending') beginAction(turn, located);
  if (action.phase === 'active') pursue(turn, located);
}

function beginAction(turn: Turn, located: Located): void {
  const { planned, step, activity } = located;
  const { key, action } = planned;
  if (planned.skip !== undefined) {
    skip(turn, located, planned.skip, false);
    return;
  }
  const title = step.actions.length === 1 ? `Step "${step.name}"` : `"${action.name}" of step "${step.name}"`;
  if (isStopped(turn, step)) {
    if (turn.state.cancelRequests.length > 0) {
      dropAttempt(turn, key);
      finishAction(turn, key, 'Canceled');
    } else {
      const reason = `${title} is skipped: nothing of the process is run, because of what the task says is wrong with it.`;
      skip(turn, located, reason, false);
    }
    return;
  }
  if (action.condition.kind === 'Variable') {
    const decision = decideVariable(title, action.condition.expression, turn.evaluator(located));
    if (!decision.run) {
      skip(turn, located, decision.reason, decision.warning);
      return;
    }
  } else {
    const failed = step.actions.find((other) => turn.action(other.key).result === 'Failed');
    if (failed !== undefined) {
      skip(turn, located, `${title} is skipped: "${failed.action.name}" failed before it.`, false);
      return;
    }
  }
  if (runningActions(turn) >= turn.plan.maxParallelism) return;
  turn.action(key).phase = 'active';
  turn.moves += 1;
  if (step.actions.length > 1) turn.status(activity, 'Running');
}

function skip(turn: Turn, located: Located, reason: string, warning: boolean): void {
  dropAttempt(turn, located.planned.key);
  turn.say(located.activity, warning ? 'Warning' : 'Info', reason);
  finishAction(turn, located.planned.key, 'Skipped', reason);
}

function runningActions(turn: Turn): number {
  return Object.values(turn.state.actions).filter((a) => a.phase === 'active' || a.phase === 'backoff')
    .length;
}

function pursue(turn: Turn, located: Located): void {
  const { planned, activity } = located;
  const { run } = planned.action;
  if (run.kind === 'Manual') {
    askPerson(turn, located, run);
    return;
  }
  if (run.kind === 'Unsupported') {
    const message =
      run.reason ??
      `Steps of type "${run.actionType}" cannot be run by this server. Replace the step by a script, or disable it.`;
    failAction(turn, planned.key, { message, final: true }, activity);
    return;
  }
  const wrong = settleOptions(turn, located);
  if (wrong !== undefined) {
    dropAttempt(turn, planned.key);
    failAction(turn, planned.key, { message: wrong, final: true }, activity);
    return;
  }
  const attempt = turn.currentAttempt(planned.key);
  if (attempt === undefined) {
    prepareAttempt(turn, located);
    return;
  }
  if (attempt.phase !== 'staged') return;
  const lease = turn.state.leases[attempt.pool];
  const worker = lease?.workerName ?? attempt.pool;
  const number = turn.action(planned.key).retries + 1;
  turn.record({
    kind: 'activity',
    activity: attempt.id,
    parent: activity,
    name: number === 1 ? worker : `${worker} (attempt ${number})`,
    activityKind: 'attempt',
  });
  turn.status(attempt.id, 'Running');
  open(turn, located, attempt);
}

/** Worker, image, container: each is asked for when the one before is there. */
function prepareAttempt(turn: Turn, located: Located): void {
  const { planned, activity } = located;
  if (planned.pool === undefined) throw new Error(`Action ${planned.key} was planned without a pool.`);
  if (isPuttingAway(turn, planned.key)) return;
  const lease = leaseOf(turn, planned.pool);
  if (lease.is === 'wait') return;
  if (lease.is === 'failed') {
    failAction(turn, planned.key, { message: lease.message }, activity);
    return;
  }
  const images = imagesOf(turn, located, lease.value, activity);
  if (images.is === 'wait') return;
  if (images.is === 'failed') {
    forgetImages(turn, located);
    const { message, final = false } = images;
    failAction(turn, planned.key, { message, final }, activity);
    return;
  }
  const packages = packagesOf(turn, located, lease.value, activity);
  if (packages.is === 'wait') return;
  if (packages.is === 'failed') {
    forgetPackages(turn, located);
    const { message, final = false } = packages;
    failAction(turn, planned.key, { message, final }, activity);
    return;
  }
  const why = whyNotAhead(turn, located, lease.value);
  if (why !== undefined) turn.say(activity, 'Verbose', `Not prepared ahead: ${why}.`);
  const supplies = { images: images.value, packages: packages.value };
  const failure = stage(turn, located, lease.value, supplies, false);
  if (failure !== undefined) failAction(turn, planned.key, { message: failure.error, final: true }, activity);
}

/** What was held shares the lane's network with the next attempt: ports must be free again. */
function isPuttingAway(turn: Turn, key: string): boolean {
  return Object.values(turn.state.attempts).some(
    (attempt) => attempt.action === key && attempt.held === false && !isClosed(attempt),
  );
}

function askPerson(
  turn: Turn,
  located: Located,
  run: { readonly instructions: string; readonly responsibleTeams: readonly string[] },
): void {
  const { planned, step } = located;
  const activity = activityOf(step, planned);
  const present = turn.presenter(located);
  const { text, error } = present(run.instructions);
  const action = turn.action(planned.key);
  if (error !== null)
    turn.say(activity, 'Warning', `The instructions could not be evaluated completely: ${error}`);
  const teams = run.responsibleTeams.map((team) => ({ team, ...present(team) }));
  const wrong = teams.find((one) => one.error !== null);
  if (wrong !== undefined) {
    // Nobody in particular would be everybody: who may answer must not be guessed.
    const message = `Step "${step.name}": the responsible team "${wrong.team}" cannot be evaluated: ${wrong.error}`;
    failAction(turn, planned.key, { message, final: true }, activity);
    return;
  }
  action.phase = 'asking';
  action.questions += 1;
  turn.record({
    kind: 'ask',
    interruption: interruptionOf(planned.key, action.questions),
    type: 'ManualIntervention',
    title: step.name,
    text: text ?? run.instructions,
    teams: entriesOf(teams.map(({ text }) => text ?? '')),
    choices: ['Proceed', 'Abort'],
    activity,
    action: planned.key,
  });
  turn.say(activity, 'Wait', 'Waiting for a person to proceed or abort.');
}
