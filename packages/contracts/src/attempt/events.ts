/**
 * What a worker tells about an attempt: chunks of its log with what was found in them, and its outcome. Everything
 * of one chunk is stored in one transaction keyed by (attempt, cursor), so a chunk applied twice changes nothing.
 */
import Type, { type Static } from 'typebox';
import type { ServiceReport } from './services.ts';

/** Log levels as Octopus names them in its log elements; `Info` is plain stdout, `Error` plain stderr. */
export const LogLevel = Type.Union([
  Type.Literal('Verbose'),
  Type.Literal('Info'),
  Type.Literal('Highlight'),
  Type.Literal('Wait'),
  Type.Literal('Warning'),
  Type.Literal('Error'),
]);
export type LogLevel = Static<typeof LogLevel>;

export const Stream = Type.Union([Type.Literal('stdout'), Type.Literal('stderr')]);
export type Stream = Static<typeof Stream>;

/** A stretch of masked bytes of one stream, level and moment. */
export interface LogRun {
  readonly stream: Stream;
  readonly level: LogLevel;
  /** When init read it, milliseconds since the epoch by the worker's clock. */
  readonly timeMs: number;
  readonly bytes: Uint8Array;
}

export const OutputVariable = Type.Object({
  name: Type.String(),
  value: Type.String(),
  sensitive: Type.Boolean(),
});
export type OutputVariable = Static<typeof OutputVariable>;

/** A file that the script declared; its content is fetched with `read` before `finish`. */
export const DeclaredArtifact = Type.Object({
  /** As the script wrote it: absolute in the container, or relative to the step's directory. */
  path: Type.String(),
  name: Type.String(),
});
export type DeclaredArtifact = Static<typeof DeclaredArtifact>;

/** How far the log of an attempt is accounted for. Where a chunk ends, and where `follow` goes on. */
export interface LogPosition {
  /** Raw byte offset in the attempt's log before which everything is accounted for. */
  readonly cursor: number;
  /**
   * Bytes of each stream beyond the cursor that are accounted for as well. Nearly always absent: it is there only while
   * one stream has stopped in the middle of what may be a secret and the other goes on. `cursor` and both together grow
   * with every chunk, so they tell whether a chunk has been applied.
   */
  readonly ahead?: { readonly stdout: number; readonly stderr: number };
}

/** One number for a position: of two positions of one attempt the later one is larger. */
export function accountedBytes({ cursor, ahead }: LogPosition): number {
  return cursor + (ahead?.stdout ?? 0) + (ahead?.stderr ?? 0);
}

export interface LogChunk extends LogPosition {
  readonly type: 'log';
  readonly runs: readonly LogRun[];
  readonly outputs: readonly OutputVariable[];
  readonly artifacts: readonly DeclaredArtifact[];
  readonly progress?: { readonly percentage: number; readonly message: string };
  /** The script's own sentence about its failure (`fail_step`). */
  readonly resultMessage?: string;
}

/** Why an attempt ended as it did. */
export const OutcomeCause = Type.Union([
  Type.Literal('exited'),
  /** Its exit code says success, but it wrote to stderr, and its spec takes that for failure. */
  Type.Literal('error-output'),
  Type.Literal('signalled'),
  Type.Literal('timed-out'),
  Type.Literal('cancelled'),
  Type.Literal('cancelled-at-gate'),
  Type.Literal('out-of-memory'),
  Type.Literal('not-started'),
  Type.Literal('program-not-runnable'),
  Type.Literal('killed-from-outside'),
  Type.Literal('ended-by-engine'),
  Type.Literal('disagreement'),
  Type.Literal('unknown'),
]);
export type OutcomeCause = Static<typeof OutcomeCause>;

/**
 * `Succeeded`, `Failed`, `Cancelled` and `TimedOut` are known; `NotStarted` says that no user code ran, so a new
 * attempt is safe; `Unknown` says that nobody can tell. Nothing is ever guessed.
 */
export const Result = Type.Union([
  Type.Literal('Succeeded'),
  Type.Literal('Failed'),
  Type.Literal('Cancelled'),
  Type.Literal('TimedOut'),
  Type.Literal('NotStarted'),
  Type.Literal('Unknown'),
]);
export type Result = Static<typeof Result>;

export const Outcome = Type.Object({
  result: Result,
  cause: OutcomeCause,
  /** One sentence for people: what ended it, and what to do about it. */
  message: Type.String(),
  /** True when the machine, the engine or the network is to blame, not the script. */
  infrastructure: Type.Boolean(),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String()),
  oomKills: Type.Optional(Type.Integer()),
  /** Processes that the step left behind and that were ended, unless they are `lingering`. */
  stragglers: Type.Optional(Type.Integer()),
  /** True when those go on, as the step wished. */
  lingering: Type.Optional(Type.Boolean()),
  /** True when TERM did not suffice. */
  killedAfterGrace: Type.Optional(Type.Boolean()),
  logBytes: Type.Optional(Type.Integer()),
  /** Milliseconds since the epoch, by the worker's clock. */
  startedMs: Type.Optional(Type.Number()),
  endedMs: Type.Optional(Type.Number()),
  userCpuUs: Type.Optional(Type.Number()),
  systemCpuUs: Type.Optional(Type.Number()),
  maxRssKb: Type.Optional(Type.Number()),
});
export type Outcome = Static<typeof Outcome>;

/** The program is over and its log is complete; the next step of the lane may go on. */
export interface AttemptEnded {
  readonly type: 'ended';
  readonly outcome: Outcome;
  /** How the step's services did until now; absent when there is nothing to say. */
  readonly services?: readonly ServiceReport[];
}

/** The engine agrees (or does not: then the outcome says `disagreement`); the task may end. */
export interface AttemptConfirmed {
  readonly type: 'confirmed';
  readonly outcome: Outcome;
  /** It failed, and its container stays until it is let go of (`release`) or its time is over. */
  readonly held?: boolean;
}

/** What the log of the program cannot tell while it runs; told once, and kept by nobody: it is lost with a broken connection. */
export interface AttemptNotice {
  readonly type: 'notice';
  readonly level: 'Info' | 'Warning';
  /** For people: what happened and what to do. */
  readonly message: string;
}

/** A service has ended while its step runs: told to everybody who follows, and again with the end of the attempt. */
export interface AttemptServiceEnded {
  readonly type: 'service-ended';
  readonly service: ServiceReport;
}

export type AttemptEvent = LogChunk | AttemptNotice | AttemptServiceEnded | AttemptEnded | AttemptConfirmed;

/** Where an attempt is in its life, as the journal tells it. */
export const AttemptPhase = Type.Union([
  Type.Literal('accepted'),
  Type.Literal('staged'),
  Type.Literal('go'),
  Type.Literal('ended'),
  Type.Literal('drained'),
  Type.Literal('finished'),
]);
export type AttemptPhase = Static<typeof AttemptPhase>;
