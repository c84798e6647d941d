/** What a worker does to the files of a step before its program runs: which files, with which values. */
import { Invalid } from '@argonaut/contracts';
import { type FileConfiguration, packagePath, type StepPackage } from '@argonaut/contracts/attempt';
import type { Action } from '@argonaut/orchestrator';
import { evaluate } from '@argonaut/templates';
import type { ActionVariables } from './ports.ts';

/** What a step finds in its directory. */
export interface Placed {
  readonly packages: readonly StepPackage[];
  /** The directory, as its program sees it. */
  readonly work: string;
}

/** A script of a package. */
export interface PackageScript {
  /** Relative to the step's directory. */
  readonly path: string;
  /** As its program sees it. */
  readonly absolute: string;
  /** The directory that it lies in, where it runs. */
  readonly directory: string;
}

type Text = (what: string, template: string) => string;

/** @throws Invalid when the package is not unpacked in the step's directory, or the file's name leads out of it */
export function packageScript(
  { name, run }: Action,
  { packages, work }: Placed,
  text: Text,
): PackageScript | undefined {
  if (run.kind !== 'Script' || run.source.kind !== 'Package') return undefined;
  const { package: reference, file } = run.source;
  const found = packages.find((one) => one.name === reference);
  if (found === undefined || !found.extract) {
    throw new Invalid(
      `Step "${name}" takes its script from a package, which must be acquired and unpacked. Correct its package reference.`,
    );
  }
  const written = text("The script's file name", file).trim();
  const parts = written
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..') || /^([/\\]|[A-Za-z]:)/.test(written)) {
    throw new Invalid(
      // As the process has it: evaluated it may hold a secret.
      `Step "${name}": the script's file name "${file}" must be a path within the package, without "..".`,
    );
  }
  const base = packagePath(found);
  const path = [...(base === '' ? [] : [base]), ...parts].join('/');
  const absolute = `${work}/${path}`;
  return { path, absolute, directory: absolute.slice(0, absolute.lastIndexOf('/')) };
}

/** Undefined: nothing is to be done to any file. */
export function fileConfiguration(
  { files, run }: Action,
  { values, sensitive }: ActionVariables,
  script: PackageScript | undefined,
  text: Text,
  nowMs: number,
): FileConfiguration | undefined {
  if (files === undefined && script === undefined) return undefined;
  const flag = (name: string, otherwise: boolean): boolean => {
    const { text: value, error } = evaluate(`#{${name}}`, values);
    return error === null && value !== null && value !== '' ? /^true$/i.test(value.trim()) : otherwise;
  };
  return {
    variables: values,
    sensitive: [...sensitive],
    nowMs,
    ...(script === undefined
      ? {}
      : {
          script: {
            path: script.path,
            posix: run.kind === 'Script' && (run.syntax === 'Bash' || run.syntax === 'Sh'),
          },
        }),
    ...(files?.substitute === undefined
      ? {}
      : {
          substitute: {
            targets: text('The list of files to substitute variables in', files.substitute),
            // Names of these flags: Octopus's.
            failOnUnresolved: flag('OctopusShouldFailDeploymentOnSubstitutionFails', false),
            warnOfNoMatch: flag('Octopus.Action.SubstituteInFiles.EnableNoMatchWarning', true),
          },
        }),
    ...(files?.structured === undefined
      ? {}
      : {
          structured: {
            targets: text('The list of structured configuration files', files.structured),
            jsonOnly: flag('Octopus.Action.StructuredConfigurationFallbackFlag', false),
            failOnUnresolved: flag('OctopusShouldFailDeploymentOnSubstitutionFails', false),
          },
        }),
  };
}
