/** What a filter is. */

export interface FilterTools {
  readonly now: () => Date;
  /** Characters that a result may have; filters that multiply their input ask before they make it. */
  readonly maxLength: number;
  /** What patterns may still cost in this evaluation. */
  readonly patternTime: PatternTime;
}

/**
 * The time that all patterns of one evaluation may take together. A single search is linear, but a replacement may
 * search the same rest of a text again after every match, and no count of steps comes out of the engine. So this one
 * bound is a matter of time: it only ever ends what would have gone on for seconds.
 */
export class PatternTime {
  readonly #limit: number;
  #spent = 0;

  /** @param limit in milliseconds */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs one use of a pattern; the use asks `isOver` now and then, and again at its end. */
  measure<T>(use: (isOver: () => boolean) => T): T {
    const start = performance.now();
    try {
      return use(() => this.#spent + performance.now() - start > this.#limit);
    } finally {
      this.#spent += performance.now() - start;
    }
  }
}

/**
 * @param input the value before the `|`; null if it is missing or there is none
 * @param options the texts after the name
 * @returns the new value; null if the filter has nothing to say to this, then the token is shown as it was written
 * @throws FilterError where showing the token would hide a mistake (invalid Base64, an invalid pattern)
 */
export type Filter = (input: string | null, options: readonly string[], tools: FilterTools) => string | null;

/** A filter without options over a present input. */
export const plainFilter =
  (change: (input: string) => string): Filter =>
  (input, options) =>
    input === null || options.length > 0 ? null : change(input);
