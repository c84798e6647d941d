/** What the shell around the orchestrator stands on. The server implements these over its database, `argonaut run` over files. */
import type {
  ContainerPolicy,
  ImageDigests,
  ImageRequest,
  LogPosition,
  NamedSecret,
  PackageRequest,
  WorkerConnection,
} from '@argonaut/contracts/attempt';
import type {
  Action,
  CommandOf,
  ImageRecipe,
  Order,
  Plan,
  PullPolicy,
  TaskState,
  Variables,
} from '@argonaut/orchestrator';
import type { ContainerSettings } from '@argonaut/runner/options';
import type { LogFrame } from '../tasklog/index.ts';

export interface StoredTimer {
  readonly timer: string;
  /** Milliseconds since the epoch. */
  readonly dueMs: number;
}

/** How far an attempt's log has been stored, and what its script said about its failure. */
export interface AttemptCursor {
  readonly position: LogPosition;
  readonly resultMessage?: string;
  /**
   * How many outputs there were when its gate opened: its log is read again with the secrets of that moment, never with
   * more, so that it is cut in the same places.
   */
  readonly outputsAtOpen?: number;
}

export interface StoredOutput {
  /** The action's name, by which templates refer to it. */
  readonly action: string;
  readonly name: string;
  /** Absent: a sensitive value that the store was not allowed to keep. */
  readonly value?: string;
  readonly sensitive: boolean;
}

export interface StoredArtifact {
  readonly id: string;
  readonly attempt: string;
  /** As the script wrote it. */
  readonly path: string;
  readonly name: string;
  readonly status: 'declared' | 'stored' | 'failed';
}

/** Everything of a task that survives a crash, besides its log. */
export interface StoredRun {
  readonly plan: Plan;
  readonly state: TaskState;
  /** Orders that have not been answered yet, oldest first. */
  readonly orders: readonly Order[];
  readonly timers: readonly StoredTimer[];
  readonly cursors: Readonly<Record<string, AttemptCursor>>;
  readonly outputs: readonly StoredOutput[];
  readonly artifacts: readonly StoredArtifact[];
}

/** What one transaction changes. All of it becomes durable, or nothing. */
export interface RunChange {
  readonly state?: TaskState;
  readonly addedOrders: readonly Order[];
  readonly removedOrders: readonly string[];
  readonly addedTimers: readonly StoredTimer[];
  readonly removedTimers: readonly string[];
  readonly cursors: Readonly<Record<string, AttemptCursor>>;
  readonly outputs: readonly StoredOutput[];
  /** New ones, and known ones with a new status. */
  readonly artifacts: readonly StoredArtifact[];
  readonly questions: readonly CommandOf<'ask'>[];
  readonly withdrawn: readonly CommandOf<'withdraw'>[];
  readonly completion?: CommandOf<'complete'>;
  /** Encoded frames to append to the task's log. */
  readonly log: Uint8Array;
  /** The same frames, for stores that keep figures of them (warnings, progress). */
  readonly frames: readonly LogFrame[];
}

export interface RunStore {
  /** Stores a new task's plan and first state. `Conflict` when the task has one. */
  create(plan: Plan, state: TaskState): Promise<void>;

  /** Takes the task over: raises its epoch, cuts off uncommitted log. `NotFound` when it was never created. */
  claim(task: string): Promise<{ readonly run: StoredRun; readonly epoch: number }>;

  /** Log first, durable; then everything else in one transaction. `Conflict` when the epoch is not the newest. */
  commit(task: string, epoch: number, change: RunChange): Promise<void>;
}

export interface WorkerLease {
  readonly worker: string;
  readonly name: string;
  readonly connection: WorkerConnection;
}

export interface LeaseRequest {
  readonly task: string;
  readonly pool: string;
  readonly generation: number;
  /** Present after a restart: this worker and no other. */
  readonly worker?: string;
}

/** The choice of workers: healthy, enabled, fewest leases, the same for one task. Idempotent by (task, pool, generation). */
export interface WorkerDirectory {
  /** Errors carry a message for the task log: no healthy worker, unknown pool, no engine, … */
  lease(request: LeaseRequest, signal: AbortSignal): Promise<WorkerLease>;
  release(request: LeaseRequest): Promise<void>;
}

