/** What a filter is. */

export interface FilterTools {
  readonly now: () => Date;
  /** Characters that a result may have; filters that multiply their input ask before they make it. */
  readonly maxLength: number;
  /** What patterns may still cost in this evaluation. */
  readonly patternTime: PatternTime;
}

/** Of a search: states of the compiled pattern times characters of the text. A search cannot be ended on its way. */
export const STEPS_PER_MS = 100_000;

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

  /** Milliseconds; more than the limit once a use was refused for what it would have taken. */
  get spent(): number {
    return this.#spent;
  }

  /** Whether a search of so many steps fits into the whole time at all; if not, none is left. */
  affords(steps: number): boolean {
    if (steps <= this.#limit * STEPS_PER_MS) return true;
    this.#spent = Math.max(this.#spent, this.#limit) + 1;
    return false;
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
