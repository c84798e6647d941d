/**
 * Values put into the files of a step before its script runs: templates in files, and structured configuration.
 *
 * `configureFiles` is the thin part: it finds the files below the step's directory and rewrites them; everything else is
 * pure, bytes in and bytes out. The caller brings the values, evaluated, and the function that evaluates a template.
 * Rewritten files lie on the worker's disk, secrets and all: the step's directory belongs to the worker's user alone and
 * goes when the step is finished.
 */
export { type ConfigurationReport, type ConfigurationRequest, configureFiles } from './apply.ts';
export { ConfigurationFault } from './errors.ts';
export { replaceInJson } from './json.ts';
export { compilePatterns } from './patterns.ts';
export { type Format, replaceStructured } from './structured.ts';
export { type Evaluate, substitute } from './substitute.ts';
export { ConfigurationValues } from './values.ts';
export { replaceInYaml } from './yaml.ts';
