/** What the log of a step says about variables: what a script's text could not resolve, and, when asked, all values. */
import type { LogLevel } from '@argonaut/contracts/attempt';
import { type Variables, withoutSecrets } from '@argonaut/orchestrator';
import { createVariables, evaluate, isTruthy, type Variables as Prepared } from '@argonaut/templates';

export interface Note {
  readonly level: LogLevel;
  readonly message: string;
}

/** Names that users set: Octopus's. */
const STRICT = 'OctopusShouldFailDeploymentOnSubstitutionFails';
const PRINT = 'OctopusPrintVariables';
const PRINT_EVALUATED = 'OctopusPrintEvaluatedVariables';

function isOn(name: string, variables: Prepared, now: () => Date): boolean {
  const { text, error } = evaluate(`#{${name}}`, variables, { now });
  return error === null && text !== null && isTruthy(text);
}

/** Does a text that cannot be resolved completely fail the step? Otherwise it stays as it is, with a warning. */
export function isStrict(variables: Prepared, now: () => Date): boolean {
  return isOn(STRICT, variables, now);
}

/** Every variable as it is written, or as it evaluates, when a variable asks for it; asterisks for secrets. */
export function printedVariables(
  values: Variables,
  sensitive: ReadonlySet<string>,
  now: () => Date,
): readonly Note[] {
  const prepared = createVariables(values);
  const [asWritten, evaluated] = [isOn(PRINT, prepared, now), isOn(PRINT_EVALUATED, prepared, now)];
  if (!asWritten && !evaluated) return [];
  const shown = Object.entries(withoutSecrets(values, sensitive)).sort(([a], [b]) => (a < b ? -1 : 1));
  const list = (title: string, of: (value: string) => string): Note => ({
    level: 'Verbose',
    message: [
      title,
      ...shown.map(([name, value]) => `[${name}] = '${value === null ? '' : of(value)}'`),
    ].join('\n'),
  });
  const hidden = createVariables(Object.fromEntries(shown));
  return [
    {
      level: 'Warning',
      message: `All variables are printed, because ${asWritten ? PRINT : PRINT_EVALUATED} is set. Remove it when you have found what you look for.`,
    },
    ...(asWritten ? [list('Variables as they are written:', (value) => value)] : []),
    ...(evaluated
      ? [list('Variables as they evaluate:', (value) => evaluate(value, hidden, { now }).text ?? value)]
      : []),
  ];
}
