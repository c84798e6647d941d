/** Scripts for Python 3: a bootstrap that defines the functions and runs the script beside it. */
import { readFileSync } from 'node:fs';
import type { LateFile } from '@argonaut/contracts/attempt';
import type { ScriptSource } from './source.ts';

const bootstrap = readFileSync(new URL('./preludes/bootstrap.py', import.meta.url));

export function pythonFiles(
  source: ScriptSource,
  variables: ReadonlyArray<readonly [name: string, value: string]>,
  parameters: readonly string[],
  modules: readonly LateFile[],
): LateFile[] {
  return [
    { name: 'bootstrap.py', bytes: bootstrap },
    ...modules,
    ...(typeof source === 'string' ? [{ name: 'script.py', bytes: Buffer.from(source) }] : []),
    {
      name: 'variables.json',
      bytes: Buffer.from(
        JSON.stringify({ variables, parameters, script: typeof source === 'string' ? null : source.path }),
      ),
    },
  ];
}
