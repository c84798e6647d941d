/**
 * `argonaut run` on the real engine: images, failures, cancel, detach and resume. Only the first test needs a network; the
 * others say so, and do not depend on the engine's bridge.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { builtRepository } from '@argonaut/runner/images';
import { afterAll, expect, test } from 'vitest';
import { Desk } from './command-under-test.ts';

const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
afterAll(() => engine.close());

/** Containers of a run, in any state. */
async function containersOf(run: string) {
  return engine.listContainers({ 'argonaut.server': run }, AbortSignal.timeout(20_000));
}

/** Built here with this variable: other tests build beside this one, and remove what they built. */
async function builtWith(variable: string): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(20_000);
  const tags = (await engine.listImages(signal)).flatMap(({ repoTags }) => repoTags);
  const found: string[] = [];
  for (const tag of tags.filter((name) => name.startsWith(`${builtRepository}:`))) {
    if ((await engine.inspectImage(tag, signal))?.env.includes(variable)) found.push(tag);
  }
  return found;
}

test('two steps in two images and one on this machine: headers, lines in order, outputs, exit code 0', async () => {
  await using desk = await Desk.make();
  const file = await desk.file(`
name: Three steps
variables:
  Greeting: hello
  Token: { env: TEST_TOKEN, secret: true }
steps:
  - name: make
    image: argonaut-test/busybox:1
    run: |
      echo "#{Greeting} from busybox, #{Token}"
      set_octopusvariable Tag 17
  - name: use
    image: argonaut-test/debian:1
    shell: bash
    run: |
      [[ -d /proc ]] && echo "the tag is #{Octopus.Action[make].Output.Tag}"
  - name: here
    run: echo "and here"
`);
  const { end, out, err } = await desk.run([file], { TEST_TOKEN: 'trustno1trustno1' });
  expect({ end, err }).toEqual({ end: 0, err: '' });
  const lines = out.split('\n').map((line) => line.trim());
  expect(lines.filter((line) => /^(▶|hello|the tag|and here)/.test(line))).toEqual([
    '▶ 1 make',
    'hello from busybox, ********(Token)',
    '▶ 2 use',
    'the tag is 17',
    '▶ 3 here',
    'and here',
  ]);
  expect(out).toMatch(/success after \d+\.\d s\n$/);
  const [run = ''] = await desk.runs();
  expect(await containersOf(run)).toEqual([]);
  expect((await readdir(desk.runPath(run))).sort()).toEqual(['epoch', 'log', 'process.json', 'run.json']);
  for (const name of ['log', 'process.json', 'run.json']) {
    expect(await readFile(desk.runPath(run, name), 'latin1')).not.toContain('trustno1');
  }
});

test('an image is built from its Dockerfile, with variables in it; the second run builds nothing', async () => {
  await using desk = await Desk.make();
  const mark = randomUUID();
  const file = await desk.file(`
variables:
  Base: argonaut-test/busybox:1
steps:
  - name: built
    build:
      dockerfile: |
        FROM #{Base}
        ARG MARK
        ENV BUILT_WITH=$MARK
        RUN echo "$MARK" > /mark
      args: { MARK: ${mark} }
    network: none
    run: cat /mark
`);
  const first = await desk.run([file]);
  expect(first).toMatchObject({ end: 0, err: '' });
  expect(first.out).toContain('step 4 of 4: RUN echo "$MARK" > /mark');
  expect(first.out.split('\n').map((line) => line.trim())).toContain(mark);
  const second = await desk.run([file]);
  expect(second.end).toBe(0);
  expect(second.out).not.toContain('Building');
  expect(second.out.split('\n').map((line) => line.trim())).toContain(mark);
  const built = await builtWith(`BUILT_WITH=${mark}`);
  for (const name of built) await engine.removeImage(name, AbortSignal.timeout(20_000));
  expect(built).toHaveLength(1);
});

test('a failing program gives exit code 10; what follows is skipped, what runs always runs', async () => {
  await using desk = await Desk.make();
  const file = await desk.file(`
steps:
  - { name: break, image: "argonaut-test/busybox:1", network: none, run: exit 3 }
  - { name: next, image: "argonaut-test/busybox:1", network: none, run: echo must not run }
  - { name: mend, image: "argonaut-test/busybox:1", network: none, run: echo mending, when: failure }
  - { name: clean, image: "argonaut-test/busybox:1", network: none, command: [/bin/busybox, echo], args: [cleaning], when: always }
`);
  const { end, out } = await desk.run([file]);
  expect(end).toBe(10);
  expect(out).toContain('○ next skipped');
  expect(out).toMatch(/mending[\s\S]*cleaning/);
  expect(out).not.toContain('  must not run');
  expect(out).toContain('failed after');
});

