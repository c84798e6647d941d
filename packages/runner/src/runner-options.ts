/** What a runner is made of: ports, names, places. */
import type { RemovedAttempt } from './attempts/disposal.ts';
import type { Clock, Engine, Files, Journal, Processes } from './ports/index.ts';

export interface RunnerOptions {
  /** Absent: only plain steps of the host run here. */
  readonly engine?: Engine;
  readonly files: Files;
  readonly processes: Processes;
  readonly journal: Journal;
  readonly clock: Clock;
  /**
   * Id of the server installation. Together with the data directory it marks what this runner made: two runners that run at
   * the same time never share both, since each removes what carries the marks and is not in its journal.
   */
  readonly server: string;
  /** Absolute path on the worker, as the runner's `files` see it. */
  readonly dataDirectory: string;
  /** The same directory as the engine sees it, when the runner itself is in a container (`ARGONAUT_HOST_DATA`). */
  readonly hostDataDirectory?: string;
  /** A tmpfs of the worker for secrets of plain steps; default `/dev/shm`. */
  readonly memoryDirectory?: string;
  /** What plain steps inherit (PATH, HOME, …); default nothing but a PATH. */
  readonly hostEnvironment?: Readonly<Record<string, string>>;
  /** An environment whose proxies (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`) every step finds; default none. */
  readonly proxies?: Readonly<Record<string, string | undefined>>;
  /** How many network sandboxes wait; default 2. */
  readonly poolSize?: number;
  /** Failures in the background, for the worker's own log. */
  readonly onProblem?: (message: string) => void;
  /** For figures: nothing is left of an attempt any more. */
  readonly onRemoved?: (removed: RemovedAttempt) => void;
}
