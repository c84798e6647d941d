/** What an action can read: the task's variables, the outputs of earlier steps, and the system's own about the step. */

import { Secret } from '@argonaut/contracts';
import type { NamedSecret } from '@argonaut/contracts/attempt';
import type { Action, Plan, PlannedAction, Scope, Variables } from '@argonaut/orchestrator';
import { createVariables, evaluate } from '@argonaut/templates';
import type { ActionVariables, StoredOutput, TaskVariables } from './ports.ts';

interface StepName {
  readonly id: string;
  readonly name: string;
}

export class TaskScope implements Scope {
  nowMs: number;
  readonly #plan: Plan;
  readonly #variables: TaskVariables;
  readonly #outputs: StoredOutput[] = [];

  constructor(plan: Plan, variables: TaskVariables, outputs: readonly StoredOutput[], nowMs: number) {
    this.#plan = plan;
    this.#variables = variables;
    this.nowMs = nowMs;
    this.#outputs.push(...outputs);
  }

  /** In the order in which they were set; of two equal names the last counts. */
  add(output: StoredOutput): void {
    this.#outputs.push(output);
  }

  /** How many outputs there are: names a moment in the task's life. */
  get moment(): number {
    return this.#outputs.length;
  }

  variables(action: Action, step: StepName): Variables {
    return this.of(action, step).values;
  }

  /** Everything of an action, and what of it must be hidden. */
  of(action: Action, step: StepName, moment = this.moment): ActionVariables {
    const own = this.#variables.of(action, step);
    const values: Record<string, string | null> = {
      ...own.values,
      // Last: a project cannot make a step believe that it is another one.
      ...systemVariables(this.#plan, action, step),
    };
    const sensitive = new Set(own.sensitive);
    for (const output of this.#outputs.slice(0, moment)) {
      const name = outputName(output);
      values[name] = output.value ?? null;
      if (output.sensitive) sensitive.add(name);
    }
    return { values, sensitive };
  }

  /** Values to hide in this action's output, as they are written and as they evaluate. */
  secrets(action: Action, step: StepName, moment = this.moment): readonly NamedSecret[] {
    const { values, sensitive } = this.of(action, step, moment);
    // Those of other steps too: what one step writes down, a later one may print.
    const secrets: NamedSecret[] = [...(this.#variables.secrets ?? [])];
    const prepared = createVariables(values);
    for (const name of sensitive) {
      const raw = values[name];
      if (raw === null || raw === undefined || raw === '') continue;
      secrets.push({ name, value: new Secret(raw) });
      const { text } = evaluate(raw, prepared, { now: () => new Date(this.nowMs) });
      if (text !== null && text !== '' && text !== raw) secrets.push({ name, value: new Secret(text) });
    }
    return secrets;
  }
}

export function outputName({ action, name }: { readonly action: string; readonly name: string }): string {
  return `Octopus.Action[${action}].Output.${name}`;
}

/** Names: Octopus's system variables of steps and actions. */
function systemVariables(plan: Plan, action: Action, step: StepName): Record<string, string> {
  const planned = plan.steps.find((candidate) => candidate.id === step.id);
  const found: PlannedAction | undefined = planned?.actions.find(
    (candidate) => candidate.action.id === action.id,
  );
  return {
    'Octopus.Task.Id': plan.task,
    'Octopus.Task.Name': plan.title,
    'Octopus.Step.Id': step.id,
    'Octopus.Step.Name': step.name,
    'Octopus.Step.Number': String(planned?.number ?? ''),
    'Octopus.Action.Id': action.id,
    'Octopus.Action.Name': action.name,
    'Octopus.Action.Number': found?.number ?? '',
    ...(found?.pool === undefined ? {} : { 'Octopus.WorkerPool.Id': found.pool }),
    ...(action.container === undefined ? {} : { 'Octopus.Action.Container.Image': action.container.image }),
    ...(action.run.kind === 'Script' ? { 'Octopus.Action.Script.Syntax': action.run.syntax } : {}),
  };
}