test('an image that is nowhere gives exit code 11 and a sentence that names it', async () => {
  await using desk = await Desk.make();
  const file = await desk.file(
    'steps: [{ name: a, image: "argonaut-test/no-such:9", pull: never, run: x }]\n',
  );
  const { end, out } = await desk.run([file]);
  expect(end).toBe(11);
  expect(out).toContain('argonaut-test/no-such:9');
});

test('a wrong file gives exit code 2 and every mistake; no file gives 3', async () => {
  await using desk = await Desk.make();
  const { end, err } = await desk.run([await desk.file('steps:\n  - name: a\n    imgae: x\n')]);
  expect(end).toBe(2);
  expect(err).toMatch(/process\.yaml:3:5: Step 1 does not know "imgae"/);
  expect((await desk.run(['/no/such/file.yaml'])).end).toBe(3);
  expect((await desk.run(['--resume'])).end).toBe(3);
});

test('--json tells everything as one event a line', async () => {
  await using desk = await Desk.make();
  const file = await desk.file(
    'name: J\nsteps: [{ name: a, image: "argonaut-test/busybox:1", network: none, run: "echo one; echo two >&2" }]\n',
  );
  const { end, out } = await desk.run([file, '--json']);
  const events = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(end).toBe(0);
  expect(events[0]).toMatchObject({ type: 'run', title: 'J', resumed: false });
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'log', name: 'a', source: 'stdout', text: 'one' }),
  );
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'log', name: 'a', source: 'stderr', text: 'two' }),
  );
  expect(events.at(-1)).toMatchObject({ type: 'end', result: 'Success', exitCode: 0 });
});

test('interrupted once, it cancels: TERM, the always-run step, no container left, exit code 12', async () => {
  await using desk = await Desk.make();
  const file = await desk.file(`
steps:
  - name: long
    image: argonaut-test/busybox:1
    network: none
    run: |
      trap 'echo told to end; exit 1' TERM
      echo ready
      while :; do sleep 0.1; done
  - { name: never, image: "argonaut-test/busybox:1", network: none, run: echo never }
  - { name: clean, image: "argonaut-test/busybox:1", network: none, run: echo cleaning, when: always }
`);
  const started = desk.start([file]);
  await started.said('ready');
  started.child.kill('SIGINT');
  const { end, out } = await started.ended;
  expect(end).toBe(12);
  expect(out).toMatch(/told to end[\s\S]*■ long cancelled[\s\S]*cleaning/);
  const [run = ''] = await desk.runs();
  expect(await containersOf(run)).toEqual([]);
});

test('interrupted twice, it leaves the run going, says how to resume it, and a resume shows every line', async () => {
  await using desk = await Desk.make();
  const file = await desk.file(`
steps:
  - name: long
    image: argonaut-test/busybox:1
    network: none
    volumes: ["${desk.ledger}:/ledger"]
    grace: 60s
    run: |
      trap 'echo not yet' TERM
      echo x >> /ledger/long
      echo first
      while [ ! -e /ledger/enough ]; do sleep 0.1; done
      echo last
`);
  const started = desk.start([file]);
  await started.said('first');
  started.child.kill('SIGINT');
  await started.said('not yet');
  started.child.kill('SIGINT');
  const { end, err } = await started.ended;
  const [run = ''] = await desk.runs();
  expect(end).toBe(130);
  expect(err).toContain(`argonaut run --resume ${run}`);
  expect((await containersOf(run)).some(({ status }) => status === 'running')).toBe(true);

  const resumed = desk.start(['--resume']);
  await resumed.said('first');
  expect((await desk.run(['--resume', run])).end).toBe(5);
  await writeFile(`${desk.ledger}/enough`, '');
  const { end: code, out } = await resumed.ended;
  expect(code).toBe(12);
  expect(out).toMatch(/first[\s\S]*not yet[\s\S]*last/);
  expect(await desk.starts()).toMatchObject({ long: 1 });
  expect(await containersOf(run)).toEqual([]);
});
