/** Whether a step runs, and the sentence for the log when it does not. */
import { evaluate } from '@argonaut/templates';
import type { Variables } from './plan-types.ts';

export type Decision =
  | { readonly run: true }
  | { readonly run: false; readonly reason: string; readonly warning: boolean };

/**
 * False are: no value, nothing, and (trimmed, in any case) `false`, `no`, `0`; everything else is true. That is the
 * truth rule of Octopus's `#{if}`.
 */
export function isTruthy(text: string | null): boolean {
  return text !== null && !['', 'false', 'no', '0'].includes(text.trim().toLowerCase());
}

/** An expression that cannot be evaluated does not run its step; a warning says so. */
export function decideVariable(title: string, expression: string, variables: Variables): Decision {
  const { text, error } = evaluate(expression, variables);
  if (error !== null) {
    return {
      run: false,
      warning: true,
      reason: `${title} is skipped: its run condition "${expression}" cannot be evaluated (${error}).`,
    };
  }
  if (isTruthy(text)) return { run: true };
  return {
    run: false,
    warning: false,
    reason: `${title} is skipped: its run condition "${expression}" is false.`,
  };
}
