import type { AttemptSpec, LateValues } from '@argonaut/contracts/attempt';
import { describe, expect, it } from 'vitest';
import { gatePayload, type ProgramSurroundings } from './program.ts';

const spec: AttemptSpec = {
  attempt: 'a',
  task: 't',
  server: 's',
  lane: 'l',
  title: 'step',
  place: {
    kind: 'container',
    image: { reference: 'tool:1', local: 'x', os: 'linux', architecture: 'amd64' },
    network: 'none',
  },
  limits: {},
  interpreters: ['sh'],
  oneStream: false,
  serviceMessages: true,
  gateDeadlineMs: 1,
  holdOnFailureMs: 0,
  leftovers: 'end',
};
const around: ProgramSurroundings = {
  interpreter: '/bin/sh',
  files: '/run/argonaut/files',
  work: '/argonaut/work',
  entrypoint: ['/entry', '-x'],
  cmd: ['default'],
};
const late = (more: Partial<LateValues>): LateValues => ({
  argv: [],
  environment: {},
  files: [],
  secrets: [],
  deadlineMs: 0,
  graceMs: 0,
  ...more,
});
const withEntrypoint = (entrypoint: { command?: string[]; arguments?: string[] }): AttemptSpec => ({
  ...spec,
  place: { ...spec.place, entrypoint } as AttemptSpec['place'],
});

describe('what goes through the gate', () => {
  it('has the place holders filled, at the beginning of a word and nowhere else', () => {
    const argv = ['{interpreter}', '{files}/main', '{work}', 'say {work}', '{workshop}', '{files}x'];
    expect(gatePayload(spec, late({ argv }), around).program).toEqual([
      '/bin/sh',
      '/run/argonaut/files/main',
      '/argonaut/work',
      'say {work}',
      '{workshop}',
      '{files}x',
    ]);
  });

  it.each([
    ['the image as it is', spec, [], ['/entry', '-x', 'default']],
    ['arguments for CMD', withEntrypoint({ arguments: ['a'] }), [], ['/entry', '-x', 'a']],
    ['a command for ENTRYPOINT, and no CMD', withEntrypoint({ command: ['/c'] }), [], ['/c']],
    ['both', withEntrypoint({ command: ['/c'], arguments: ['a'] }), [], ['/c', 'a']],
    ['arguments through the gate', spec, ['{entrypoint}', 'secret'], ['/entry', '-x', 'secret']],
    [
      'both ways: the gate wins',
      withEntrypoint({ arguments: ['a'] }),
      ['{entrypoint}', 'b'],
      ['/entry', '-x', 'b'],
    ],
    ['no arguments through the gate', spec, ['{entrypoint}'], ['/entry', '-x']],
  ] as const)('%s', (_name, whichSpec, argv, program) => {
    expect(gatePayload(whichSpec, late({ argv }), around).program).toEqual(program);
  });

  it('does not read place holders in the words of an image or of a user', () => {
    expect(gatePayload(spec, late({ argv: ['{entrypoint}', '{work}'] }), around).program.at(-1)).toBe(
      '{work}',
    );
  });

  it('is refused when there is nothing to run', () => {
    const bare = { ...around, entrypoint: [], cmd: [] };
    expect(() => gatePayload(spec, late({}), bare)).toThrow(/tool:1 has neither ENTRYPOINT nor CMD/);
  });

  it('runs a script in the step directory and an image in its WORKDIR', () => {
    expect(gatePayload(spec, late({ argv: ['x'] }), around).cwd).toBe('/argonaut/work');
    expect(gatePayload(spec, late({}), around).cwd).toBeUndefined();
    expect(gatePayload(spec, late({ cwd: '{work}/sub' }), around).cwd).toBe('/argonaut/work/sub');
  });

  it('gives a home to those who have none, unless the step sets one', () => {
    const homeless = { ...around, home: '/argonaut/home' };
    expect(gatePayload(spec, late({}), homeless).env?.HOME).toBe('/argonaut/home');
    expect(gatePayload(spec, late({ environment: { HOME: '/mine' } }), homeless).env?.HOME).toBe('/mine');
    expect(gatePayload(spec, late({}), around).env?.HOME).toBeUndefined();
  });
});
