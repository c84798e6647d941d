/**
 * Who works on what. Several servers on one PostgreSQL, or one server on SQLite, share tasks through this port.
 *
 * A task is `queued`, then `leased` to one server, then `done`. A lease ends by itself when it is not renewed; the next
 * server then takes the task over with a higher epoch. Every write about a leased task goes through `fence`, so a
 * server that was slow, not dead, can no longer change anything after it lost the lease.
 */
import { ArgonautError } from '@argonaut/contracts';

export interface QueuedTask {
  readonly task: string;
  readonly space: string;
  /** Not before this moment. */
  readonly queueTime: Date;
  /** At most one task with the same tag is leased at any time; null = no limit. */
  readonly tag: string | null;
}

export interface Lease {
  readonly task: string;
  readonly owner: string;
  /** Grows with each claim; what carries a lower one comes from the past. */
  readonly epoch: number;
}

/** Another server has taken the task over: stop working on it at once, and write nothing. */
export class LeaseLost extends ArgonautError {
  constructor(lease: Lease) {
    super(
      'Conflict',
      `The server ${lease.owner} no longer owns ${lease.task} (epoch ${lease.epoch}): another one has taken it over.`,
    );
  }
}

/** Durations are in milliseconds. All calls may run inside a transaction of the same database and then belong to it. */
export interface Coordination {
  /** Puts a task into the queue; call it in the transaction that makes the task. Wakes the sleepers at commit. */
  enqueue(task: QueuedTask): Promise<void>;
  /**
   * Takes the longest waiting task that is due and whose tag is free, or one whose lease has run out. Never two
   * servers for one task. Tasks of the spaces in `stopped` stay where they are, unless they have begun.
   */
  claim(owner: string, leaseFor: number, stopped?: readonly string[]): Promise<Lease | undefined>;
  /** False when the lease is lost. */
  renew(lease: Lease, leaseFor: number): Promise<boolean>;
  /** Ends the lease: the task is done, or goes back into the queue. @throws LeaseLost */
  release(lease: Lease, next: 'done' | 'queued'): Promise<void>;
  /** Runs `write` in a transaction that holds the lease against everybody. @throws LeaseLost without writing anything. */
  fence<T>(lease: Lease, write: () => Promise<T>): Promise<T>;
  /** Takes a task that nobody has begun out of the queue (cancel). False when it is leased or done. */
  withdraw(task: string): Promise<boolean>;
  /**
   * Puts a task that waits before all that were not put first; those that were keep their order. False when it is leased or
   * done, or not due yet. Wakes the sleepers at commit.
   */
  putFirst(task: string): Promise<boolean>;
  /** Tells every server to look at the queue again; inside a transaction, at its commit. */
  wake(): Promise<void>;
  /** Calls `listener` at every wake, from whichever server. Returns how to stop. */
  onWake(listener: () => void): () => void;
  /** When the next task that is not due yet becomes so; undefined when there is none. For the timer of the queue's loop. */
  nextDue(): Promise<Date | undefined>;
  /** True when `owner` leads `role` for the next `leaseFor`; repeat it to go on leading. */
  elect(role: string, owner: string, leaseFor: number): Promise<boolean>;
  close(): Promise<void>;
}
