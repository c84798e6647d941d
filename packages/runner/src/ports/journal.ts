/**
 * The worker's memory of its attempts. An entry is durable before its effect, so after a crash the journal tells
 * what may have happened: no `go` means that nothing ran. It never lies in a directory that a step can reach.
 */
import type { AttemptPhase, AttemptSpec, Outcome } from '@argonaut/contracts/attempt';
import type { ProcessIdentity } from './processes.ts';

export interface JournalEntry {
  readonly spec: AttemptSpec;
  readonly phase: AttemptPhase;
  /** Highest epoch seen for this attempt. */
  readonly epoch: number;
  /** Every staging has a directory of its own that is never used again. */
  readonly directory: string;
  readonly containerId?: string;
  /** The network sandbox that the container joined: it must live as long as the container does. */
  readonly sandboxId?: string;
  readonly process?: ProcessIdentity;
  readonly interpreter?: string;
  /** True once somebody asked for the end: a TERM that is not in the journal was not ours. */
  readonly cancelRequested?: boolean;
  /** True once its container or its process was killed, since it had not ended within the grace. */
  readonly killSent?: boolean;
  readonly outcome?: Outcome;
  /** Milliseconds since the epoch. */
  readonly changedMs: number;
}

export interface Journal {
  /** Durable when it resolves. */
  put(entry: JournalEntry): Promise<void>;
  get(attempt: string): Promise<JournalEntry | undefined>;
  list(): Promise<readonly JournalEntry[]>;
  /** Forgets an attempt that is finished and cleaned up. */
  remove(attempt: string): Promise<void>;
}
