/** Decides once what a task will do: numbers, lanes, pools, what is skipped and why, what may be staged early. */
import { Invalid } from '@argonaut/contracts';
import { evaluatedOptions, stagingTemplates } from './bound-options.ts';
import { readsOf } from './dependencies.ts';
import { type Evaluating, evaluating } from './evaluating.ts';
import { laneAssigner } from './lanes.ts';
import { ownVariables } from './own-variables.ts';
import type { Early, Plan, PlanInput, PlannedAction, PlannedStep, Variables } from './plan-types.ts';
import type { Action, Step } from './process.ts';
import { containersOf } from './staging.ts';
import { secretRefusal } from './stored-texts.ts';

/** Octopus's default of `Octopus.Action.MaxParallelism`. */
const DEFAULT_MAX_PARALLELISM = 10;
/** Depth 1 ends at 0.50 of five `docker run`s on Docker 29, depth 2 at 0.39, all four at 0.34 (measured). */
const DEFAULT_LOOK_AHEAD = 2;
const DEFAULT_BUDGET_AFTER_CANCEL_MS = 5 * 60_000;

/** Throws `Invalid`, with every complaint, when the person's choices do not fit the process. */
export function plan(input: PlanInput): Plan {
  checkExclusions(input);
  const problems: string[] = [];
  const lane = laneAssigner(input.attemptPrefix);
  const keysByName = new Map<string, string[]>();
  const steps: PlannedStep[] = [];
  let group = -1;

  for (const [index, step] of input.process.steps.entries()) {
    const parallel = step.start === 'StartWithPrevious' && index > 0;
    if (!parallel) group += 1;
    lane.beginStep(parallel);
    const actions: PlannedAction[] = [];
    for (const [position, action] of step.actions.entries()) {
      const number = step.actions.length === 1 ? `${index + 1}` : `${index + 1}.${position + 1}`;
      const key = number.replace('.', '-');
      const skip = skipReason(action, input);
      const needsWorker = action.run.kind === 'Script' || action.run.kind === 'Container';
      if (skip !== undefined) {
        actions.push({ key, number, action, skip, early: { kind: 'never', reason: skip } });
        continue;
      }
      if (action.run.kind === 'Manual') lane.breakChain();
      if (!needsWorker) {
        actions.push({ key, number, action, early: { kind: 'never', reason: 'it needs no worker' } });
      } else {
        const numbered = { step: { id: step.id, name: step.name, number: index + 1 }, action, number };
        const given = { ...input.scope.variables(action, step), ...ownVariables(numbered) };
        const pool = choosePool(action, step, input, given, problems);
        const variables = { ...given, 'Octopus.WorkerPool.Id': pool };
        const configured = withTaskOptions(action, variables);
        const early = whenEarly(configured, variables, keysByName);
        const secret = input.scope.sensitive?.(action, step);
        const check = {
          step,
          variables,
          problems,
          ...evaluating(() => ({ values: variables, secret }), input.scope.nowMs),
        };
        checkImage(configured, early, check);
        checkOptions(configured, check);
        actions.push({ key, number, action: configured, pool, lane: lane.of(pool), early });
      }
      const name = action.name.toLowerCase();
      keysByName.set(name, [...(keysByName.get(name) ?? []), key]);
    }
    steps.push({
      number: index + 1,
      id: step.id,
      name: step.name,
      condition: step.condition,
      group,
      actions,
    });
  }

  return {
    schema: 1,
    task: input.task,
    title: input.title,
    server: input.server,
    attemptPrefix: input.attemptPrefix,
    guidedFailure: input.guidedFailure ?? false,
    maxParallelism: input.maxParallelism ?? parallelismOf(input, problems),
    lookAhead: input.lookAhead ?? DEFAULT_LOOK_AHEAD,
    budgetAfterCancelMs: input.budgetAfterCancelMs ?? DEFAULT_BUDGET_AFTER_CANCEL_MS,
    steps,
    problems,
  };
}

