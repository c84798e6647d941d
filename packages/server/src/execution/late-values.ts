/** What goes through the gate: made just before it opens, with every output so far, and kept nowhere. */
import { Invalid } from '@argonaut/contracts';
import type { LateValues } from '@argonaut/contracts/attempt';
import type { Action, CommandOf } from '@argonaut/orchestrator';
import { composeScript } from '@argonaut/runner/scripts';
import { createVariables, evaluate } from '@argonaut/templates';
import type { TaskScope } from './task-scope.ts';

interface StepName {
  readonly id: string;
  readonly name: string;
}

/** `Invalid` lists every text that cannot be evaluated; the gate then stays closed. */
export function lateValues(
  open: Pick<CommandOf<'open'>, 'timeoutMs' | 'graceMs'>,
  action: Action,
  step: StepName,
  scope: TaskScope,
  statusVariables: Readonly<Record<string, string>>,
): LateValues {
  const { run } = action;
  const values = { ...scope.of(action, step).values, ...statusVariables };
  const variables = createVariables(values);
  const now = { now: () => new Date(scope.nowMs) };
  const errors: string[] = [];
  const text = (what: string, template: string): string => {
    const result = evaluate(template, variables, now);
    if (result.error !== null) errors.push(`${what} cannot be evaluated: ${result.error}`);
    return result.text ?? '';
  };

  const common = {
    environment: 'environment' in run ? environmentOf(run.environment ?? {}, text) : {},
    secrets: scope.secrets(action, step),
    deadlineMs: open.timeoutMs,
    graceMs: open.graceMs,
    ...('workingDirectory' in run && run.workingDirectory !== undefined
      ? { cwd: text('The working directory', run.workingDirectory) }
      : {}),
  };

  let program: Pick<LateValues, 'argv' | 'files'>;
  if (run.kind === 'Script') {
    if (run.source.kind !== 'Inline') {
      throw new Invalid(
        `Step "${step.name}" takes its script from package "${run.source.package}", which this version cannot do yet. ` +
          'Put the script into the step.',
      );
    }
    const evaluated = Object.entries(values).flatMap(([name, value]): [string, string][] => {
      if (value === null) return [];
      return [[name, evaluate(value, variables, now).text ?? value]];
    });
    // In a script `#{…}` may be the language's own, so what cannot be read stays as it is.
    const body = evaluate(run.source.body, variables, { ...now, mode: 'tolerant' }).text ?? run.source.body;
    const parameters = text('The script parameters', run.parameters ?? '');
    program = composeScript(run.syntax, body, evaluated, { parameters });
  } else if (run.kind === 'Container') {
    const words = run.arguments?.map((word, index) => text(`Argument ${index + 1}`, word));
    program = { argv: words === undefined ? [] : ['{entrypoint}', ...words], files: [] };
  } else {
    throw new Invalid(`Step "${step.name}" has nothing that a worker could run.`);
  }
  if (errors.length > 0) throw new Invalid(errors.join(' '), { errors });
  return { argv: program.argv, files: program.files, ...common };
}

function environmentOf(
  environment: Readonly<Record<string, string>>,
  text: (what: string, template: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, text(`Environment variable ${name}`, value)]),
  );
}
