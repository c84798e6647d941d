/** The variables of a run. What comes from the environment is read when the run starts or resumes, and never written. */
import { Invalid } from '@argonaut/contracts';
import { maskingWarning, type TaskVariables } from '@argonaut/server/execution';
import type { ProcessFile } from './process-file.ts';

/** The same for every step. `Invalid` names every environment variable that is missing. */
export function runVariables(
  variables: ProcessFile['variables'] = {},
  environment: NodeJS.ProcessEnv,
): TaskVariables {
  const found = valuesOf(variables, environment);
  return { of: () => found };
}

function valuesOf(variables: NonNullable<ProcessFile['variables']>, environment: NodeJS.ProcessEnv) {
  const values: Record<string, string> = {};
  const sensitive = new Set<string>();
  const errors: string[] = [];
  for (const [name, entry] of Object.entries(variables)) {
    if (typeof entry !== 'object') {
      values[name] = String(entry);
      continue;
    }
    if (entry.secret === true) sensitive.add(name);
    if (entry.env === undefined) {
      values[name] = String(entry.value);
      continue;
    }
    const value = environment[entry.env];
    if (value === undefined) {
      errors.push(`Variable "${name}" comes from the environment variable ${entry.env}, which is not set.`);
    } else {
      values[name] = value;
    }
  }
  if (errors.length > 0) throw new Invalid(errors.join('\n'), { errors });
  return { values, sensitive };
}

/** A sentence for each secret that logs cannot hide, or hide badly. Never the value. */
export function badlyHidden(
  variables: ProcessFile['variables'] = {},
  environment: NodeJS.ProcessEnv,
): readonly string[] {
  const { values, sensitive } = valuesOf(variables, environment);
  return [...sensitive].flatMap((name) => maskingWarning(name, values[name] ?? '') ?? []);
}
