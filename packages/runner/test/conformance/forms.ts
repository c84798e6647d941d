/**
 * What a step can be: a script in each language, or the image's own program, as it is or with words replaced. Each script tells
 * who it is and where it may write, reads a variable, sets one, declares an artifact, and ends with a code of its own.
 */
import type { AttemptSpec, LateValues } from '@argonaut/contracts/attempt';
import { composeScript, INTERPRETERS, type ScriptSyntax } from '@argonaut/runner/scripts';
import type { Kind } from './kinds.ts';

export const EXIT_CODE = 7;

export interface Form {
  readonly name: string;
  /** `undefined` for the image's own program. */
  readonly syntax?: ScriptSyntax;
  readonly interpreters: AttemptSpec['interpreters'];
  readonly late: Pick<LateValues, 'argv' | 'files'>;
  readonly entrypoint?: { readonly command?: string[]; readonly arguments?: string[] };
}

const encoded = (text: string): string => Buffer.from(text).toString('base64');

/** Nothing but built-in commands: there may be no others. */
const posixFacts = (greeting: string, work: string): string => `
echo "greeting ${greeting}"
echo "to stderr" >&2
while read -r key uid rest; do
  case $key in Uid:) echo "uid $uid" ;; esac
done < /proc/self/status
echo "home $HOME"
: > "$HOME/in-home"
for place in / /tmp; do
  if ( : > "$place/argonaut-probe" ) 2>/dev/null; then echo "$place yes"; else echo "$place no"; fi
done
echo "directory $PWD"
echo report > "${work}/report.txt"
`;

const pythonFacts = (greeting: string, work: string): string => `
import os, sys
print("greeting", ${greeting})
print("to stderr", file=sys.stderr)
print("uid", os.getuid())
print("home", os.environ["HOME"])
open(os.environ["HOME"] + "/in-home", "w").close()
for place in "/", "/tmp":
    try:
        open(place + "/argonaut-probe", "w").close()
        print(place, "yes")
    except OSError:
        print(place, "no")
print("directory", os.getcwd())
with open(${work} + "/report.txt", "w") as report:
    print("report", file=report)
`;

const posixScript = `${posixFacts('$(get_octopusvariable Greeting)', '$PWD')}
set_octopusvariable Answer 42
new_octopusartifact "$PWD/report.txt" report.txt
exit ${EXIT_CODE}
`;

/** \`##octopus[…]\`, as any program can print it. */
const messages = [
  `##octopus[setVariable name='${encoded('Answer')}' value='${encoded('42')}']`,
  `##octopus[createArtifact path='${encoded('/argonaut/work/report.txt')}' name='${encoded('report.txt')}']`,
];

const scripts: Readonly<Record<ScriptSyntax, string>> = {
  Sh: `set -eu${posixScript}`,
  Bash: `set -euo pipefail${posixScript}`,
  Python: `${pythonFacts('get_octopusvariable("Greeting")', 'os.getcwd()')}
set_octopusvariable("Answer", "42")
createartifact(os.getcwd() + "/report.txt", "report.txt")
sys.exit(${EXIT_CODE})
`,
  // No image of Debian's packages has it: each of its cells is the refusal.
  PowerShell: `exit ${EXIT_CODE}`,
};

const programs = {
  Sh: `${posixFacts('hello', '$ARGONAUT_WORK')}${messages.map((line) => `echo "${line}"`).join('\n')}\nexit ${EXIT_CODE}\n`,
  Python: `${pythonFacts('"hello"', 'os.environ["ARGONAUT_WORK"]')}${messages.map((line) => `print("${line}")`).join('\n')}\nsys.exit(${EXIT_CODE})\n`,
} as const;

const own = { interpreters: [], late: { argv: [], files: [] } } as const;

export const scriptForms: readonly (Form & { readonly syntax: ScriptSyntax })[] = (
  ['Sh', 'Bash', 'Python', 'PowerShell'] as const
).map((syntax) => {
  const { argv, files } = composeScript(syntax, scripts[syntax], [['Greeting', 'hello']]);
  return { name: syntax, syntax, interpreters: [...INTERPRETERS[syntax]], late: { argv, files } };
});

export const ownProgram: Form = { ...own, interpreters: [], name: 'ENTRYPOINT and CMD as they are' };

export function argumentsReplaced({ given }: Kind): Form {
  return { ...own, interpreters: [], name: 'CMD replaced', entrypoint: { arguments: [...given.words] } };
}

export function commandReplaced({ program }: Kind): Form {
  const command = [...program.words, '-c', programs[program.language]];
  return { ...own, interpreters: [], name: 'ENTRYPOINT replaced', entrypoint: { command } };
}

/** What a script, or the words instead of ENTRYPOINT, print in an image of this kind. */
export function expectedFacts(kind: Kind, form: Form): string {
  const { uid, home, writes, workdir } = kind;
  const can = (answer: boolean): string => (answer ? 'yes' : 'no');
  return [
    'greeting hello',
    `uid ${uid}`,
    `home ${home}`,
    `/ ${can(writes.root)}`,
    `/tmp ${can(writes.tmp)}`,
    `directory ${form.syntax === undefined ? workdir : '/argonaut/work'}`,
    '',
  ].join('\n');
}
