/** What the log of a step says about variables: what a script's text could not resolve, and, when asked, all values. */
import type { LogLevel } from '@argonaut/contracts/attempt';
import { type Evaluate, evaluating, type Variables, withoutSecrets } from '@argonaut/orchestrator';
import { createVariables, evaluate as evaluateText, isTruthy, TOO_COSTLY } from '@argonaut/templates';
import { budgetForAll } from '../variables/costs.ts';

export interface Note {
  readonly level: LogLevel;
  readonly message: string;
}

/** Names that users set: Octopus's. */
const STRICT = 'OctopusShouldFailDeploymentOnSubstitutionFails';
const PRINT = 'OctopusPrintVariables';
const PRINT_EVALUATED = 'OctopusPrintEvaluatedVariables';

function isOn(name: string, evaluate: Evaluate): boolean {
  const { text, error } = evaluate(`#{${name}}`);
  return error === null && text !== null && isTruthy(text);
}

/** Does a text that cannot be resolved completely fail the step? Otherwise it stays as it is, with a warning. */
export function isStrict(evaluate: Evaluate): boolean {
  return isOn(STRICT, evaluate);
}

/** Every variable as it is written, or as it evaluates, when a variable asks for it; asterisks for secrets. */
export function printedVariables(
  values: Variables,
  sensitive: ReadonlySet<string>,
  nowMs: number,
): readonly Note[] {
  const { evaluate } = evaluating(() => ({ values, secret: sensitive }), nowMs);
  const [asWritten, evaluated] = [isOn(PRINT, evaluate), isOn(PRINT_EVALUATED, evaluate)];
  if (!asWritten && !evaluated) return [];
  const hidden = withoutSecrets(values, sensitive);
  const shown = Object.entries(hidden).sort(([a], [b]) => (a < b ? -1 : 1));
  const list = (title: string, of: (value: string) => string): Note => ({
    level: 'Verbose',
    message: [
      title,
      ...shown.map(([name, value]) => `[${name}] = '${value === null ? '' : of(value)}'`),
    ].join('\n'),
  });
  const comesTo = (): ((value: string) => string) => {
    const [variables, budget] = [createVariables(hidden), budgetForAll()];
    return (value) => {
      const { text, error } = evaluateText(value, variables, { now: () => new Date(nowMs), budget });
      return text ?? (error === TOO_COSTLY ? TOO_COSTLY : value);
    };
  };
  return [
    {
      level: 'Warning',
      message: `All variables are printed, because ${asWritten ? PRINT : PRINT_EVALUATED} is set. Remove it when you have found what you look for.`,
    },
    ...(asWritten ? [list('Variables as they are written:', (value) => value)] : []),
    ...(evaluated ? [list('Variables as they evaluate:', comesTo())] : []),
  ];
}
