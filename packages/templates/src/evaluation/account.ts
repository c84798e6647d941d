/** Keeps count of what an evaluation costs and ends it when a limit is met. */

import type { Cost } from './budget.ts';
import { LimitError } from './errors.ts';
import type { Limits } from './limits.ts';

const FEW_BLANKS = 40;

export class Account {
  readonly limits: Limits;
  #steps = 0;
  #work = 0;
  #depth = 0;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  get spent(): Omit<Cost, 'patternTime'> {
    return { steps: this.#steps, work: this.#work };
  }

  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.limits.steps) {
      throw new LimitError(
        `The evaluation took more than ${this.limits.steps} steps and was ended. Look for loops inside loops, or values that name each other many times.`,
      );
    }
  }

  work(characters: number): void {
    this.step();
    this.#work += characters;
    if (this.#work > this.limits.work) {
      throw new LimitError(
        `The evaluation went through more than ${this.limits.work} characters of values and was ended. Look for filters on long values inside loops.`,
      );
    }
  }

  /** Blanks around a text, gone through whenever it is looked at. A few do not matter. */
  blanks(count: number): void {
    if (count > FEW_BLANKS) this.work(count);
  }

  checkLength(length: number): void {
    if (length > this.limits.textLength) {
      throw new LimitError(
        `The text grew longer than ${this.limits.textLength} characters and was ended. Look for values that name each other more than once.`,
      );
    }
  }

  /** Runs something one level deeper. Each level costs stack, so their number is bounded. */
  deeper<T>(run: () => T): T {
    if (this.#depth >= this.limits.depth) {
      throw new LimitError(
        `Values, blocks and options are nested more than ${this.limits.depth} levels deep. Look for a long chain of variables that each name the next one.`,
      );
    }
    this.#depth++;
    try {
      return run();
    } finally {
      this.#depth--;
    }
  }
}
