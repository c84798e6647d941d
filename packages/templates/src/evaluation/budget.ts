/** What many evaluations may cost together, so that a set of variables cannot cost as often as it has variables. */
import type { Limits } from './limits.ts';

/** What an evaluation has used, in the units of its limits. */
export type Cost = Pick<Limits, 'steps' | 'work' | 'patternTime'>;

const UNITS = ['steps', 'work', 'patternTime'] as const;

export class Budget {
  readonly #left: { -readonly [Unit in keyof Cost]: number };
  readonly #most: Cost;

  /**
   * @param all what all evaluations may cost together
   * @param share the part of it that one of them may have at most, so that the first does not take everything
   */
  constructor(all: Cost, share = 1) {
    this.#left = { ...all };
    this.#most = { steps: all.steps * share, work: all.work * share, patternTime: all.patternTime * share };
  }

  /** Nothing more will be worked out. */
  get isSpent(): boolean {
    return UNITS.some((unit) => this.#left[unit] <= 0);
  }

  /** What the next evaluation may cost. */
  limitsOf(limits: Limits): Limits {
    const least = (unit: keyof Cost) => Math.min(limits[unit], this.#most[unit], this.#left[unit]);
    return { ...limits, steps: least('steps'), work: least('work'), patternTime: least('patternTime') };
  }

  charge(cost: Partial<Cost>): void {
    for (const unit of UNITS) this.#left[unit] -= cost[unit] ?? 0;
  }
}

/** Whether an evaluation was ended by one of these limits. */
export function exceeds(cost: Cost, limits: Cost): boolean {
  return UNITS.some((unit) => cost[unit] > limits[unit]);
}
