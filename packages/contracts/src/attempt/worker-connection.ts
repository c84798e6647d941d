/**
 * The port between whoever orchestrates and the place where attempts run. Two implementations: the runner in this
 * process, and an agent over the wire. Every verb is idempotent and carries the epoch of the caller's lease: a lower
 * epoch than one already seen is refused with `Conflict`. Every verb takes a signal and has a deadline of its own.
 */
import type { Secret } from '../secret.ts';
import type { AttemptEvent, AttemptPhase, LogPosition, Outcome } from './events.ts';
import type { AcquiredImage, AcquiredPackage, AttemptSpec, LateValues, NamedSecret } from './spec.ts';
import type { TerminalRequest, TerminalSession } from './terminal.ts';

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
  /** When the tag meant that digest, as far as is known: milliseconds since the epoch. */
  readonly meantMs?: number;
  readonly credentials?: RegistryCredentials;
  readonly policy: 'always' | 'if-not-present' | 'never';
  /** The image is built on the worker instead of pulled; `reference` is then only what messages call it. */
  readonly build?: ImageBuild;
}

/** What an image is built from. Whoever may use the engine can read it afterwards: no secret belongs into it. */
export interface ImageBuild {
  readonly dockerfile: string;
  /** Values of `ARG`. */
  readonly arguments: Readonly<Record<string, string>>;
  /**
   * What the images that the Dockerfile begins from are fixed to, by reference (as it stands there, with the arguments
   * filled in). One that is absent is what its tag means on the worker.
   */
  readonly digests?: ImageDigests;
  /** For the images that the Dockerfile begins from, by registry; used for this one request. */
  readonly credentials: readonly (RegistryCredentials & { readonly registry: string })[];
}

/** Reference → digest. */
export type ImageDigests = Readonly<Record<string, string>>;

/** An image that is on the worker now. */
export interface PresentImage extends AcquiredImage {
  /** Of a built one: the digests of the images that it was built from, without those that its Dockerfile names by digest. */
  readonly bases?: ImageDigests;
}

export interface PackageRequest extends AcquiredPackage {
  readonly sizeBytes: number;
  /** The file's bytes from the beginning; asked for only when the worker does not have them. */
  content(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface ResolvedImage {
  readonly reference: string;
  /** Digest of the index (or of the manifest where there is no index). */
  readonly digest: string;
  readonly platforms: readonly { readonly os: string; readonly architecture: string }[];
}

/** When images are removed from a worker. */
export interface ImageCleanUpRules {
  readonly marks: ImageMarks;
  /** What was used less long ago stays, however full the disk is. */
  readonly minimumAgeMs: number;
}

/**
 * At `high` or above the images that were unused for longest go, until the level is `low` or nothing more may go. `percent`: of
 * the disk that holds the engine's images, whatever fills it. `bytes`: of the images that Argonaut brought, layers that
 * several share counted for each.
 */
export interface ImageMarks {
  readonly unit: 'percent' | 'bytes';
  readonly high: number;
  readonly low: number;
}

export interface RemovedImage {
  /** A name that people know it by. */
  readonly image: string;
  readonly sizeBytes: number;
  readonly unusedMs: number;
}

/** Levels are in the unit of the marks. `unmeasurable`: the worker does not see the disk of its engine. */
export type ImageCleanUpReport =
  | { readonly kind: 'room'; readonly level: number }
  | { readonly kind: 'unmeasurable' }
  | {
      readonly kind: 'cleaned';
      readonly before: number;
      readonly after: number;
      readonly removed: readonly RemovedImage[];
    };

/** A line of the worker's own, for the task log. */
export interface WorkerLine {
  readonly message: string;
  readonly level: 'Verbose' | 'Info' | 'Warning';
}

/** A line of the acquisition phase. */
export interface AcquireProgress extends WorkerLine {
  /** Bytes are being fetched; what came before was finding out which. */
  readonly pulling?: true;
}

export type TellProgress = (line: AcquireProgress) => void;

/** Called while a verb lasts. */
export type TellLine = (line: WorkerLine) => void;

export interface StagedAttempt {
  readonly attempt: string;
  /** The interpreter that was found, absent when none was asked for. */
  readonly interpreter?: string;
  /** The step's directory, as its program will see it. */
  readonly work: string;
  /** Where the time went, milliseconds by name (`sandbox`, `create`, `start`). */
  readonly timings: Readonly<Record<string, number>>;
}

export interface OpenedAttempt {
  /** What was done to files before the program began; empty when that was told before. */
  readonly lines: readonly WorkerLine[];
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

  /** Bytes of memory that new programs could have, told without asking the engine; a worker may not know. */
  freeMemory?(signal: AbortSignal): Promise<number | undefined>;

  /** Attempts that the worker's journal knows and has not forgotten. */
  list(signal: AbortSignal): Promise<readonly KnownAttempt[]>;

  /** Asks the registry through the worker. Errors name the reference and tell 401, 403, 404 and 429 apart. */
  resolve(image: ImageRequest, signal: AbortSignal): Promise<ResolvedImage>;

  /** Makes the image present; one pull per digest, shared by everyone who waits. */
  acquire(image: ImageRequest, onProgress: TellProgress, signal: AbortSignal): Promise<PresentImage>;

  /**
   * Makes a package present, by its content: one transfer per hash, shared by everyone who waits. Unpacked if asked, under
   * limits. May be repeated, also after a crash in its middle: nothing half-made is ever found.
   */
  acquirePackage(
    request: PackageRequest,
    onProgress: TellProgress,
    signal: AbortSignal,
  ): Promise<AcquiredPackage>;

  /** Creates and starts the container up to its gate. No user code runs. */
  stage(spec: AttemptSpec, epoch: number, signal: AbortSignal): Promise<StagedAttempt>;

  /**
   * Lets the program run. From here on the attempt has started, and is never started again. `tell`: what is waited for
   * before that, which may take minutes.
   */
  open(
    attempt: string,
    epoch: number,
    late: LateValues,
    tell: TellLine,
    signal: AbortSignal,
  ): Promise<OpenedAttempt>;

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

  /**
   * A shell in the container of an attempt that runs or is held. `Conflict` when it does neither; `Invalid` when it is no
   * container, or has no shell.
   */
  terminal(attempt: string, request: TerminalRequest, signal: AbortSignal): Promise<TerminalSession>;

  /** TERM to the group, KILL after the grace. The outcome arrives through `follow`. */
  cancel(attempt: string, epoch: number, graceMs: number, signal: AbortSignal): Promise<void>;

  /** Lets go of an attempt that is held after its failure. */
  release(attempt: string, epoch: number, signal: AbortSignal): Promise<void>;

  /** Everything is stored: the worker may forget the attempt and remove what it made. Returns before that is done. */
  finish(attempt: string, epoch: number, signal: AbortSignal): Promise<void>;

  /**
   * Removes images that nobody needs, least recently used first. `planned`: names (`AcquiredImage.local`) and digests of
   * images that tasks will still use here; what was built from those digests alone is wanted, too.
   */
  cleanUpImages(
    rules: ImageCleanUpRules,
    planned: readonly string[],
    signal: AbortSignal,
  ): Promise<ImageCleanUpReport>;

  /** The last step of a lane is over: its sandbox may go. */
  endLane(lane: string, signal: AbortSignal): Promise<void>;
}
