/** Scripts for PowerShell: a bootstrap that defines the functions and runs the script beside it. */
import { readFileSync } from 'node:fs';
import type { LateFile } from '@argonaut/contracts/attempt';
import type { ScriptSource } from './source.ts';

const bootstrap = readFileSync(new URL('./preludes/bootstrap.ps1', import.meta.url), 'utf8');

/** How the bootstrap names the script that lies beside it. */
const OWN_SCRIPT = "(Join-Path $PSScriptRoot 'script.ps1')";

export function powerShellFiles(
  source: ScriptSource,
  variables: ReadonlyArray<readonly [name: string, value: string]>,
  parameters: readonly string[],
  modules: readonly LateFile[],
): LateFile[] {
  // Without a byte order mark PowerShell 7 reads UTF-8, too; with it, so does every older one.
  const utf8 = (text: string) => Buffer.from(`\ufeff${text}`);
  return [
    {
      name: 'bootstrap.ps1',
      bytes: utf8(
        bootstrap
          .replace(OWN_SCRIPT, (own) => (typeof source === 'string' ? own : literal(source.path)))
          .replace('#PARAMETERS#', () => parameters.map(word).join(' '))
          .replace('#MODULES#', () => modules.map(({ name }) => importOf(name)).join('\n')),
      ),
    },
    ...modules,
    ...(typeof source === 'string' ? [{ name: 'script.ps1', bytes: utf8(source) }] : []),
    { name: 'variables.txt', bytes: Buffer.from(variables.map(variableLine).join('')) },
  ];
}

/** As in Octopus, the modules of the project are there without a word of the script. */
function importOf(file: string): string {
  return `  Import-Module (Join-Path $PSScriptRoot ${literal(file)}) -DisableNameChecking -Global`;
}

/** Name and value in base64: ConvertFrom-Json would turn what looks like a date into one. */
function variableLine(variable: readonly [name: string, value: string]): string {
  return `${variable.map((text) => Buffer.from(text).toString('base64')).join(' ')}\n`;
}

/** `-Name`, `-Name:$true`, numbers and the three constants keep their meaning; all else is a literal string. */
function word(text: string): string {
  if (
    /^-[A-Za-z]\w*(:\$(true|false))?$/i.test(text) ||
    /^\$(true|false|null)$/i.test(text) ||
    /^-?\d{1,15}$/.test(text)
  ) {
    return text;
  }
  return literal(text);
}

/** Quotes that PowerShell takes for one another are doubled. */
function literal(text: string): string {
  return `'${text.replaceAll(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
}
