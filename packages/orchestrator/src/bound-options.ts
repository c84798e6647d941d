/** Options that variables decide: evaluated when the step's turn has come, and read by the rules of written ones. */

import type { Evaluate } from './evaluating.ts';
import { contradictionOf, OPTION_WORDS } from './option-words.ts';
import type { Located } from './plan-index.ts';
import type { Action, ActionOptions, OptionName } from './process.ts';
import type { Worked } from './stored-texts.ts';
import type { Turn } from './turn.ts';

/** What a container is created with; the others matter from its start on. */
const BEFORE_START: ReadonlySet<OptionName> = new Set<OptionName>([
  'oneStream',
  'errorOutput',
  'serviceMessages',
  'hold',
  'cpus',
  'memory',
  'pids',
  'network',
  'readOnlyRoot',
  'leftovers',
  'pull',
]);

/** Templates that must be known before a container can be created. */
export function stagingTemplates({ options }: Action): readonly string[] {
  return (options.bound ?? []).filter(({ option }) => BEFORE_START.has(option)).map((one) => one.template);
}

/** `show` is `evaluate` with secrets hidden: what is wrong with a value is told with the value. */
export function evaluatedOptions(
  { options, name }: Action,
  evaluate: Evaluate,
  show: Evaluate,
  only?: ReadonlySet<OptionName>,
): Worked<ActionOptions> {
  const { bound = [], ...written } = options;
  let result: ActionOptions = written;
  const errors: string[] = [];
  for (const { option, property, template } of bound) {
    if (only !== undefined && !only.has(option)) continue;
    const { text, error } = evaluate(template);
    const about = `Step "${name}": the property ${property} is "${template}"`;
    if (error !== null) {
      errors.push(`${about}, which cannot be evaluated: ${error}`);
      continue;
    }
    // A variable without a value leaves the default, as an empty property does.
    if (text === null || text.trim() === '') continue;
    const { meaning, apply } = OPTION_WORDS[option];
    const applied = apply(result, text);
    if (applied !== undefined) result = applied;
    else
      errors.push(
        `${about}, which comes to "${shortened(show(template).text ?? '')}". It must be ${meaning}.`,
      );
  }
  const contradiction = contradictionOf(result);
  if (contradiction !== undefined) errors.push(`Step "${name}": ${contradiction}`);
  return errors.length > 0 ? { error: errors.join(' ') } : { value: result };
}

/** The options that the action's container is created with, which may be asked for before its turn. */
export function stagingOptions(turn: Turn, located: Located): Worked<ActionOptions> {
  const { key, action } = located.planned;
  const known = turn.action(key).options;
  if (known !== undefined) return { value: known };
  return evaluatedOptions(action, turn.evaluator(located), turn.presenter(located), BEFORE_START);
}

/** Decides the options now that its turn has come; they stay as they are from here on. The sentence says what is wrong. */
export function settleOptions(turn: Turn, located: Located): string | undefined {
  const { key, action } = located.planned;
  const state = turn.action(key);
  if (action.options.bound === undefined || state.options !== undefined) return undefined;
  const evaluated = evaluatedOptions(action, turn.evaluator(located), turn.presenter(located));
  if ('error' in evaluated) return evaluated.error;
  state.options = evaluated.value;
  turn.moves += 1;
  return undefined;
}

/** The options of an action that has begun. */
export function optionsOf(turn: Turn, key: string): ActionOptions {
  return turn.action(key).options ?? turn.locate(key).planned.action.options;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
