/**
 * What one evaluation may cost. Without bounds a few lines of variables, each naming the one before it twice,
 * would make text without end; no honest template comes near these figures.
 */
export interface Limits {
  /** Characters of the result, and of any value or filter result on the way to it. */
  readonly textLength: number;
  /** Values, filters, branches and loop rounds that are worked out. */
  readonly steps: number;
  /** Characters that filters and the JSON reader go through, results of values included. */
  readonly work: number;
  /** Values inside values, blocks inside blocks, tokens inside options. */
  readonly depth: number;
  /** Milliseconds that all patterns of `Match` and `Replace` may take together. */
  readonly patternTime: number;
}

export const DEFAULT_LIMITS: Limits = {
  textLength: 64 * 1024 * 1024,
  steps: 5_000_000,
  work: 1024 * 1024 * 1024,
  depth: 600,
  patternTime: 5_000,
};
