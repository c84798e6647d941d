/**
 * What it may cost to show what variables come to. A set has as many variables as people like, each may cost as much as
 * one evaluation may: so all of one request share an account, and other requests get their turn in between.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Budget } from '@argonaut/templates';

/** Of one request, of the secrets of one task, or of the variables that a step prints. */
export function budgetForAll(): Budget {
  return new Budget({ steps: 1_000_000, work: 64 * 1024 * 1024, patternTime: 1_000 }, 0.25);
}

/** Other requests wait at most about so long, in milliseconds. */
const LONGEST_TURN = 20;

/** Gives way to others by the time that has passed, not by a count: one variable may cost as much as thousands. */
export class Turns {
  readonly #clock: () => number;
  readonly #signal: AbortSignal | undefined;
  #since: number;

  /** @param clock milliseconds of a clock that only goes forward @param signal ends the work */
  constructor(clock: () => number, signal?: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#since = clock();
  }

  /** Asked often, so that nothing is awaited while the turn lasts. */
  get isOver(): boolean {
    return this.#clock() - this.#since >= LONGEST_TURN;
  }

  /** @throws the signal's reason when nobody waits for the work any more */
  async next(): Promise<void> {
    await nextTurn();
    this.#signal?.throwIfAborted();
    this.#since = this.#clock();
  }
}
