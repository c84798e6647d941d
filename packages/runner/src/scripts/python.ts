/** Scripts for Python 3: a bootstrap that defines the functions and runs the script beside it. */
import { readFileSync } from 'node:fs';
import type { LateFile } from '@argonaut/contracts/attempt';

const bootstrap = readFileSync(new URL('./preludes/bootstrap.py', import.meta.url));

export function pythonFiles(
  body: string,
  variables: ReadonlyArray<readonly [name: string, value: string]>,
  parameters: readonly string[],
): LateFile[] {
  return [
    { name: 'bootstrap.py', bytes: bootstrap },
    { name: 'script.py', bytes: Buffer.from(body) },
    {
      name: 'variables.json',
      bytes: Buffer.from(JSON.stringify({ variables, parameters })),
    },
  ];
}
