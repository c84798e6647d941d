/** What an action can read: the task's variables, the outputs of earlier steps, and the system's own about the step. */

import { Secret } from '@argonaut/contracts';
import type { NamedSecret } from '@argonaut/contracts/attempt';
import {
  type Action,
  indexedVariables,
  ownVariables,
  type Plan,
  type Scope,
  type Variables,
} from '@argonaut/orchestrator';
import { createVariables, evaluate } from '@argonaut/templates';
import type { ActionVariables, StoredOutput, TaskVariables } from './ports.ts';
import { traceparent } from './trace.ts';

interface StepName {
  readonly id: string;
  readonly name: string;
}

export class TaskScope implements Scope {
  nowMs: number;
  readonly #plan: Plan;
  readonly #variables: TaskVariables;
  readonly #outputs: StoredOutput[] = [];
  readonly #indexed: Readonly<Record<string, string>>;

  constructor(plan: Plan, variables: TaskVariables, outputs: readonly StoredOutput[], nowMs: number) {
    this.#plan = plan;
    this.#variables = variables;
    this.nowMs = nowMs;
    this.#indexed = indexedVariables(plan);
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

  /** What the programs of an attempt tell the systems that they call. */
  traceparent(attempt: string): string {
    return traceparent(this.#plan.server, this.#plan.task, attempt);
  }

  variables(action: Action, step: StepName): Variables {
    return this.of(action, step).values;
  }

  sensitive(action: Action, step: StepName): ReadonlySet<string> {
    return this.of(action, step).sensitive;
  }

  /** Everything of an action, and what of it must be hidden. */
  of(action: Action, step: StepName, moment = this.moment): ActionVariables {
    const own = this.#variables.of(action, step);
    const values: Record<string, string | null> = {
      ...own.values,
      // Last: a project cannot make a step believe that it is another one.
      ...this.#indexed,
      ...this.#systemVariables(action, step),
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

  /** Values to hide wherever the task is spoken of: those of all its steps, with every output so far. */
  everySecret(): readonly NamedSecret[] {
    const secrets = this.#plan.steps.flatMap((step) =>
      step.actions.flatMap(({ action }) => this.secrets(action, step)),
    );
    return [...new Map(secrets.map((secret) => [secret.value.reveal(), secret])).values()];
  }

  #systemVariables(action: Action, { id, name }: StepName): Record<string, string> {
    const planned = this.#plan.steps.find((candidate) => candidate.id === id);
    const found = planned?.actions.find((candidate) => candidate.action.id === action.id);
    const step = { id, name, number: planned?.number ?? 0 };
    const pool = found?.pool;
    const poolName = pool === undefined ? undefined : this.#variables.pools?.get(pool);
    return {
      'Octopus.Task.Id': this.#plan.task,
      'Octopus.Task.Name': this.#plan.title,
      ...ownVariables({ step, action, number: found?.number ?? '', pool }),
      ...(poolName === undefined ? {} : { 'Octopus.WorkerPool.Name': poolName }),
    };
  }
}

export function outputName({ action, name }: { readonly action: string; readonly name: string }): string {
  return `Octopus.Action[${action}].Output.${name}`;
}
