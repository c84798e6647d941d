/** Which worker of a pool a task gets. Pure. */
import { InfrastructureFailure } from '@argonaut/contracts';

export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly disabled: boolean;
  readonly health: string;
  /** Tasks that hold it now. */
  readonly leases: number;
  /** Why it is not healthy. */
  readonly summary: string;
}

/** `Unknown` counts: a new worker may be used before its first check, and its first use says whether it works. */
const USABLE: ReadonlySet<string> = new Set(['Healthy', 'HasWarnings', 'Unknown']);

/**
 * The healthy, enabled worker with the fewest leases; among equals the one that was made first. An empty default pool
 * means the built-in worker (`undefined`).
 * @throws InfrastructureFailure that names the workers there are and what is wrong with each.
 */
export function chooseWorker(
  pool: { readonly name: string; readonly isDefault: boolean },
  candidates: readonly Candidate[],
): Candidate | undefined {
  if (candidates.length === 0) {
    if (pool.isDefault) return undefined;
    throw new InfrastructureFailure(
      `The worker pool "${pool.name}" has no workers. Add one to it, or choose another pool for the step.`,
    );
  }
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    if (candidate.disabled || !USABLE.has(candidate.health)) continue;
    if (best === undefined || candidate.leases < best.leases) best = candidate;
  }
  if (best !== undefined) return best;
  const each = candidates.map(({ name, disabled, health, summary }) =>
    disabled
      ? `"${name}" is disabled`
      : `"${name}" is ${health.toLowerCase()}${summary ? ` (${summary})` : ''}`,
  );
  throw new InfrastructureFailure(
    `No worker of the pool "${pool.name}" can be used: ${each.join('; ')}. Make one of them healthy, or add another.`,
  );
}
