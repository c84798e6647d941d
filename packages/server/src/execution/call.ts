/** What carries one order out: the worker, and how long to wait for it. */
import type { ExecutionSide } from './execution-side.ts';
import type { WorkerLease } from './ports.ts';

export interface Call {
  readonly execution: ExecutionSide;
  readonly lease: WorkerLease;
  readonly epoch: number;
  readonly signal: AbortSignal;
  /** Repeats while the worker is away or its machine has trouble. A call that lasts tells when it got something new. */
  patiently<T>(call: (answered: () => void) => Promise<T>, mayPass?: (error: unknown) => boolean): Promise<T>;
}
