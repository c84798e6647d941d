/** Time, so that tests can hold it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from a point that never moves; for durations. */
  monotonic(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to 1; for jitter only. */
  random(): number;
}
