/**
 * The world of a script: the functions that it may call, the variables that it may read, and how it is started.
 *
 * Everything travels through the gate as files that init writes to a tmpfs in the container; nothing is in the
 * environment or on a command line. The image needs the interpreter and nothing else.
 */
import type { LateFile } from '@argonaut/contracts/attempt';
import { moduleFiles } from './modules.ts';
import { splitParameters } from './parameters.ts';
import { posixFiles } from './posix.ts';
import { powerShellFiles } from './powershell.ts';
import { pythonFiles } from './python.ts';
import type { ScriptSource, ScriptSyntax } from './source.ts';

export { splitParameters } from './parameters.ts';
export type { ScriptSource, ScriptSyntax } from './source.ts';

export interface ComposedScript {
  /** What goes through the gate. Holds secrets. */
  readonly files: readonly LateFile[];
  /** With `{interpreter}` and `{files}` in the places of what is known when the container exists. */
  readonly argv: readonly string[];
  /** Names to look up in PATH and absolute paths, best first. */
  readonly interpreters: readonly string[];
}

export interface ScriptOptions {
  /** Text of `Octopus.Action.Script.ScriptParameters`. */
  readonly parameters?: string;
}

/** Where each interpreter is looked for: PATH first, as Octopus does, then where distributions put it. */
export const INTERPRETERS: Readonly<Record<ScriptSyntax, readonly string[]>> = {
  Bash: ['bash', '/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash'],
  // `/busybox/sh` is where debug variants of distroless images keep their shell.
  Sh: ['/bin/sh', '/usr/bin/sh', '/busybox/sh', 'sh', 'ash', 'dash', 'bash'],
  Python: ['python3', '/usr/bin/python3', '/usr/local/bin/python3', 'python'],
  PowerShell: ['pwsh', '/usr/bin/pwsh', '/usr/local/bin/pwsh', '/opt/microsoft/powershell/7/pwsh'],
};

/**
 * Puts a script together.
 * @param variables evaluated values by name, sensitive ones included; of two equal names the last counts
 * @throws Invalid when the parameters cannot be split, or a script module cannot be a file
 */
export function composeScript(
  syntax: ScriptSyntax,
  source: ScriptSource,
  variables: Iterable<readonly [name: string, value: string]>,
  options: ScriptOptions = {},
): ComposedScript {
  const interpreters = INTERPRETERS[syntax];
  const parameters = splitParameters(options.parameters ?? '', syntax);
  const pairs = [...new Map(variables)];
  const modules = moduleFiles(syntax, pairs);
  switch (syntax) {
    case 'Bash':
    case 'Sh':
      return {
        files: posixFiles(syntax, source, pairs, parameters, modules),
        argv: ['{interpreter}', '{files}/bootstrap.sh'],
        interpreters,
      };
    case 'Python':
      // -u: lines arrive when they are printed, and in order with those of child processes.
      return {
        files: pythonFiles(source, pairs, parameters, modules),
        argv: ['{interpreter}', '-u', '{files}/bootstrap.py'],
        interpreters,
      };
    case 'PowerShell':
      return {
        files: powerShellFiles(source, pairs, parameters, modules),
        argv: [
          '{interpreter}',
          '-NoLogo',
          '-NoProfile',
          '-NonInteractive',
          '-ExecutionPolicy',
          'Unrestricted',
          '-File',
          '{files}/bootstrap.ps1',
        ],
        interpreters,
      };
  }
}
