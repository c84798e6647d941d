import { describe, expect, test } from 'vitest';
import { composeScript, splitParameters } from '../../src/scripts/index.ts';

describe('composing', () => {
  test('no value is in the arguments', () => {
    for (const syntax of ['Bash', 'Sh', 'Python', 'PowerShell'] as const) {
      const script = composeScript(syntax, 'body', [['S', 'canary-1']], { parameters: 'canary-2' });
      expect(script.argv.join(' ')).not.toContain('canary');
      expect(script.argv[0]).toBe('{interpreter}');
      for (const { name } of script.files) expect(name).toMatch(/^[\w.]+$/);
    }
  });

  test('PowerShell: parameters keep their names and constants, all else is literal', () => {
    const { files } = composeScript('PowerShell', 'x', [], {
      parameters: `-Name "it's; $(id)" -Force:$true 5 $null $&`,
    });
    const bootstrap = Buffer.from(files.find(({ name }) => name === 'bootstrap.ps1')?.bytes ?? []).toString();
    expect(bootstrap).toContain(`'script.ps1') -Name 'it''s; $(id)' -Force:$true 5 $null '$&'\n`);
  });

  test('PowerShell: dates stay text, because nothing parses them', () => {
    const { files } = composeScript('PowerShell', 'x', [['When', '2026-11-24T10:00:00Z']]);
    const lines = Buffer.from(files.find(({ name }) => name === 'variables.txt')?.bytes ?? []).toString();
    expect(
      lines
        .trim()
        .split(' ')
        .map((word) => Buffer.from(word, 'base64').toString()),
    ).toEqual(['When', '2026-11-24T10:00:00Z']);
  });

  test('a script that lies elsewhere is run there, and does not travel', () => {
    const path = "/work/it's $(here)/x";
    const wanted = { Bash: `. '/work/it'\\''s $(here)/x'\n`, Sh: `. '/work/it'\\''s $(here)/x'\n` };
    for (const [syntax, line] of Object.entries(wanted)) {
      const { files } = composeScript(syntax as 'Bash' | 'Sh', { path }, []);
      expect(files.map(({ name }) => name)).toEqual(['bootstrap.sh']);
      expect(Buffer.from(files[0]?.bytes ?? []).toString()).toContain(line);
    }
    const python = composeScript('Python', { path }, []).files;
    expect(python.map(({ name }) => name)).toEqual(['bootstrap.py', 'variables.json']);
    expect(JSON.parse(Buffer.from(python[1]?.bytes ?? []).toString()).script).toBe(path);
    const power = composeScript('PowerShell', { path }, [], { parameters: 'a' }).files;
    expect(power.map(({ name }) => name)).toEqual(['bootstrap.ps1', 'variables.txt']);
    expect(Buffer.from(power[0]?.bytes ?? []).toString()).toContain(`. '/work/it''s $(here)/x' 'a'\n`);
  });

  test('bash gets octopus_parameters only if the script reads it', () => {
    const bootstrap = (body: string) =>
      Buffer.from(composeScript('Bash', body, [['a', 'b']]).files[0]?.bytes ?? []).toString();
    expect(bootstrap('echo "${octopus_parameters[a]}"')).toContain('declare -A octopus_parameters');
    expect(bootstrap('echo a')).not.toContain('declare -A');
  });
});

describe('parameters', () => {
  test.each([
    ['', []],
    ['  a  b ', ['a', 'b']],
    [`a'b c'"d e"f`, ['ab cd ef']],
    [`"a\\"b\\n\\\\"`, ['a"b\\n\\']],
    [`'' "" \\`, ['', '', '\\']],
    ['a\\ b $(x) `y` $Z;', ['a b', '$(x)', '`y`', '$Z;']],
  ])('%j', (text, words) => {
    for (const syntax of ['Sh', 'Bash', 'Python'] as const)
      expect(splitParameters(text, syntax)).toEqual(words);
  });

  test.each([
    ['-User CORP\\svc -Path "C:\\Dir\\" x', ['-User', 'CORP\\svc', '-Path', 'C:\\Dir\\', 'x']],
    [`'it''s' "say ""it""" "a\`"b" a\` b`, ["it's", 'say "it"', 'a"b', 'a b']],
    ['"$x `$y `n" \'`$z\'', ['$x $y `n', '`$z']],
    ['\'\' "" `', ['', '', '`']],
  ])('of PowerShell are quoted as PowerShell does: %j', (text, words) => {
    expect(splitParameters(text, 'PowerShell')).toEqual(words);
  });

  test('a quote that is not closed is named', () => {
    expect(() => splitParameters(`a 'b`, 'Sh')).toThrow(/character 3 that is not closed.* write \\' for/);
    expect(() => splitParameters(`a 'b`, 'PowerShell')).toThrow(
      /character 3 that is not closed.* write `' for/,
    );
  });
});
