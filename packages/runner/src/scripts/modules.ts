/**
 * Script modules: functions that scripts share. They come as variables of library sets (`Octopus.Script.Module[Name]`, with
 * its language in `Octopus.Script.Module.Language[Name]`), and lie beside the scripts of their language.
 */
import { Invalid } from '@argonaut/contracts';
import type { LateFile } from '@argonaut/contracts/attempt';
import type { ScriptSyntax } from './source.ts';

const BODY = /^octopus\.script\.module\[(.+)\]$/i;
/** Octopus's modules are in this language unless they say otherwise. */
const DEFAULT_LANGUAGE = 'powershell';

/** POSIX shells read the modules that were written for bash, as far as they keep to what both know. */
const LANGUAGES: Readonly<Record<ScriptSyntax, readonly string[]>> = {
  Bash: ['bash', 'sh'],
  Sh: ['bash', 'sh'],
  Python: ['python'],
  PowerShell: ['powershell'],
};
const ENDINGS: Readonly<Record<ScriptSyntax, string>> = {
  Bash: 'sh',
  Sh: 'sh',
  Python: 'py',
  PowerShell: 'psm1',
};
/** Files of our own beside the script. */
const OURS = new Set(['bootstrap', 'script']);

/**
 * The modules that a script of this language can use, each a file named after it: letters, digits and underscores of its name.
 * @throws Invalid for a name of which nothing is left, or that two modules or a file of ours have
 */
export function moduleFiles(
  syntax: ScriptSyntax,
  variables: ReadonlyArray<readonly [name: string, value: string]>,
): LateFile[] {
  const byName = new Map(variables.map(([name, value]) => [name.toLowerCase(), value]));
  const files = new Map<string, LateFile>();
  for (const [variable, body] of variables) {
    const name = BODY.exec(variable)?.[1];
    if (name === undefined) continue;
    const language = byName.get(`octopus.script.module.language[${name.toLowerCase()}]`) ?? DEFAULT_LANGUAGE;
    if (!LANGUAGES[syntax].includes(language.toLowerCase())) continue;
    const plain = name.replaceAll(/\W/g, '');
    if (plain === '' || OURS.has(plain.toLowerCase()) || files.has(plain)) {
      throw new Invalid(
        `The script module "${name}" cannot be a file: ${plain === '' ? 'its name has no letter, digit or underscore' : `"${plain}" is taken by another file beside the script`}. Give it another name.`,
      );
    }
    const text = ENDINGS[syntax] === 'sh' ? body.replaceAll('\r\n', '\n') : body;
    files.set(plain, { name: `${plain}.${ENDINGS[syntax]}`, bytes: Buffer.from(text) });
  }
  return [...files.values()];
}
