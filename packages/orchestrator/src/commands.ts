/**
 * What `advance` wants done. Ids are stable: the same command never comes twice with different ids, and a command that
 * is carried out again under its id must have no further effect.
 *
 * **Records** are carried out by being stored, in the same transaction as the state. **Orders** reach the world: they
 * are stored with the state, carried out afterwards, answered with an event, and removed.
 */
import { AttemptSpec, LogLevel } from '@argonaut/contracts/attempt';
import Type, { type Static, type TSchema } from 'typebox';
import { ImageRecipe, PullPolicy, ScriptSyntax } from './process.ts';

const command = <K extends string, P extends Record<string, TSchema>>(kind: K, properties: P) =>
  Type.Object({ id: Type.String(), kind: Type.Literal(kind), ...properties });

export const ActivityKind = Type.Union([
  Type.Literal('task'),
  Type.Literal('preparation'),
  Type.Literal('step'),
  Type.Literal('action'),
  Type.Literal('attempt'),
]);
export type ActivityKind = Static<typeof ActivityKind>;

/** As Octopus names the states of a log's activities; `SuccessWithWarning` is found by whoever folds the log. */
export const ActivityStatus = Type.Union([
  Type.Literal('Pending'),
  Type.Literal('Running'),
  Type.Literal('Success'),
  Type.Literal('Failed'),
  Type.Literal('Skipped'),
  Type.Literal('Canceled'),
]);
export type ActivityStatus = Static<typeof ActivityStatus>;

/** A new node of the task's log. The root's parent is empty. */
export const DeclareActivity = command('activity', {
  activity: Type.String(),
  parent: Type.String(),
  name: Type.String(),
  activityKind: ActivityKind,
});

/** Began, or ended: the shell adds the time. */
export const SetStatus = command('status', { activity: Type.String(), status: ActivityStatus });

/** A line of our own in the log. */
export const Say = command('say', { activity: Type.String(), level: LogLevel, text: Type.String() });

/** Output variables that do not come from a script (manual intervention). Never sensitive. */
export const RecordOutputs = command('outputs', {
  /** Name by which templates refer to them: `Octopus.Action[<action>].Output.<name>`. */
  action: Type.String(),
  values: Type.Record(Type.String(), Type.String()),
});

export const Answer = Type.Union([
  Type.Literal('Proceed'),
  Type.Literal('Abort'),
  Type.Literal('Fail'),
  Type.Literal('Retry'),
  Type.Literal('Ignore'),
]);
export type Answer = Static<typeof Answer>;

/** Asks a person, and waits without a limit. */
export const Ask = command('ask', {
  /** Unique within the task. */
  interruption: Type.String(),
  type: Type.Union([Type.Literal('ManualIntervention'), Type.Literal('GuidedFailure')]),
  title: Type.String(),
  /** Markdown, evaluated. */
  text: Type.String(),
  teams: Type.Array(Type.String()),
  choices: Type.Array(Answer),
  activity: Type.String(),
  action: Type.String(),
  /** The failed attempt whose container stays meanwhile, and for how long after the transaction. */
  hold: Type.Optional(Type.Object({ attempt: Type.String(), forMs: Type.Integer({ minimum: 0 }) })),
});

/** The question has no meaning any more. */
export const Withdraw = command('withdraw', {
  interruption: Type.String(),
  /** Nobody answered in time. */
  expired: Type.Optional(Type.Boolean()),
});

/** Fire the timer event this long after the transaction, also across restarts. */
export const SetTimer = command('timer', { timer: Type.String(), delayMs: Type.Integer({ minimum: 0 }) });

/** The task is over. The last command of every history. */
export const Complete = command('complete', {
  result: Type.Union([Type.Literal('Success'), Type.Literal('Failed'), Type.Literal('Canceled')]),
  /** Empty on success. Begins with `Outcome unknown` when that is what it is. */
  errorMessage: Type.String(),
  /** The failure is that nobody can tell how a step ended. */
  unknown: Type.Boolean(),
});

const onLease = { pool: Type.String(), generation: Type.Integer({ minimum: 1 }) };

/** Take a healthy worker of the pool, the same as before if it can be had. Answer: `leased` or `lease-failed`. */
export const Lease = command('lease', { ...onLease });

/** Give the worker back. No answer. */
export const ReleaseLease = command('release-lease', { ...onLease });

