/** Runs composed scripts with every interpreter of this machine and reads what they print, as the runner does. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretSet } from '../../src/masking/index.ts';
import { parseBody } from '../../src/messages/grammar.ts';
import { OutputReader } from '../../src/messages/index.ts';
import { composeScript, type ScriptSyntax } from '../../src/scripts/index.ts';

export interface Interpreter {
  readonly name: string;
  readonly syntax: ScriptSyntax;
  /** Program and what stands before the script. */
  readonly command: readonly string[];
}

/** ARGONAUT_TEST_SHELLS adds shells: `name=path with arguments`, several with `;`. */
const more = (process.env.ARGONAUT_TEST_SHELLS ?? '')
  .split(';')
  .filter((entry) => entry.includes('='))
  .map((entry): Interpreter => {
    const [name = '', command = ''] = entry.split('=');
    return { name, syntax: 'Sh', command: command.split(' ') };
  });

const known: Interpreter[] = [
  { name: 'sh', syntax: 'Sh', command: ['sh'] },
  { name: 'dash', syntax: 'Sh', command: ['dash'] },
  { name: 'busybox', syntax: 'Sh', command: ['busybox', 'sh'] },
  { name: 'mksh', syntax: 'Sh', command: ['mksh'] },
  { name: 'bash as sh', syntax: 'Sh', command: ['bash', '--posix'] },
  { name: 'bash', syntax: 'Bash', command: ['bash'] },
  { name: 'python3', syntax: 'Python', command: ['python3'] },
  { name: 'pwsh', syntax: 'PowerShell', command: ['pwsh'] },
];

export const interpreters = [...known, ...more].filter(({ command: [program = ''] }) =>
  program.startsWith('/') ? existsSync(program) : spawnSync('which', [program]).status === 0,
);
export const shells = interpreters.filter(({ syntax }) => syntax === 'Sh' || syntax === 'Bash');
export const pythons = interpreters.filter(({ syntax }) => syntax === 'Python');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly variables: Record<string, string>;
  readonly sensitive: string[];
  readonly artifacts: ReadonlyArray<{ path: string; name: string }>;
  readonly progress: { percentage: number; message: string } | undefined;
  readonly result: string | undefined;
  /** Service messages as they were printed: name, then `key=value` of each attribute. */
  readonly messages: readonly string[];
  /** Every run of text as `Level: text`, stdout first. */
  readonly levels: string[];
  readonly work: string;
}

export function run(
  interpreter: Interpreter,
  body: string,
  given: {
    variables?: Record<string, string>;
    parameters?: string;
    environment?: Record<string, string>;
  } = {},
): Ran {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'argonaut-script-')));
  const files = join(root, 'late files');
  const work = join(root, 'work');
  mkdirSync(files);
  mkdirSync(work);
  try {
    const composed = composeScript(interpreter.syntax, body, Object.entries(given.variables ?? {}), {
      ...(given.parameters === undefined ? {} : { parameters: given.parameters }),
    });
    for (const { name, bytes } of composed.files) writeFileSync(join(files, name), bytes);
    const [program = '', ...before] = interpreter.command;
    const argv = composed.argv.slice(1).map((word) => word.replace('{files}', files));
    const ran = spawnSync(program, [...before, ...argv], {
      cwd: work,
      env: { PATH: process.env.PATH ?? '', ...given.environment },
      maxBuffer: 64 * 1024 * 1024,
    });
    return { ...read(ran.stdout, ran.stderr), code: ran.status, work };
  } finally {
    rmSync(root, { recursive: true });
  }
}

function messagesIn(text: string): string[] {
  return [...text.matchAll(/##octopus\[([^\]]*)\]/g)].map(([, body = '']) => {
    const parsed = parseBody(body);
    if ('malformed' in parsed) return `malformed: ${parsed.malformed}`;
    const { name, attributes } = parsed.message;
    return [name, ...[...attributes].map(([key, value]) => `${key}=${value}`)].join(' ');
  });
}

function read(stdout: Uint8Array, stderr: Uint8Array): Omit<Ran, 'code' | 'work'> {
  const reader = new OutputReader(new SecretSet(), { serviceMessages: true });
  reader.write('stdout', stdout, 0);
  reader.write('stderr', stderr, 0);
  reader.end();
  const { runs, outputs, artifacts, progress, resultMessage } = reader.take();
  const text = (stream: string) =>
    Buffer.concat(runs.filter((each) => each.stream === stream).map(({ bytes }) => bytes)).toString();
  return {
    stdout: text('stdout'),
    stderr: text('stderr'),
    variables: Object.fromEntries(outputs.map(({ name, value }) => [name, value])),
    sensitive: outputs.filter(({ sensitive }) => sensitive).map(({ name }) => name),
    artifacts,
    progress,
    result: resultMessage,
    messages: messagesIn(Buffer.from(stdout).toString()),
    levels: runs.map(({ level, bytes }) => `${level}: ${Buffer.from(bytes).toString()}`),
  };
}
