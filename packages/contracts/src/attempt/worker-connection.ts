/**
 * The port between whoever orchestrates and the place where attempts run. Two implementations: the runner in this
 * process, and an agent over the wire. Every verb is idempotent and carries the epoch of the caller's lease: a lower
 * epoch than one already seen is refused with `Conflict`. Every verb takes a signal and has a deadline of its own.
 */
import type { Secret } from '../secret.ts';
import type { AttemptEvent, AttemptPhase, LogPosition, Outcome } from './events.ts';
import type { AcquiredImage, AttemptSpec, LateValues, NamedSecret } from './spec.ts';

export interface WorkerDescription {
  readonly os: string;
  /** As images name it: `amd64`, `arm64`. */
  readonly architecture: string;
  /** Absent: no engine answers; the text says why and what to do. */
  readonly engine?: {
    readonly name: string;
    readonly version: string;
    readonly apiVersion: string;
    /** False: the engine ends every container when it is restarted. */
    readonly liveRestore: boolean;
  };
  readonly engineProblem?: string;
  /** Things that work but that a person should know, one sentence each. */
  readonly warnings: readonly string[];
  readonly freeDiskBytes?: number;
  readonly freeMemoryBytes?: number;
}

export interface RegistryCredentials {
  readonly username: string;
  readonly password: Secret;
}

export interface ImageRequest {
  /** As the worker's engine is to see it: `registry/repository:tag` or `…@sha256:…`. */
  readonly reference: string;
  /** A digest fixed by the release: pulled by it, whatever the tag says now. */
  readonly digest?: string;
  readonly credentials?: RegistryCredentials;
  readonly policy: 'always' | 'if-not-present' | 'never';
}

export interface ResolvedImage {
  readonly reference: string;
  /** Digest of the index (or of the manifest where there is no index). */
  readonly digest: string;
  readonly platforms: readonly { readonly os: string; readonly architecture: string }[];
}

/** A line of the acquisition phase, for the task log. */
export interface AcquireProgress {
  readonly message: string;
  readonly level: 'Verbose' | 'Info' | 'Warning';
}

export interface StagedAttempt {
  readonly attempt: string;
  /** The interpreter that was found, absent when none was asked for. */
  readonly interpreter?: string;
  /** Where the time went, milliseconds by name (`sandbox`, `create`, `start`). */
  readonly timings: Readonly<Record<string, number>>;
}

export interface KnownAttempt {
  readonly attempt: string;
  readonly task: string;
  readonly phase: AttemptPhase;
  readonly epoch: number;
  readonly outcome?: Outcome;
}

/** `cursor` (and `ahead`) of the last chunk that was stored, 0 for none. */
export interface FollowOptions extends LogPosition {
  /** Must be the same secrets as at `open`: nothing is sent until they are known. */
  readonly secrets: readonly NamedSecret[];
}

export interface WorkerConnection {
  describe(signal: AbortSignal): Promise<WorkerDescription>;

  /** Attempts that the worker's journal knows and has not forgotten. */
  list(signal: AbortSignal): Promise<readonly KnownAttempt[]>;

  /** Asks the registry through the worker. Errors name the reference and tell 401, 403, 404 and 429 apart. */
  resolve(image: ImageRequest, signal: AbortSignal): Promise<ResolvedImage>;

  /** Makes the image present; one pull per digest, shared by everyone who waits. */
  acquire(
    image: ImageRequest,
    onProgress: (line: AcquireProgress) => void,
    signal: AbortSignal,
  ): Promise<AcquiredImage>;

  /** Creates and starts the container up to its gate. No user code runs. */
  stage(spec: AttemptSpec, epoch: number, signal: AbortSignal): Promise<StagedAttempt>;

  /** Lets the program run. From here on the attempt has started, and is never started again. */
  open(attempt: string, epoch: number, late: LateValues, signal: AbortSignal): Promise<void>;

  /** Throws a staged attempt away. `Conflict` when it has been opened. */
  discard(attempt: string, epoch: number, signal: AbortSignal): Promise<void>;

  /** Log chunks from the cursor on, then `ended`, then `confirmed`. Ends after that; may be called again. */
  follow(
    attempt: string,
    epoch: number,
    options: FollowOptions,
    signal: AbortSignal,
  ): AsyncIterable<AttemptEvent>;

  /** A file of the attempt's container or directory, for artifacts. Works until `finish`. */
  read(attempt: string, path: string, signal: AbortSignal): AsyncIterable<Uint8Array>;

  /** TERM to the group, KILL after the grace. The outcome arrives through `follow`. */
  cancel(attempt: string, epoch: number, graceMs: number, signal: AbortSignal): Promise<void>;

  /** Lets go of an attempt that is held after its failure. */
  release(attempt: string, epoch: number, signal: AbortSignal): Promise<void>;

  /** Everything is stored: the worker may forget the attempt and remove what it made. Returns before that is done. */
  finish(attempt: string, epoch: number, signal: AbortSignal): Promise<void>;

  /** The last step of a lane is over: its sandbox may go. */
  endLane(lane: string, signal: AbortSignal): Promise<void>;
}
