/** The front of the language: text and variables in, text and a report out. Nothing here throws. */

import { type Budget, exceeds } from './evaluation/budget.ts';
import { EvaluationError, LimitError } from './evaluation/errors.ts';
import { Evaluator } from './evaluation/evaluator.ts';
import { Findings } from './evaluation/findings.ts';
import { DEFAULT_LIMITS, type Limits } from './evaluation/limits.ts';
import { isTruthy } from './evaluation/truth.ts';
import { parse, parseName, parseTolerantly } from './syntax/parser.ts';
import { positionAt } from './syntax/position.ts';
import type { Template } from './syntax/tree.ts';
import { Variables } from './variables/variables.ts';

export interface Evaluated {
  /** Null if the template asks for null (`#{ | null}`) or cannot be worked out at all. */
  readonly text: string | null;
  /** What could not be read or resolved, with line and column; null if everything was. */
  readonly error: string | null;
}

export interface EvaluateOptions {
  /**
   * `strict` (the default; values and properties): one piece that cannot be read leaves the whole text as it is.
   * `tolerant` (files and scripts): such pieces are copied and the rest still works.
   */
  readonly mode?: 'strict' | 'tolerant';
  /** The clock of `NowDate` and `NowDateUtc`. */
  readonly now?: () => Date;
  readonly limits?: Partial<Limits>;
  /** Shared by evaluations that together must not cost more; what it has nothing left for gives no text. */
  readonly budget?: Budget | undefined;
}

/** Prepares variables for many evaluations; names are compared without case, and later ones win. */
export function createVariables(record: Readonly<Record<string, string | null>>): Variables {
  return new Variables(record);
}

/**
 * Evaluates a template.
 *
 * Tokens that cannot be resolved are shown as they were written and named in `error`. A circle of variables, an
 * input that a filter cannot take, or a limit that is met gives a null text and an error. Never throws.
 */
export function evaluate(
  template: string,
  variables: Variables | Readonly<Record<string, string | null>>,
  options: EvaluateOptions = {},
): Evaluated {
  if (!template.includes('#{')) return { text: template, error: null };
  if (options.budget?.isSpent) return { text: null, error: TOO_COSTLY };
  // Reading it costs, too.
  options.budget?.charge({ work: template.length });
  try {
    const result = options.mode === 'tolerant' ? parseTolerantly(template) : parse(template);
    if (result.template === null) {
      const what =
        result.why === 'unreadable' ? 'this cannot be read as a template' : 'this is nested too deeply';
      return {
        text: template,
        error: `${place(template, result.failedAt)}: ${what}, so the text is left as it is.`,
      };
    }
    return evaluateParsed(result.template, prepare(variables), options);
  } catch (error) {
    return { text: null, error: reasonOf(error) };
  }
}

const prepare = (variables: Variables | Readonly<Record<string, string | null>>): Variables =>
  variables instanceof Variables ? variables : new Variables(variables);

/** Evaluates what was parsed before. */
export function evaluateParsed(
  template: Template,
  variables: Variables,
  options: EvaluateOptions = {},
): Evaluated {
  const { budget } = options;
  const wanted = { ...DEFAULT_LIMITS, ...options.limits };
  const limits = budget?.limitsOf(wanted) ?? wanted;
  const evaluator = new Evaluator(variables, { now: options.now ?? (() => new Date()), limits });
  const findings = new Findings();
  const unresolved: string[] = [];
  let text = '';
  let start = 0;
  try {
    for (const node of template.nodes) {
      if (node.kind === 'text') {
        text += node.text;
        continue;
      }
      start = node.start;
      const before = findings.missing.size;
      text += evaluator.text([node], evaluator.global, findings);
      if (text.length > limits.textLength)
        throw new LimitError(`The text is longer than ${limits.textLength} characters.`);
      if (findings.missing.size > before && unresolved.length < SHOWN_AT_MOST) {
        const tokens = [...findings.missing].slice(before).join(', ');
        unresolved.push(`${shorten(tokens)} (${place(template.source, start)})`);
      }
    }
  } catch (error) {
    if (budget !== undefined && exceeds(evaluator.cost, limits)) return { text: null, error: TOO_COSTLY };
    return { text: null, error: `${place(template.source, start)}: ${reasonOf(error)}` };
  } finally {
    budget?.charge(evaluator.cost);
  }
  return { text: findings.isNull ? null : text, error: unresolvedReport(findings.missing.size, unresolved) };
}

/** Whether a run condition holds: the text is truthy and nothing in it was left unresolved. */
export function evaluateCondition(
  template: string,
  variables: Variables | Readonly<Record<string, string | null>>,
  options: EvaluateOptions = {},
): { readonly holds: boolean; readonly error: string | null } {
  const { text, error } = evaluate(template, variables, options);
  return { holds: error === null && text !== null && isTruthy(text), error };
}

/** The items that a loop over a collection would see: the indexes under a name, a list, or the items of a JSON value. */
export function itemsOf(
  name: string,
  variables: Variables | Readonly<Record<string, string | null>>,
): readonly string[] {
  const path = parseName(name);
  if (path === null) return [];
  try {
    return new Evaluator(prepare(variables), { now: () => new Date(0), limits: DEFAULT_LIMITS }).items(path);
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof RangeError) return [];
    throw error;
  }
}

/** The error of what a budget has nothing left for. */
export const TOO_COSTLY = 'Not worked out: too costly.';

const SHOWN_AT_MOST = 20;
const SHOWN_LENGTH = 300;

const shorten = (text: string): string =>
  text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;

function place(source: string, offset: number): string {
  const { line, column } = positionAt(source, offset);
  return `line ${line}, column ${column}`;
}

function unresolvedReport(count: number, shown: readonly string[]): string | null {
  if (count === 0) return null;
  const more = count > shown.length && shown.length === SHOWN_AT_MOST ? `, and others (${count} in all)` : '';
  return `These tokens could not be resolved: ${shown.join('; ')}${more}. Check the names, the scopes of the variables and the filters.`;
}

function reasonOf(error: unknown): string {
  if (error instanceof EvaluationError) return error.message;
  if (error instanceof RangeError)
    return 'The template is nested too deeply, or makes a text that is too long.';
  return `Unexpected failure of the template engine: ${error instanceof Error ? error.message : String(error)}`;
}
