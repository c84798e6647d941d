/** Functions that scripts share: there in the scripts of their language, and in no other. */
import { describe, expect, test } from 'vitest';
import { composeScript } from '../../src/scripts/index.ts';
import { pythons, run, shells } from './run.ts';

const variables = {
  'Octopus.Script.Module[My Tools]': 'greet() { echo "hello $1"; }\r\n',
  'Octopus.Script.Module.Language[My Tools]': 'Bash',
  'Octopus.Script.Module[Sums]': 'def add(a, b):\n    return a + b\n',
  'octopus.script.module.language[sums]': 'Python',
  'Octopus.Script.Module[Windows]': 'function Get-Greeting { "hello" }',
};

describe('script modules', () => {
  test.each(shells)('are sourced by name in $name', (interpreter) => {
    const ran = run(interpreter, '. MyTools.sh; greet world', { variables });
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([0, 'hello world\n', '']);
  });

  test.each(pythons)('are imported in $name', (interpreter) => {
    const ran = run(interpreter, 'import Sums\nprint(Sums.add(1, 2))', { variables });
    expect([ran.code, ran.stdout]).toEqual([0, '3\n']);
  });

  test('are imported by themselves in PowerShell, which is their language unless they say another', () => {
    const { files } = composeScript('PowerShell', 'x', Object.entries(variables));
    expect(files.map(({ name }) => name)).toContain('Windows.psm1');
    const bootstrap = Buffer.from(files.find(({ name }) => name === 'bootstrap.ps1')?.bytes ?? []).toString();
    expect(bootstrap).toContain("Import-Module (Join-Path $PSScriptRoot 'Windows.psm1')");
    expect(bootstrap).not.toContain('#MODULES#');
  });

  test('of another language are not there', () => {
    const names = (syntax: 'Bash' | 'Python' | 'PowerShell') =>
      composeScript(syntax, 'x', Object.entries(variables)).files.map(({ name }) => name);
    expect(names('Bash')).toEqual(['bootstrap.sh', 'MyTools.sh', 'script.sh']);
    expect(names('Python')).toEqual(['bootstrap.py', 'Sums.py', 'script.py', 'variables.json']);
    expect(names('PowerShell')).toEqual(['bootstrap.ps1', 'Windows.psm1', 'script.ps1', 'variables.txt']);
  });

  test.each([
    ['---', /no letter, digit or underscore/],
    ['Script', /"Script" is taken/],
    ['My-Tools', /"MyTools" is taken/],
  ])('called "%s" are refused: %s', (name, why) => {
    const more = {
      ...variables,
      [`Octopus.Script.Module[${name}]`]: 'x',
      [`Octopus.Script.Module.Language[${name}]`]: 'Bash',
    };
    expect(() => composeScript('Bash', 'x', Object.entries(more))).toThrow(why);
  });
});