/** An image as a step names it, with its variables put in. */
export interface NamedImage {
  readonly feed?: string;
  readonly reference: string;
  readonly pull?: PullPolicy;
  /** Absent: it is pulled. */
  readonly build?: ImageRecipe;
}

interface ForWorker {
  readonly task: string;
  readonly pool: string;
}

/** Why a worker did not get an image. */
export interface ImageFailure {
  readonly error: Error;
  /** The worker's name. */
  readonly worker: string;
  /** The digest that it was asked for, if it was. */
  readonly digest?: string;
  /** Of an image that is built: the digests of what it was to begin from. */
  readonly baseDigests?: ImageDigests;
}

/** Registries: turns a feed and an image name into what a worker can be asked for, with credentials for one request. */
export interface ImageDirectory {
  /** With a digest where the release has fixed what the name means. */
  request(
    image: NamedImage,
    context: ForWorker,
    signal: AbortSignal,
  ): Promise<ImageRequest & { readonly warnings?: readonly string[] }>;
  /**
   * A digest was found and is about to be used: a release without one fixes it. The answer is the digest to use, which is
   * another one when another task was quicker.
   */
  acquired?(image: NamedImage, digest: string, context: ForWorker): Promise<string>;
  /** The same for all that a built image begins from. */
  builtFrom?(image: NamedImage, bases: ImageDigests, context: ForWorker): Promise<ImageDigests>;
  /** What to tell people, in the words of somebody who knows feeds. Within seconds; never throws. */
  explain?(image: NamedImage, failure: ImageFailure, context: ForWorker, signal: AbortSignal): Promise<Error>;
}

/** A package as a step names it, with its variables put in and the version that its release has chosen. */
export interface NamedPackage {
  readonly feed: string;
  readonly packageId: string;
  readonly version: string;
}

/** Feeds of packages. */
export interface PackageDirectory {
  /** Errors name the feed, the package and the version. */
  find(
    named: NamedPackage,
    context: ForWorker,
    signal: AbortSignal,
  ): Promise<Omit<PackageRequest, 'extract'>>;
}

/** Variables of one action: values (templates, not evaluated), and which names are sensitive. */
export interface ActionVariables {
  readonly values: Variables;
  readonly sensitive: ReadonlySet<string>;
}

/** The variables of a task, loaded before it is advanced. Outputs and system variables of the step are added by the shell. */
export interface TaskVariables {
  /** Every secret of the task, also those that some steps do not get: all are hidden in every log. */
  readonly secrets?: readonly NamedSecret[];
  /** The names of worker pools by their ids, as far as they are known. */
  readonly pools?: ReadonlyMap<string, string>;
  of(action: Action, step: { readonly id: string; readonly name: string }): ActionVariables;
}

export interface VariableSource {
  load(task: string): Promise<TaskVariables>;
}

/** Keeps the files that scripts declare. */
export interface ArtifactStore {
  /** Idempotent by the artifact's id: a second call replaces what the first one left. */
  put(task: string, artifact: StoredArtifact, content: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Reads Docker options as the user wrote them, and checks them against the pool's policy. */
export interface ContainerOptionsPolicy {
  /** `Invalid` names the flag and the policy. */
  read(options: string, pool: string): Promise<ContainerSettings>;
  /** What every attempt of the pool is held against, here and by its worker. Nothing: attempts may do everything. */
  policyOf(pool: string): Promise<ContainerPolicy | undefined>;
}

/** What somebody who watches is told, after it is durable. */
export interface ExecutionObserver {
  onFrames?(frames: readonly LogFrame[]): void;
  onQuestion?(question: CommandOf<'ask'>): void;
  onState?(state: TaskState): void;
}

export interface ExecutionPorts {
  readonly store: RunStore;
  readonly workers: WorkerDirectory;
  readonly images: ImageDirectory;
  /** Absent: there are no packages here. */
  readonly packages?: PackageDirectory;
  readonly variables: VariableSource;
  readonly artifacts: ArtifactStore;
  readonly containerOptions: ContainerOptionsPolicy;
  readonly observer?: ExecutionObserver;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A worker that does not answer for so long is lost, and what ran there is `Unknown`. Default ten minutes. */
  readonly lostAfterMs?: number;
}
