/** What a process file may say, and what people are told about mistakes. */
import { readFile } from 'node:fs/promises';
import { Invalid } from '@argonaut/contracts';
import { describe, expect, test } from 'vitest';
import { bytes, milliseconds } from '../src/run/quantities.ts';
import { readProcessFile } from '../src/run/read-process-file.ts';
import { badlyHidden, runVariables } from '../src/run/run-variables.ts';
import { schemaText } from '../src/run/schema-text.ts';
import { toProcess } from '../src/run/to-process.ts';

function complaintsOf(text: string): readonly string[] {
  try {
    readProcessFile(text, 'p.yaml');
    return [];
  } catch (error) {
    if (error instanceof Invalid) return error.errors;
    throw error;
  }
}

test('a process file becomes a process', () => {
  const file = readProcessFile(
    `
name: Ship
steps:
  - name: build
    image: node:22
    run: npm ci
    shell: bash
    env: { CI: true, LEVEL: 3 }
    timeout: 1h30m
    retries: { max: 2, backoff: 15s }
    limits: { cpus: 1.5, memory: 512MiB, pids: 100 }
    failOnErrorOutput: true
  - name: scan
    parallel: true
    image: scanner:1
    args: ["--all"]
    when: always
  - name: tell
    run: echo done
    when: "#{Tell}"
`,
    'p.yaml',
  );
  const [build, scan, tell] = toProcess(file).steps;
  expect(build?.actions[0]).toMatchObject({
    name: 'build',
    container: { image: 'node:22' },
    run: { kind: 'Script', syntax: 'Bash', environment: { CI: 'true', LEVEL: '3' } },
    options: {
      timeoutMs: 5_400_000,
      retries: { max: 2, backoffMs: 15_000 },
      limits: { cpus: 1.5, memoryBytes: 512 * 1024 * 1024, pids: 100 },
      failOnErrorOutput: true,
    },
  });
  expect(scan).toMatchObject({
    start: 'StartWithPrevious',
    condition: { kind: 'Always' },
    actions: [{ run: { kind: 'Container', arguments: ['--all'] } }],
  });
  expect(tell?.condition).toEqual({ kind: 'Variable', expression: '#{Tell}' });
  expect(tell?.actions[0]?.container).toBeUndefined();
});

describe('mistakes are all listed at once, with line and column', () => {
  test('unknown words, with the nearest known one', () => {
    const text = 'nme: x\nsteps:\n  - name: a\n    image: i\n    imgae: j\n    runn: true\n';
    expect(complaintsOf(text)).toEqual([
      'p.yaml:1:1: The file does not know "nme".',
      'p.yaml:5:5: Step 1 does not know "imgae". Did you mean "image"?',
      'p.yaml:6:5: Step 1 does not know "runn". Did you mean "run"?',
    ]);
  });

  test('missing and wrong values', () => {
    const text = 'steps:\n  - image: i\n    timeout: soon\n    retries: many\n    pull: now\n';
    expect(complaintsOf(text)).toEqual([
      'p.yaml:2:5: Step 1 needs "name".',
      'p.yaml:3:14: "timeout" of step 1 must be a duration such as 90s, 5m or 1h30m (a plain number is seconds).',
      'p.yaml:4:14: "retries" of step 1 must be a number of retries, or {max, backoff}.',
      'p.yaml:5:11: "pull" of step 1 must be always, if-not-present or never.',
    ]);
  });

  test('what does not belong together', () => {
    const text = `
variables:
  Token: { value: abc, secret: true }
  Empty: {}
steps:
  - name: a
    parallel: true
    run: x
    user: root
  - name: A
  - name: c
    image: i
    run: x
    args: [y]
  - name: d
    run: x
    oneStream: true
    failOnErrorOutput: true
`;
    expect(complaintsOf(text)).toEqual([
      expect.stringMatching(/^p.yaml:3:10: Variable "Token" is a secret/),
      expect.stringMatching(/^p.yaml:4:10: Variable "Empty" needs either/),
      expect.stringMatching(/^p.yaml:7:15: Step "a" is the first/),
      expect.stringMatching(/^p.yaml:9:11: Step "a" has "user", which needs an image/),
      expect.stringMatching(/^p.yaml:10:5: Step "A" does nothing/),
      expect.stringMatching(/^p.yaml:10:11: Step "A" has the same name as step 1/),
      expect.stringMatching(/^p.yaml:13:10: Step "c" has both/),
      expect.stringMatching(/^p.yaml:18:24: Step "d" has both failOnErrorOutput and oneStream/),
    ]);
  });

  test('text that is no YAML, an empty file, and a file without steps', () => {
    expect(complaintsOf('steps: [')[0]).toMatch(/^p.yaml:1:9: /);
    expect(complaintsOf('')).toEqual([expect.stringMatching(/^p.yaml:1:1: The file must be object/)]);
    expect(complaintsOf('name: x\n')).toEqual(['p.yaml:1:1: The file needs "steps".']);
  });
});

test('secrets come from the environment, and every missing one is named', () => {
  const variables = { A: 1, B: { env: 'B_TOKEN', secret: true }, C: { env: 'C_TOKEN' } };
  const found = runVariables(variables, { B_TOKEN: 'b', C_TOKEN: 'c' }).of;
  expect(found({} as never, { id: '', name: '' })).toEqual({
    values: { A: '1', B: 'b', C: 'c' },
    sensitive: new Set(['B']),
  });
  expect(() => runVariables(variables, {})).toThrow(/B_TOKEN.*\n.*C_TOKEN/);
});

test('durations and sizes', () => {
  expect(['250ms', '90s', '1h30m', '1.5m', 2].map(milliseconds)).toEqual([
    250, 90_000, 5_400_000, 90_000, 2_000,
  ]);
  expect(['512MiB', '2g', '100kb', '1.5m', 7, '10b'].map(bytes)).toEqual([
    512 * 1024 ** 2,
    2 * 1024 ** 3,
    100 * 1024,
    1.5 * 1024 ** 2,
    7,
    10,
  ]);
});

test('the published JSON Schema is the one that files are checked with', async () => {
  const published = await readFile(new URL('../schema/process.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(published), 'run: node packages/cli/scripts/schema.ts').toEqual(JSON.parse(schemaText()));
});

test('secrets that logs cannot hide are named, without their values', () => {
  const secret = (value: string) => ({ value, secret: true });
  const variables = { Pin: secret('123'), Word: secret('true'), Good: secret('Zx9Qw7Lm'), Open: 'abc' };
  const told = badlyHidden(variables, {});
  expect(told).toEqual([
    expect.stringMatching(/"Pin" has less than four characters\. It is not masked/),
    expect.stringMatching(/"Word" is an ordinary word\. It is not masked/),
  ]);
  expect(told.join()).not.toContain('123');
});
