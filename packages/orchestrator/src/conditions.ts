/** Whether a step runs, and the sentence for the log when it does not. */
import { isTruthy } from '@argonaut/templates';
import type { Evaluate } from './evaluating.ts';

export type Decision =
  | { readonly run: true }
  | { readonly run: false; readonly reason: string; readonly warning: boolean };

/** An expression that cannot be evaluated does not run its step; a warning says so. */
export function decideVariable(title: string, expression: string, evaluate: Evaluate): Decision {
  const { text, error } = evaluate(expression);
  if (error !== null) {
    return {
      run: false,
      warning: true,
      reason: `${title} is skipped: its run condition "${expression}" cannot be evaluated (${error}).`,
    };
  }
  if (text !== null && isTruthy(text)) return { run: true };
  return {
    run: false,
    warning: false,
    reason: `${title} is skipped: its run condition "${expression}" is false.`,
  };
}
