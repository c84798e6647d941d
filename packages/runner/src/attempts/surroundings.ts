/** What the verbs of an attempt's life share. */
import type { NamedSecret } from '@argonaut/contracts/attempt';
import type { PackageCache } from '../packages/cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { AttemptBook } from './book.ts';
import type { Disposal } from './disposal.ts';
import type { Gates } from './gate.ts';
import type { LearntSecrets } from './learnt-secrets.ts';
import type { KeptLogs } from './log-files.ts';
import type { Places } from './places.ts';
import type { Services } from './services/services.ts';

export interface AttemptRoom {
  readonly book: AttemptBook;
  readonly files: Files;
  readonly clock: Clock;
  readonly gates: Gates;
  readonly disposal: Disposal;
  readonly logs: KeptLogs;
  readonly learnt: LearntSecrets;
  readonly packages: PackageCache;
  readonly places: Places;
  /** Hidden in every log of this worker, beside the secrets of a task. */
  readonly secrets: readonly NamedSecret[];
  /** Absent: this worker has no engine. */
  readonly services: Services | undefined;
  /** As the runner sees it. */
  readonly attemptsDirectory: string;
  /** Something in the background failed. Nobody waits for it, but somebody should know. */
  readonly onProblem: (error: unknown) => void;
}

/** `go` is durable from the first of these phases on: user code may have run. */
export function wasOpened(phase: string): boolean {
  return phase === 'go' || phase === 'ended' || phase === 'drained';
}
