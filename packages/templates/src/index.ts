/**
 * The `#{…}` language of variables, and which value of a scoped variable wins. Pure: no files, no network, and
 * no clock but the one that is passed in.
 */

export {
  createVariables,
  type Evaluated,
  type EvaluateOptions,
  evaluate,
  evaluateCondition,
  evaluateParsed,
  itemsOf,
  TOO_COSTLY,
} from './evaluate.ts';
export { Budget } from './evaluation/budget.ts';
export { DEFAULT_LIMITS, type Limits } from './evaluation/limits.ts';
export { isTruthy } from './evaluation/truth.ts';
export { filterNames } from './filters/registry.ts';
export { references } from './references.ts';
export { type Dimension, RANKS, type Rank, type Scope, type ScopeContext } from './scope/ranks.ts';
export {
  describeLoss,
  type Explanation,
  type Loser,
  type LossReason,
  ORIGINS,
  type Origin,
  type Resolution,
  resolveVariables,
  type ScopedVariable,
} from './scope/resolve.ts';
export { foldCase } from './syntax/characters.ts';
export { type ParseResult, parse, parseTolerantly } from './syntax/parser.ts';
export { type Position, positionAt } from './syntax/position.ts';
export { render } from './syntax/render.ts';
export type * from './syntax/tree.ts';
export type { Variables } from './variables/variables.ts';
