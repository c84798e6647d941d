/** One call of `advance` while it works: the new state as a draft, and the commands found so far. */
import type { LogLevel } from '@argonaut/contracts/attempt';
import type { ActivityStatus, Command, Order, RecordCommand } from './commands.ts';
import { type Evaluate, type Evaluating, evaluating, type SecretsIn } from './evaluating.ts';
import { indexOf, type Located, type PlanIndex } from './plan-index.ts';
import type { Plan, Scope } from './plan-types.ts';
import type { ActionState, AttemptState, LaneState, StepState, TaskState } from './state.ts';
import { statusVariables } from './status-variables.ts';

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

export const ROOT_ACTIVITY = 'task';
export const PREPARATION_ACTIVITY = 'preparation';

export class Turn {
  readonly plan: Plan;
  readonly index: PlanIndex;
  readonly state: TaskState;
  readonly commands: Command[] = [];
  /** Grows with every change; the scheduler runs until it stands still. */
  moves = 0;
  readonly #scope: Scope;

  constructor(plan: Plan, state: TaskState, scope: Scope) {
    this.plan = plan;
    this.index = indexOf(plan);
    this.state = structuredClone(state);
    this.#scope = scope;
  }

  /** Records take a running number, so that the same history always gives the same ids. */
  record(record: WithoutId<RecordCommand>): void {
    this.state.records += 1;
    this.commands.push({ id: `record:${this.state.records}`, ...record } as RecordCommand);
    this.moves += 1;
  }

  order(order: Order): void {
    this.commands.push(order);
    this.moves += 1;
  }

  say(activity: string, level: LogLevel, text: string): void {
    this.record({ kind: 'say', activity, level, text });
  }

  status(activity: string, status: ActivityStatus): void {
    this.record({ kind: 'status', activity, status });
  }

  /** Evaluates templates with what this action may read now: its variables, and how earlier steps ended. */
  evaluator(located: Located): Evaluate {
    return this.#evaluating(located).evaluate;
  }

  /** The same for texts that people read: where a secret would stand, asterisks do. */
  presenter(located: Located): Evaluate {
    return this.#evaluating(located).show;
  }

  /** Names of the sensitive variables that decide what a template of this action comes to. */
  secretsIn(located: Located): SecretsIn {
    return this.#evaluating(located).secretsIn;
  }

  #evaluating({ planned, step }: Located): Evaluating {
    const { action, key } = planned;
    const name = { id: step.id, name: step.name };
    return evaluating(
      () => ({
        values: {
          ...this.#scope.variables(action, name),
          ...statusVariables(this.plan, this.state, key),
        },
        secret: this.#scope.sensitive?.(action, name),
      }),
      this.#scope.nowMs,
    );
  }

  /** The first thing that goes wrong is what the task reports. */
  fail(message: string): void {
    this.state.failing = true;
    this.state.failure ??= message;
    this.moves += 1;
  }

  locate(key: string): Located {
    return present(this.index.byKey.get(key), `planned action ${key}`);
  }

  action(key: string): ActionState {
    return present(this.state.actions[key], `state of action ${key}`);
  }

  step(number: number): StepState {
    return present(this.state.steps[number], `state of step ${number}`);
  }

  lane(id: string): LaneState {
    return present(this.state.lanes[id], `state of lane ${id}`);
  }

  /** The attempt that is staged for the action or runs for it. */
  currentAttempt(key: string): AttemptState | undefined {
    const id = this.action(key).attempt;
    return id === undefined ? undefined : this.state.attempts[id];
  }
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`The stored state does not belong to this plan: no ${what}.`);
  return value;
}
