/**
 * The plan: what a task is going to do, decided once, stored, and never recomputed. Everything that later code asks
 * ("which lane?", "may it be staged early?", "why is it skipped?") is answered here.
 */
import Type, { type Static } from 'typebox';
import { Action, type ProcessSnapshot, StepCondition } from './process.ts';

/**
 * When a container may be prepared before its turn. `after`: as soon as these actions are over, because its image or
 * options read their outputs. `never`: only at its turn, and the log gives the reason.
 */
export const Early = Type.Union([
  Type.Object({ kind: Type.Literal('after'), actions: Type.Array(Type.String()) }),
  Type.Object({ kind: Type.Literal('never'), reason: Type.String() }),
]);
export type Early = Static<typeof Early>;

export const PlannedAction = Type.Object({
  /** Unique in the plan, as it appears in attempt ids: `1`, or `2-1` for the first of several in step 2. */
  key: Type.String(),
  /** As people read it: `1`, `2.1`. */
  number: Type.String(),
  action: Action,
  /** Present: it will not run, and why, as one sentence for the log. */
  skip: Type.Optional(Type.String()),
  /** Id of the worker pool; absent for actions that need no worker, and for those that are skipped. */
  pool: Type.Optional(Type.String()),
  /** Actions of one lane follow each other on one worker and share a network sandbox. Absent without a worker. */
  lane: Type.Optional(Type.String()),
  early: Early,
});
export type PlannedAction = Static<typeof PlannedAction>;

export const PlannedStep = Type.Object({
  /** From 1, in the order of the process; steps that are skipped keep their number. */
  number: Type.Integer({ minimum: 1 }),
  id: Type.String(),
  name: Type.String(),
  condition: StepCondition,
  /** Steps of one group start together, when every step of the group before is over. */
  group: Type.Integer({ minimum: 0 }),
  actions: Type.Array(PlannedAction),
});
export type PlannedStep = Static<typeof PlannedStep>;

export const Plan = Type.Object({
  schema: Type.Literal(1),
  /** Task id, such as `ServerTasks-12`. */
  task: Type.String(),
  /** What the root of the task log is called. */
  title: Type.String(),
  /** Id of the server installation: a label on everything that is created. */
  server: Type.String(),
  /** Lower case, digits and dashes, unique among all servers of one engine; attempt ids begin with it. */
  attemptPrefix: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,59}$' }),
  guidedFailure: Type.Boolean(),
  /** How many actions run at the same time. */
  maxParallelism: Type.Integer({ minimum: 1 }),
  /** How many containers of a lane are prepared ahead. */
  lookAhead: Type.Integer({ minimum: 0 }),
  /** How long the steps that always run may take, together, after a cancel; milliseconds. */
  budgetAfterCancelMs: Type.Integer({ minimum: 0 }),
  steps: Type.Array(PlannedStep),
  /** Found while planning (an unknown variable in an image name, …): the task fails before it leases a worker. */
  problems: Type.Array(Type.String()),
});
export type Plan = Static<typeof Plan>;

/** Variables as an action sees them; `null` is a variable without a value. May hold secrets: never stored. */
export type Variables = Readonly<Record<string, string | null>>;

/** The same with asterisks for secrets, for texts that people read. */
export function withoutSecrets(variables: Variables, secret: ReadonlySet<string> = new Set()): Variables {
  if (secret.size === 0) return variables;
  const hidden = [...secret].filter((name) => variables[name]).map((name) => [name, '********']);
  return { ...variables, ...Object.fromEntries(hidden) };
}

/** What `plan` and `advance` may ask about variables. Pure: the same answers until an output is recorded. */
export interface Scope {
  /** Everything that templates of this action may refer to, with the outputs so far. */
  variables(action: Action, step: { readonly id: string; readonly name: string }): Variables;
  /** The names among them whose values nobody may read; absent: none. */
  sensitive?(action: Action, step: { readonly id: string; readonly name: string }): ReadonlySet<string>;
  /** The moment that `NowDate` and its like show, milliseconds since the epoch. */
  readonly nowMs: number;
}

export interface PlanInput {
  readonly task: string;
  readonly title: string;
  readonly server: string;
  readonly attemptPrefix: string;
  readonly process: ProcessSnapshot;
  /** Absent: a task without an environment (`argonaut run`); environment filters then do not apply. */
  readonly environment?: { readonly id: string; readonly name: string };
  readonly channel?: { readonly id: string; readonly name: string };
  readonly tenant?: { readonly id: string; readonly tags: readonly string[] };
  /** Action ids that the person left out. `Invalid` when one is required or unknown. */
  readonly excludedActions?: readonly string[];
  readonly guidedFailure?: boolean;
  readonly defaultPool: string;
  readonly scope: Scope;
  /** Default 10, as in Octopus (`Octopus.Action.MaxParallelism`). */
  readonly maxParallelism?: number;
  /** Default 2. */
  readonly lookAhead?: number;
  /** Default five minutes. */
  readonly budgetAfterCancelMs?: number;
}
