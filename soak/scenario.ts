/** Random processes, and what must become of them: which steps run, what they write, how the whole ends. Pure. */
import type { Random } from '../packages/orchestrator/test/random.ts';
import type { Streams } from './scripts.ts';

export interface SoakStep extends Streams {
  readonly name: string;
  /** Starts together with the step before. */
  readonly parallel: boolean;
  readonly when: 'success' | 'failure' | 'always';
  readonly place: 'lane' | 'no network' | 'host';
  readonly exitCode: number;
  /** Fails once and is tried again. */
  readonly retried: boolean;
  /** Reads the package of its project, and fails without it. */
  readonly reads: boolean;
}

export interface Expected {
  /** Starts of each step that has to run. */
  readonly starts: ReadonlyMap<string, number>;
  readonly failed: boolean;
}

const LARGEST_SEED = 2 ** 31 - 3;

export interface Wishes {
  readonly retries: boolean;
  readonly packages: boolean;
}

/** Three to six steps, most of them shorter than 100 ms, some side by side, some failing. */
export function randomSteps(random: Random, options: Wishes): readonly SoakStep[] {
  return Array.from({ length: 3 + random.below(4) }, (_, index): SoakStep => {
    const retried = options.retries && random.chance(0.1);
    return {
      name: `step-${index + 1}`,
      parallel: index > 0 && random.chance(0.3),
      when: index === 0 ? 'success' : random.pick(['success', 'success', 'success', 'always', 'failure']),
      place: random.pick(['lane', 'lane', 'lane', 'no network', 'host']),
      exitCode: !retried && random.chance(0.12) ? random.pick([1, 3, 137]) : 0,
      retried,
      reads: options.packages && random.chance(0.25),
      outSeed: 1 + random.below(LARGEST_SEED),
      errSeed: 1 + random.below(LARGEST_SEED),
      lines: random.chance(0.15) ? 4_000 + random.below(20_000) : 1 + random.below(60),
      pauseMs: random.chance(0.15) ? 200 + random.below(600) : random.below(60),
    };
  });
}

/** Steps that start together judge what went before them, not each other. */
export function expectedOf(steps: readonly SoakStep[]): Expected {
  const starts = new Map<string, number>();
  let failed = false;
  let failedBefore = false;
  for (const step of steps) {
    if (!step.parallel) failedBefore = failed;
    if (step.when === (failedBefore ? 'success' : 'failure')) continue;
    starts.set(step.name, step.retried ? 2 : 1);
    if (step.exitCode !== 0) failed = true;
  }
  return { starts, failed };
}
