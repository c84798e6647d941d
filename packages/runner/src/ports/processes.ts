/** Processes on the worker, for plain steps. A process outlives the connection and the runner that spawned it. */
export interface SpawnRequest {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A process that can be told apart from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot, field 22 of `/proc/<pid>/stat`. */
  readonly startTicks: number;
  readonly bootId: string;
}

export interface Processes {
  /** In a session of its own, with no inherited descriptors. Resolves once it has been started. */
  spawn(request: SpawnRequest, signal: AbortSignal): Promise<ProcessIdentity>;

  isAlive(identity: ProcessIdentity, signal: AbortSignal): Promise<boolean>;

  /** Sends a signal if and only if it is still that process. */
  kill(identity: ProcessIdentity, name: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void>;

  /** Processes whose environment carries `ARGONAUT_ATTEMPT=<attempt>`: what is left when init itself was killed. */
  findByAttempt(attempt: string, signal: AbortSignal): Promise<readonly ProcessIdentity[]>;

  /** Architecture as images name it, and the operating system. */
  platform(signal: AbortSignal): Promise<{ readonly os: string; readonly architecture: string }>;

  /** The first of these programs that exists: absolute paths as they are, names looked up in PATH. */
  findProgram(candidates: readonly string[], signal: AbortSignal): Promise<string | undefined>;
}
