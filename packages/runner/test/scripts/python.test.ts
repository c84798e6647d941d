import { describe, expect, test } from 'vitest';
import { composeScript } from '../../src/scripts/index.ts';
import { Random } from '../masking/oracle.ts';
import { pythons, run } from './run.ts';

describe.each(pythons)('$name', (python) => {
  test('reads variables, in any case of their name', () => {
    const body = `
print([get_octopusvariable(n) for n in ("A.b", "a.B", "DB", "db", "Db", "none", "env:GREETING")])
print(octopusvariables["a.b"], "a.B" in octopusvariables, "none" in octopusvariables)`;
    const ran = run(python, body, {
      variables: { 'A.b': 'x\n é', DB: 'U', db: 'l', __proto__: 'p' },
      environment: { GREETING: 'hi' },
    });
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toBe("['x\\n é', 'x\\n é', 'U', 'l', 'U', '', 'hi']\nx\n é True False\n");
  });

  test('functions', () => {
    const body = `
import os
open("a b.txt", "w").close()
set_octopusvariable("n", 5)
set_octopusvariable("t", "tok-12345", True)
set_octopusvariable("e", "")
createartifact("a b.txt")
updateprogress(50, "half")
printverbose("v"); printhighlight("h", 2); printwait("w"); printwarning("x")
print(get_octopusvariable("n"), decode(encode("é")), __name__, os.path.basename(__file__))
failstep("broken")`;
    const ran = run(python, body);
    expect(ran.stderr).toBe('');
    expect(ran.variables).toEqual({ n: '5', t: 'tok-12345', e: '' });
    expect(ran.sensitive).toEqual(['t']);
    expect(ran.artifacts).toEqual([{ path: `${ran.work}/a b.txt`, name: 'a b.txt' }]);
    expect(ran.progress).toEqual({ percentage: 50, message: 'half' });
    expect(ran.levels).toEqual([
      'Verbose: v\n',
      'Highlight: h 2\n',
      'Wait: w\n',
      'Warning: x\n',
      'Info: 5 é __main__ script.py\n',
    ]);
    expect([ran.code, ran.result]).toEqual([255, 'broken']);
  });

  test("the exit code is the script's own", () => {
    expect(run(python, 'import sys; sys.exit(42)').code).toBe(42);
    expect(run(python, 'x = 1').code).toBe(0);
    const failed = run(python, 'raise ValueError("no")');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(
      /script.py", line 1, in <module>\n.*raise ValueError\("no"\)\n.*ValueError: no\n$/s,
    );
    expect(failed.stderr).not.toContain('runpy');
    expect(run(python, 'if (').stderr).toContain('SyntaxError');
    expect(run(python, 'createartifact("none")').stderr).toContain('there is no file "none"');
  });

  test('parameters, and modules in the working directory', () => {
    const body = `
import sys
open("mod.py", "w").write("x = 7")
import mod
print(sys.argv[1:], mod.x)`;
    expect(run(python, body, { parameters: `a "b c" $(id)` }).stdout).toBe("['a', 'b c', '$(id)'] 7\n");
  });

  test('text beyond ASCII is printed also where the image names no language', () => {
    // What Python up to 3.6 makes of that by itself.
    const environment = { LC_ALL: 'C', PYTHONCOERCECLOCALE: '0', PYTHONUTF8: '0' };
    const body = 'import sys\nprint("é")\nprinthighlight("☕")\nsys.stderr.write("ü\\n")';
    const ran = run(python, body, { environment });
    expect([ran.code, ran.stderr, ran.levels]).toEqual([
      0,
      'ü\n',
      ['Info: é\n', 'Highlight: ☕\n', 'Error: ü\n'],
    ]);
    expect(run(python, body, { environment: { ...environment, PYTHONIOENCODING: 'ascii' } }).code).toBe(1);
  });

  test('an image that has Python 2 only is told what it needs: its grammar can read the whole bootstrap', () => {
    // The library of Python has that grammar up to 3.12; few machines have such an interpreter.
    const body = `
try:
    from lib2to3 import pygram, pytree
    from lib2to3.pgen2 import driver, parse
except ImportError:
    print("no grammar")
else:
    for source in ('print("x", flush=True)\\n', get_octopusvariable("bootstrap")):
        try:
            driver.Driver(pygram.python_grammar, pytree.convert).parse_string(source)
            print("readable")
        except parse.ParseError:
            print("unreadable")`;
    const [bootstrap] = composeScript('Python', '', []).files;
    const text = Buffer.from(bootstrap?.bytes ?? []).toString();
    expect(text).toContain('if sys.version_info < (3, 4)');
    const { stdout } = run(python, body, { variables: { bootstrap: text } });
    expect(['unreadable\nreadable\n', 'no grammar\n']).toContain(stdout);
  });

  test('random text comes through, there and back', () => {
    const random = new Random();
    const variables: Record<string, string> = {};
    for (let i = 0; i < 200; i++) {
      variables[`v${i}`] = Array.from({ length: random.below(100) }, () =>
        String.fromCodePoint(1 + random.below(0xd7ff)),
      ).join('');
    }
    const ran = run(python, 'for n, v in list(octopusvariables.items()): set_octopusvariable(n, v)', {
      variables,
    });
    expect(ran.stderr).toBe('');
    expect(ran.variables, `seed ${random.seed}`).toEqual(variables);
  });
});
