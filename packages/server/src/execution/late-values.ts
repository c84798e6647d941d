/** What goes through the gate: made just before it opens, with every output so far, and kept nowhere. */
import { Invalid } from '@argonaut/contracts';
import type { LateValues } from '@argonaut/contracts/attempt';
import { type Action, type CommandOf, evaluating, secretRefusal } from '@argonaut/orchestrator';
import { composeScript } from '@argonaut/runner/scripts';
import { fileConfiguration, type Placed, packageScript } from './file-configuration.ts';
import { lateServices } from './late-services.ts';
import type { TaskScope } from './task-scope.ts';
import { isStrict, type Note, printedVariables } from './variable-notes.ts';

interface StepName {
  readonly id: string;
  readonly name: string;
}

export interface Late {
  readonly values: LateValues;
  /** The outputs that the values were made of: their secrets are those to hide. */
  readonly moment: number;
  /** For the step's log. */
  readonly notes: readonly Note[];
}

/** `Invalid` lists every text that cannot be evaluated; the gate then stays closed. */
export function lateValues(
  open: Pick<CommandOf<'open'>, 'attempt' | 'timeoutMs' | 'graceMs'>,
  action: Action,
  step: StepName,
  scope: TaskScope,
  statusVariables: Readonly<Record<string, string>>,
  placed: Placed = { packages: [], work: '' },
): Late {
  const { run } = action;
  const { moment } = scope;
  const { values: known, sensitive } = scope.of(action, step, moment);
  const values = { ...known, ...statusVariables };
  const { evaluate, secretsIn } = evaluating(() => ({ values, secret: sensitive }), scope.nowMs);
  const errors: string[] = [];
  const notes: Note[] = [...printedVariables(values, sensitive, scope.nowMs)];
  const text = (what: string, template: string): string => {
    const result = evaluate(template);
    if (result.error !== null) errors.push(`${what} cannot be evaluated: ${result.error}`);
    return result.text ?? '';
  };
  const shownText = (what: string, template: string): string => {
    const refusal = secretRefusal(what, template, 'container', { secretsIn, owner: `step "${step.name}"` });
    if (refusal !== undefined) errors.push(refusal);
    return text(what, template);
  };

  const trace = scope.traceparent(open.attempt);
  const services = lateServices(action.services ?? [], text, shownText).map((service) => ({
    ...service,
    environment: { TRACEPARENT: trace, ...service.environment },
  }));
  const script = packageScript(action, placed, text);
  const configuration = fileConfiguration(action, { values, sensitive }, script, text, scope.nowMs);
  const common = {
    ...(configuration === undefined ? {} : { configuration }),
    environment: {
      TRACEPARENT: trace,
      ...('environment' in run ? environmentOf(run.environment ?? {}, text) : {}),
    },
    ...(services.length > 0 ? { services } : {}),
    secrets: scope.secrets(action, step, moment),
    deadlineMs: open.timeoutMs,
    graceMs: open.graceMs,
    ...('workingDirectory' in run && run.workingDirectory !== undefined
      ? { cwd: text('The working directory', run.workingDirectory) }
      : script === undefined
        ? {}
        : { cwd: script.directory }),
  };

  let program: Pick<LateValues, 'argv' | 'files'>;
  if (run.kind === 'Script') {
    const evaluated = Object.entries(values).flatMap(([name, value]): [string, string][] => {
      if (value === null) return [];
      return [[name, evaluate(value).text ?? value]];
    });
    const parameters = text('The script parameters', run.parameters ?? '');
    // In a script `#{…}` may be the language's own, so what cannot be read stays as it is.
    const inline = (body: string): string => {
      const { text: result, error } = evaluate(body, 'tolerant');
      if (error !== null) {
        const message = `The script could not be evaluated completely: ${error}`;
        if (isStrict(evaluate)) errors.push(message);
        else notes.push({ level: 'Warning', message });
      }
      return result ?? body;
    };
    const source = run.source.kind === 'Inline' ? inline(run.source.body) : { path: script?.absolute ?? '' };
    program = composeScript(run.syntax, source, evaluated, { parameters });
  } else if (run.kind === 'Container') {
    const words = run.arguments?.map((word, index) => text(`Argument ${index + 1}`, word));
    program = { argv: words === undefined ? [] : ['{entrypoint}', ...words], files: [] };
  } else {
    throw new Invalid(`Step "${step.name}" has nothing that a worker could run.`);
  }
  if (errors.length > 0) throw new Invalid(errors.join(' '), { errors });
  return { values: { argv: program.argv, files: program.files, ...common }, moment, notes };
}

function environmentOf(
  environment: Readonly<Record<string, string>>,
  text: (what: string, template: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, text(`Environment variable ${name}`, value)]),
  );
}
