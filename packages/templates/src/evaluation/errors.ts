/** Why an evaluation ends without a text. They stay inside the package: `evaluate` turns them into its answer. */

export class EvaluationError extends Error {
  override readonly name: string = 'EvaluationError';
}

/** A variable whose value leads back to itself. */
export class RecursionError extends EvaluationError {
  override readonly name = 'RecursionError';
  constructor(chain: readonly string[]) {
    const shown = chain.length > 12 ? [...chain.slice(0, 6), '…', ...chain.slice(-5)] : chain;
    super(
      `The variable "${chain.at(-1)}" refers to itself: ${shown.join(' -> ')}. Break the circle in one of the values.`,
    );
  }
}

/** One of the limits was met. */
export class LimitError extends EvaluationError {
  override readonly name = 'LimitError';
}

/** A filter was given something that it cannot work with, where showing the token would hide the mistake. */
export class FilterError extends EvaluationError {
  override readonly name = 'FilterError';
}