function checkExclusions(input: PlanInput): void {
  const actions = new Map(input.process.steps.flatMap((step) => step.actions.map((a) => [a.id, a] as const)));
  const errors: string[] = [];
  for (const id of input.excludedActions ?? []) {
    const action = actions.get(id);
    if (action === undefined) errors.push(`The process has no action "${id}" to leave out.`);
    else if (action.required) errors.push(`Step "${action.name}" is required and cannot be left out.`);
  }
  if (errors.length > 0) throw new Invalid(errors.join(' '), { errors });
}

function skipReason(action: Action, input: PlanInput): string | undefined {
  const name = `Step "${action.name}" is skipped`;
  if (!action.enabled) return `${name}: it is disabled.`;
  if (input.excludedActions?.includes(action.id))
    return `${name}: it was left out when the task was created.`;
  const { environment, channel, tenant } = input;
  if (environment !== undefined) {
    if (action.environments.length > 0 && !action.environments.includes(environment.id)) {
      return `${name}: it is not meant for environment "${environment.name}".`;
    }
    if (action.excludedEnvironments.includes(environment.id)) {
      return `${name}: it excludes environment "${environment.name}".`;
    }
  }
  if (channel !== undefined && action.channels.length > 0 && !action.channels.includes(channel.id)) {
    return `${name}: it is not meant for channel "${channel.name}".`;
  }
  if (action.tenantTags.length > 0 && !action.tenantTags.some((tag) => tenant?.tags.includes(tag))) {
    return `${name}: it is meant for tenants tagged ${action.tenantTags.join(', ')} only.`;
  }
  return undefined;
}

function choosePool(
  action: Action,
  step: Step,
  input: PlanInput,
  variables: Variables,
  problems: string[],
): string {
  const choice = action.workerPool;
  if (choice.kind === 'default') return input.defaultPool;
  if (choice.kind === 'pool') return choice.id;
  const template = choice.kind === 'variable' ? `#{${choice.name}}` : choice.template;
  const secret = input.scope.sensitive?.(action, step);
  const { evaluate, secretsIn } = evaluating(() => ({ values: variables, secret }), input.scope.nowMs);
  const { text, error } = evaluate(template);
  const owner = `step "${step.name}"`;
  const refusal = secretRefusal('The worker pool', template, 'pool', { secretsIn, owner });
  if (error === null && refusal !== undefined) {
    problems.push(refusal);
    return input.defaultPool;
  }
  if (error === null && text !== null && text !== '') return text;
  problems.push(
    `Step "${step.name}" takes its worker pool from ${choice.kind === 'variable' ? `variable "${choice.name}"` : `"${template}"`}, which has no value here` +
      `${error === null ? '' : ` (${unended(error)})`}. Give it the id of a worker pool in this scope.`,
  );
  return input.defaultPool;
}

/** Those of an image that is built say what it is; its name is for people. */
function imageTexts(container: Action['container']): readonly string[] {
  if (container?.build === undefined) return [container?.image ?? '', container?.feed ?? ''];
  return [container.build.dockerfile, ...Object.values(container.build.arguments)];
}

/** Texts that must be known before a container can be created. */
function stagingTexts(action: Action): readonly string[] {
  const { options, container } = action;
  return [
    ...imageTexts(container),
    options.user ?? '',
    options.containerOptions ?? '',
    ...(options.extraHosts ?? []),
    ...(options.dns ?? []),
    ...stagingTemplates(action),
    ...(action.run.kind === 'Container' ? (action.run.command ?? []) : []),
    ...(action.services ?? []).flatMap((service) => [
      service.container.image,
      service.container.feed ?? '',
      service.user ?? '',
    ]),
    ...action.packages.flatMap((reference) => [reference.packageId, reference.feed, reference.version ?? '']),
  ];
}

