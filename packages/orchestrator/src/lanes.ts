/**
 * Lanes: chains of consecutive actions on one worker, which share a network sandbox. A step that starts together with
 * the one before gets a lane of its own; the first of such a group stays in the chain. Another pool and a manual
 * intervention (which may last for days) begin a new lane.
 */
export interface LaneAssigner {
  beginStep(parallel: boolean): void;
  breakChain(): void;
  /** The lane of the next action, which runs in this pool. */
  of(pool: string): string;
}

interface Chain {
  pool: string;
  lane: string;
}

export function laneAssigner(prefix: string): LaneAssigner {
  let count = 0;
  let main: Chain | undefined;
  /** The chain of the current step, when it runs beside another step. */
  let side: Chain | undefined;
  let beside = false;

  const next = (chain: Chain | undefined, pool: string): Chain => {
    if (chain?.pool === pool) return chain;
    count += 1;
    return { pool, lane: `${prefix}-l${count}` };
  };

  return {
    beginStep(parallel) {
      beside = parallel;
      side = undefined;
    },
    breakChain() {
      if (beside) side = undefined;
      else main = undefined;
    },
    of(pool) {
      const chain = next(beside ? side : main, pool);
      if (beside) side = chain;
      else main = chain;
      return chain.lane;
    },
  };
}
