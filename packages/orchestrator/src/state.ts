/**
 * The state of a task between two events: plain data, stored with every step forward. It holds no secret and no clock
 * value; outputs live with the variables, not here.
 */
import { AcquiredImage, AcquiredPackage, Outcome, StepPackage } from '@argonaut/contracts/attempt';
import Type, { type Static } from 'typebox';
import type { Plan } from './plan-types.ts';
import { ActionOptions } from './process.ts';

/** A worker taken from a pool for this task. A lost worker is followed by a lease of the next generation. */
export const LeaseState = Type.Object({
  pool: Type.String(),
  generation: Type.Integer({ minimum: 1 }),
  status: Type.Union([
    Type.Literal('leasing'),
    Type.Literal('held'),
    Type.Literal('failed'),
    Type.Literal('lost'),
    Type.Literal('released'),
  ]),
  worker: Type.Optional(Type.String()),
  workerName: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
});
export type LeaseState = Static<typeof LeaseState>;

/** What has to be on the worker of one lease before a step can be prepared. */
const acquirable = {
  pool: Type.String(),
  generation: Type.Integer(),
  /** Counts acquisitions of the same thing, so that each is a command of its own. */
  acquisition: Type.Integer({ minimum: 1 }),
  status: Type.Union([
    Type.Literal('acquiring'),
    Type.Literal('present'),
    Type.Literal('failed'),
    /** Given up, or gone from the worker: must be acquired again before use. */
    Type.Literal('stale'),
  ]),
  message: Type.Optional(Type.String()),
};

export const ImageState = Type.Object({
  ...acquirable,
  acquired: Type.Optional(AcquiredImage),
  /** Of one that failed: asking again by itself cannot help. */
  final: Type.Optional(Type.Boolean()),
});
export type ImageState = Static<typeof ImageState>;

export const PackageState = Type.Object({ ...acquirable, acquired: Type.Optional(AcquiredPackage) });
export type PackageState = Static<typeof PackageState>;

/**
 * `staging → staged → opening → open → ended → finishing → finished`, or `staged → discarding → gone`. `lost` is an
 * attempt whose worker will not answer any more. `finished`, `gone` and `lost` are closed.
 */
export const AttemptState = Type.Object({
  id: Type.String(),
  /** Key of the planned action. */
  action: Type.String(),
  pool: Type.String(),
  generation: Type.Integer(),
  /** What its program finds in its directory; absent means nothing. */
  packages: Type.Optional(Type.Array(StepPackage)),
  /** Its directory, as its program sees it; known once it is staged. */
  work: Type.Optional(Type.String()),
  phase: Type.Union([
    Type.Literal('staging'),
    Type.Literal('staged'),
    Type.Literal('opening'),
    Type.Literal('open'),
    Type.Literal('ended'),
    Type.Literal('finishing'),
    Type.Literal('finished'),
    Type.Literal('discarding'),
    Type.Literal('gone'),
    Type.Literal('lost'),
  ]),
  /** Throw it away as soon as that is possible. */
  unwanted: Type.Boolean(),
  cancelSent: Type.Boolean(),
  /** It failed, and its container stays for a person to look into. */
  held: Type.Optional(Type.Boolean()),
  /** What the script said about its failure, kept while it is not known yet whether it is held. */
  resultMessage: Type.Optional(Type.String()),
  outcome: Type.Optional(Outcome),
});
export type AttemptState = Static<typeof AttemptState>;

export const ActionResult = Type.Union([
  Type.Literal('Success'),
  Type.Literal('Failed'),
  Type.Literal('Skipped'),
  Type.Literal('Canceled'),
]);
export type ActionResult = Static<typeof ActionResult>;