/** Make an image present on the leased worker. Answer: `acquired` or `acquire-failed`. */
export const Acquire = command('acquire', {
  ...onLease,
  /** Key in the state's table of images. */
  image: Type.String(),
  acquisition: Type.Integer(),
  /** Feed id; absent: the engine's own name for it. */
  feed: Type.Optional(Type.String()),
  /** `repository:tag`, evaluated. */
  reference: Type.String(),
  /** Evaluated; absent: the image is pulled. */
  build: Type.Optional(ImageRecipe),
  pull: Type.Optional(PullPolicy),
  /** Where progress is shown. */
  activity: Type.String(),
});

/** Bring a package to the leased worker. Answer: `package-acquired` or `package-acquire-failed`. */
export const AcquirePackage = command('acquire-package', {
  ...onLease,
  /** Key in the state's table of packages. */
  package: Type.String(),
  acquisition: Type.Integer(),
  /** Feed id, package id and version, evaluated. */
  feed: Type.String(),
  packageId: Type.String(),
  version: Type.String(),
  /** Unpacked, or the file that it is. */
  extract: Type.Boolean(),
  /** Where progress is shown. */
  activity: Type.String(),
});

/** Stop carrying out another order; its answer is not wanted any more. No answer. */
export const Abandon = command('abandon', { order: Type.String() });

/** Everything of an `AttemptSpec` that the process decides; the shell adds interpreters and container options. */
export const Staging = Type.Object({
  ...Type.Omit(AttemptSpec, ['interpreters']).properties,
  /** Absent: the image's own program. */
  syntax: Type.Optional(ScriptSyntax),
  /** Docker options as the user wrote them, evaluated; to be read and checked against the pool's policy. */
  containerOptions: Type.Optional(Type.String()),
});
export type Staging = Static<typeof Staging>;

/** Create the container up to its gate. Answer: `staged`, `stage-failed` or `stage-declined` (only when ahead). */
export const Stage = command('stage', {
  ...onLease,
  attempt: Type.String(),
  staging: Staging,
  /** Before its turn: the shell may decline when memory is short. */
  ahead: Type.Boolean(),
});

/** Let the program run. Answer: `opened`, `open-refused`, or what `follow` tells. */
export const Open = command('open', {
  ...onLease,
  attempt: Type.String(),
  /** Key of the planned action, from which the late values are built. */
  action: Type.String(),
  timeoutMs: Type.Integer(),
  graceMs: Type.Integer(),
});

/** Throw a staged attempt away. Answer: `discarded`. */
export const Discard = command('discard', { ...onLease, attempt: Type.String() });

/** End a running attempt. The answer is its outcome. */
export const Cancel = command('cancel', { ...onLease, attempt: Type.String(), graceMs: Type.Integer() });

/** Let go of an attempt that is held after its failure. No answer. */
export const ReleaseHold = command('release-hold', { ...onLease, attempt: Type.String() });

/** Fetch what is still to be fetched (artifacts), then let the worker forget. Answer: `finished`. */
export const Finish = command('finish', { ...onLease, attempt: Type.String() });

/** The lane's sandbox may go. No answer. */
export const EndLane = command('end-lane', { ...onLease, lane: Type.String() });

export const RecordCommand = Type.Union([
  DeclareActivity,
  SetStatus,
  Say,
  RecordOutputs,
  Ask,
  Withdraw,
  SetTimer,
  Complete,
]);
export type RecordCommand = Static<typeof RecordCommand>;

export const Order = Type.Union([
  Lease,
  ReleaseLease,
  Acquire,
  AcquirePackage,
  Abandon,
  Stage,
  Open,
  Discard,
  Cancel,
  ReleaseHold,
  Finish,
  EndLane,
]);
export type Order = Static<typeof Order>;

export const Command = Type.Union([RecordCommand, Order]);
export type Command = Static<typeof Command>;

/** A command of one kind. */
export type CommandOf<K extends Command['kind']> = Extract<Command, { kind: K }>;

const RECORD_KINDS: ReadonlySet<string> = new Set<RecordCommand['kind']>([
  'activity',
  'status',
  'say',
  'outputs',
  'ask',
  'withdraw',
  'timer',
  'complete',
]);

/** True for commands that are carried out by being stored. */
export function isRecord(candidate: Command): candidate is RecordCommand {
  return RECORD_KINDS.has(candidate.kind);
}
