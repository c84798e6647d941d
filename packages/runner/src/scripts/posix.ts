/** Scripts for `sh` and `bash`: functions, variables and parameters in one file, the script beside it. */
import { readFileSync } from 'node:fs';
import type { LateFile } from '@argonaut/contracts/attempt';
import type { ScriptSource } from './source.ts';

const functions = prelude('functions.sh');
const encoder = prelude('base64.sh');
const encoderInBash = prelude('base64.bash');
const namesInBash = prelude('names.bash');

export function posixFiles(
  shell: 'Sh' | 'Bash',
  source: ScriptSource,
  variables: ReadonlyArray<readonly [name: string, value: string]>,
  parameters: readonly string[],
  modules: readonly LateFile[],
): LateFile[] {
  const parts = [
    functions,
    ...(shell === 'Bash' ? [encoderInBash, namesInBash] : anyEncoder()),
    variableFunction(variables),
  ];
  // What a file says is not known here, so it gets everything that it may ask for.
  const asks = typeof source !== 'string' || source.includes('octopus_parameters[');
  if (shell === 'Bash' && asks) parts.push(associativeArray(variables));
  // `. Name.sh` looks there last, so no program of the image is hidden.
  if (modules.length > 0) parts.push('PATH="$PATH:${0%/*}"\n');
  // The script is sourced, as in Octopus, so it sees the functions; its exit code is the shell's.
  const path = typeof source === 'string' ? '"${0%/*}/script.sh"' : quote(source.path);
  parts.push(`set -- ${parameters.map(quote).join(' ')}\n. ${path}\n`);
  const bootstrap = { name: 'bootstrap.sh', bytes: Buffer.from(parts.join('\n')) };
  if (typeof source !== 'string') return [bootstrap, ...modules];
  return [bootstrap, ...modules, { name: 'script.sh', bytes: Buffer.from(source.replaceAll('\r\n', '\n')) }];
}

/** In many images `sh` is bash, where the portable encoder is eight times slower than bash's own. */
function anyEncoder(): string[] {
  return [encoder, `if [ -n "\${BASH_VERSION-}" ]; then eval ${quote(encoderInBash)}; fi\n`];
}

/**
 * `__argonaut_variable NAME` prints a value. A `case` is the one table that every shell has. Exact names come first, so
 * that of two names that differ in case each finds its own.
 */
function variableFunction(variables: ReadonlyArray<readonly [string, string]>): string {
  const exact: string[] = [];
  const folded: string[] = [];
  const values: string[] = [];
  variables.forEach(([name, value], i) => {
    exact.push(`    ${quote(name)}) __number=${i} ;;`);
    if (/[A-Za-z]/.test(name)) folded.push(`${inAnyCase(name)}) __number=${i} ;;`);
    values.push(`    ${i}) printf '%s' ${quote(value)} ;;`);
  });
  return [
    '__argonaut_variable() {',
    '  __number=',
    '  case "$1" in',
    ...exact,
    // As text, so that patterns which are seldom wanted are not parsed at the start of every script.
    ...(folded.length > 0 ? [`    *) eval ${quote(['case "$1" in', ...folded, 'esac'].join('\n'))} ;;`] : []),
    '  esac',
    '  case "$__number" in',
    ...values,
    '  esac',
    '}',
    '',
  ].join('\n');
}

/** bash 4.2 and newer; older ones keep `get_octopusvariable`. */
function associativeArray(variables: ReadonlyArray<readonly [string, string]>): string {
  const entries = variables.map(([name, value]) => `    [${quote(name)}]=${quote(value)}`);
  return [
    'if [[ ${BASH_VERSINFO[0]} -gt 4 || ${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 2 ]]; then',
    '  declare -A octopus_parameters=(',
    ...entries,
    '  )',
    'fi',
    '',
  ].join('\n');
}

/** A `case` pattern for a name in any case: letters become bracket expressions, all else is quoted. */
function inAnyCase(name: string): string {
  return name.replaceAll(/[A-Za-z]+|[^A-Za-z]+/g, (run) =>
    /[A-Za-z]/.test(run)
      ? run.replaceAll(/./g, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`)
      : quote(run),
  );
}

/** A shell word that means exactly the text. No shell can hold a NUL: it is left out. */
export function quote(text: string): string {
  return `'${text.replaceAll('\0', '').replaceAll("'", "'\\''")}'`;
}

function prelude(name: string): string {
  return readFileSync(new URL(`./preludes/${name}`, import.meta.url), 'utf8');
}