export const ActionState = Type.Object({
  phase: Type.Union([
    Type.Literal('pending'),
    Type.Literal('active'),
    /** Waits for its back-off timer before the next attempt. */
    Type.Literal('backoff'),
    /** Waits for a person. */
    Type.Literal('asking'),
    Type.Literal('done'),
  ]),
  result: Type.Optional(ActionResult),
  message: Type.Optional(Type.String()),
  /** The outcome of its last attempt is unknown. */
  unknown: Type.Boolean(),
  /** The attempt that is staged for it or runs for it now. */
  attempt: Type.Optional(Type.String()),
  /** Stagings so far: the number of the last attempt. */
  attempts: Type.Integer(),
  /** Failures that were followed by an automatic retry. */
  retries: Type.Integer(),
  /** Stagings repeated since the last failure because no user code had run. */
  restagings: Type.Integer(),
  /** Questions asked so far; part of the interruption's id. */
  questions: Type.Integer(),
  /** False once staging ahead was declined or failed: then it waits for its turn. */
  mayStageAhead: Type.Boolean(),
  /** What its options came to when its turn came; absent where variables decide none of them. */
  options: Type.Optional(ActionOptions),
});
export type ActionState = Static<typeof ActionState>;

export const StepState = Type.Object({
  phase: Type.Union([Type.Literal('pending'), Type.Literal('running'), Type.Literal('done')]),
  result: Type.Optional(ActionResult),
});
export type StepState = Static<typeof StepState>;

export const LaneState = Type.Object({
  /** A gate of the lane has been opened, and nothing has gone wrong since: look-ahead may work. */
  flowing: Type.Boolean(),
  /** Generation of the lease that last worked in this lane, 0 for none. */
  generation: Type.Integer(),
  ended: Type.Boolean(),
});
export type LaneState = Static<typeof LaneState>;

export const TaskState = Type.Object({
  schema: Type.Literal(1),
  /** Records written so far; numbers the next one. */
  records: Type.Integer({ minimum: 0 }),
  phase: Type.Union([
    Type.Literal('new'),
    /** Workers are leased and images acquired before the first step. */
    Type.Literal('preparing'),
    Type.Literal('running'),
    Type.Literal('ended'),
  ]),
  /** Ids of the cancel requests seen. The first cancels what runs; the second also what runs always. */
  cancelRequests: Type.Array(Type.String()),
  /** Nothing more may be opened, not even steps that always run. */
  halted: Type.Boolean(),
  /** What went wrong first, for the task's error message. */
  failure: Type.Optional(Type.String()),
  failing: Type.Boolean(),
  leases: Type.Record(Type.String(), LeaseState),
  /** By `imageKey`. */
  images: Type.Record(Type.String(), ImageState),
  /** By pool, feed, package, version and form; absent: none was asked for yet. */
  packages: Type.Optional(Type.Record(Type.String(), PackageState)),
  lanes: Type.Record(Type.String(), LaneState),
  /** By step number. */
  steps: Type.Record(Type.String(), StepState),
  /** By the planned action's key. */
  actions: Type.Record(Type.String(), ActionState),
  /** By attempt id. */
  attempts: Type.Record(Type.String(), AttemptState),
  result: Type.Optional(
    Type.Union([Type.Literal('Success'), Type.Literal('Failed'), Type.Literal('Canceled')]),
  ),
});
export type TaskState = Static<typeof TaskState>;

/** The state of a task that has not begun. */
export function initialState(plan: Plan): TaskState {
  const state: TaskState = {
    schema: 1,
    records: 0,
    phase: 'new',
    cancelRequests: [],
    halted: false,
    failing: false,
    leases: {},
    images: {},
    lanes: {},
    steps: {},
    actions: {},
    attempts: {},
  };
  for (const step of plan.steps) {
    state.steps[step.number] = { phase: 'pending' };
    for (const { key, lane } of step.actions) {
      if (lane !== undefined) state.lanes[lane] = { flowing: false, generation: 0, ended: false };
      state.actions[key] = {
        phase: 'pending',
        unknown: false,
        attempts: 0,
        retries: 0,
        restagings: 0,
        questions: 0,
        mayStageAhead: true,
      };
    }
  }
  return state;
}

/** Nothing more will come from it, and nothing of it is left that we could remove. */
export function isClosed(attempt: AttemptState): boolean {
  return attempt.phase === 'finished' || attempt.phase === 'gone' || attempt.phase === 'lost';
}

/** It failed, and its container is kept for a person to look into. */
export function isHeld(attempt: AttemptState): boolean {
  return attempt.phase === 'ended' && attempt.held === true;
}

/** Its program may be running, or may have been started. */
export function isOpen(attempt: AttemptState): boolean {
  return attempt.phase === 'opening' || attempt.phase === 'open';
}