const CONTAINER_OPTIONS = 'Octopus.Action.Container.Options';

const MAX_PARALLELISM = 'Octopus.Action.MaxParallelism';

/** A variable of this name says how many actions run at the same time; a step's own setting of that name does not. */
function parallelismOf({ process, scope }: PlanInput, problems: string[]): number {
  for (const step of process.steps) {
    for (const action of step.actions) {
      if (isDefined(MAX_PARALLELISM, action.variables ?? {})) continue;
      const variables = scope.variables(action, step);
      if (!isDefined(MAX_PARALLELISM, variables)) return DEFAULT_MAX_PARALLELISM;
      const template = `#{${MAX_PARALLELISM}}`;
      const { text } = evaluating(() => ({ values: variables }), scope.nowMs).evaluate(template);
      if (/^\s*[1-9]\d{0,5}\s*$/.test(text ?? '')) return Number(text);
      problems.push(
        `The variable ${MAX_PARALLELISM} must be a whole number of at least 1. It says how many steps run at the same time.`,
      );
      return DEFAULT_MAX_PARALLELISM;
    }
  }
  return DEFAULT_MAX_PARALLELISM;
}

/** A sentence as a part of another one. */
function unended(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

/** A variable of this name gives the options of every container whose step has none of its own. */
function withTaskOptions(action: Action, variables: Variables): Action {
  const isMissing = action.container !== undefined && action.options.containerOptions === undefined;
  if (!isMissing || !isDefined(CONTAINER_OPTIONS, variables)) return action;
  return { ...action, options: { ...action.options, containerOptions: `#{${CONTAINER_OPTIONS}}` } };
}

function isDefined(name: string, variables: Variables): boolean {
  const wanted = name.toLowerCase();
  return Object.keys(variables).some((key) => key.length === name.length && key.toLowerCase() === wanted);
}

function whenEarly(action: Action, variables: Variables, keysByName: Map<string, string[]>): Early {
  const reads = readsOf(stagingTexts(action), variables);
  if (reads.unknowable !== undefined) return { kind: 'never', reason: reads.unknowable };
  return { kind: 'after', actions: reads.outputsOf.flatMap((name) => keysByName.get(name) ?? []) };
}

interface Check extends Evaluating {
  readonly step: Step;
  readonly variables: Variables;
  readonly problems: string[];
}

/** What can be known of the options now must be right now, as with images. */
function checkOptions(action: Action, { variables, problems, evaluate, show }: Check): void {
  const knowable = action.options.bound?.filter(({ template }) => {
    const reads = readsOf([template], variables);
    return reads.unknowable === undefined && reads.outputsOf.length === 0;
  });
  if (!knowable?.length) return;
  const evaluated = evaluatedOptions({ ...action, options: { bound: knowable } }, evaluate, show);
  if ('error' in evaluated) problems.push(evaluated.error);
}

/** An image name that can be known now must be right now: nobody should wait for a worker to learn of a typing error. */
function checkImage(action: Action, early: Early, { step, problems, evaluate }: Check): void {
  if (action.run.kind === 'Container' && action.container === undefined) {
    problems.push(
      `Step "${step.name}" runs a container but names no image. Choose a feed and an image for it.`,
    );
  }
  if (action.services?.length && action.container === undefined) {
    problems.push(
      `Step "${step.name}" has services, but no image of its own: they share the network of its container. Choose an image for it.`,
    );
  }
  if (early.kind === 'never' || early.actions.length > 0) return;
  for (const { image, build } of containersOf(action)) {
    if (build !== undefined) continue;
    const { text, error } = evaluate(image);
    if (error === null && text !== null && text.trim() !== '') continue;
    problems.push(
      `The image of step "${step.name}", "${image}", cannot be worked out` +
        `${error === null ? ': it is empty' : `: ${unended(error)}`}. Define its variables in this scope, or name the image itself.`,
    );
  }
}
