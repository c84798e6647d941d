/**
 * Values put into the files of a step before its script runs: templates in files and scripts, and structured configuration.
 * `step.ts` is the thin part: it finds the files below the step's directory and replaces them; everything else is pure,
 * bytes in and bytes out. No sensitive value is written to a disk: see there.
 */
export type { Bounds } from './apart.ts';
export { FileRules } from './apply.ts';
export { ConfigurationFault } from './errors.ts';
export { replaceInJson } from './json.ts';
export { compilePatterns } from './patterns.ts';
export { replaceInProperties } from './properties.ts';
export { type Configured, configureStep, type StepFiles } from './step.ts';
export { type Format, replaceStructured } from './structured.ts';
export { type Evaluate, substitute } from './substitute.ts';
export { ConfigurationValues } from './values.ts';
export { replaceInYaml } from './yaml.ts';
