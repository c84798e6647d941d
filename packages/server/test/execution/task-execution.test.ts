/** One task from its claim to its end, on a fake worker. */
import { ArgonautError } from '@argonaut/contracts';
import { plainAction } from '@argonaut/orchestrator';
import { expect, test } from 'vitest';
import { MemoryRunStore, TaskExecution } from '../../src/execution/index.ts';
import { ActivityTree, type LogSource, readFrames } from '../../src/tasklog/index.ts';
import { aStep, harness, runToEnd, storedText, TASK } from './harness.ts';

async function tree(source: LogSource) {
  const folded = new ActivityTree();
  for await (const { frame } of readFrames(source)) folded.push(frame);
  const [root] = folded.toElements();
  if (root === undefined) throw new Error('The log has no root.');
  return root;
}

test('the steps of a task run in order, and their logs, statuses and leases are put where they belong', async () => {
  const store = new MemoryRunStore();
  const setup = await harness([aStep('build'), aStep('test'), aStep('ship')], {
    store,
    programs: (title) => ({ writes: [{ stream: 'stdout', text: `hello from ${title}\n` }] }),
  });
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success', errorMessage: '' });

  const root = await tree(store.log(TASK));
  expect(root.Children.map(({ Name, Status }) => `${Name} ${Status}`)).toEqual([
    'Acquire images Success',
    'Step 1: build Success',
    'Step 2: test Success',
    'Step 3: ship Success',
  ]);
  const attempt = root.Children[1]?.Children[0];
  expect(attempt?.Name).toBe('worker one');
  expect(attempt?.LogElements.map(({ MessageText }) => MessageText)).toContain('hello from build');
  expect([...setup.worker.attempts.values()].map(({ phase, starts }) => `${phase} ${starts}`)).toEqual([
    'finished 1',
    'finished 1',
    'finished 1',
  ]);
  expect(setup.leases.size).toBe(0);
  expect(setup.worker.lanesEnded).toEqual(['servertasks-1-l1']);
  expect(store.read(TASK).orders).toEqual([]);
});

test('an output of one step reaches the script and the image of the next one', async () => {
  const seen: string[] = [];
  const show = aStep('show', {
    action: {
      container: { image: 'alpine:#{Octopus.Action[make].Output.Tag}' },
      run: {
        kind: 'Container',
        arguments: ['--tag', '#{Octopus.Action[make].Output.Tag}'],
        environment: { TAG: '#{Octopus.Action[make].Output.Tag}' },
      },
    },
  });
  const setup = await harness([aStep('make'), show], {
    programs(title, late) {
      if (title === 'show') seen.push(...late.argv, late.environment.TAG ?? '');
      return {
        writes: [{ stream: 'stdout', text: 'x' }],
        outputs: [{ name: 'Tag', value: '3.19', sensitive: false }],
      };
    },
  });
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  expect(seen).toEqual(['{entrypoint}', '--tag', '3.19', '3.19']);
  const place = [...setup.worker.attempts.values()].at(-1)?.spec.place;
  expect(place).toMatchObject({ kind: 'container', image: { reference: 'alpine:3.19' } });
});

test('what is declared an artifact is fetched before the worker forgets the attempt; a missing file is a warning', async () => {
  const store = new MemoryRunStore();
  const setup = await harness([aStep('pack')], {
    store,
    programs: () => ({
      writes: [{ stream: 'stdout', text: 'x\n' }],
      artifacts: [
        { path: 'out/report.txt', name: 'report.txt' },
        { path: 'missing.txt', name: 'missing.txt' },
      ],
    }),
  });
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  expect(setup.artifacts.get('report.txt')).toBe('content of out/report.txt');
  expect(store.read(TASK).artifacts.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'report.txt stored',
    'missing.txt failed',
  ]);
  expect((await tree(store.log(TASK))).Children[1]?.Status).toBe('SuccessWithWarning');
});

test('after a failure only steps that run on failure or always run, and the task says what failed first', async () => {
  const setup = await harness(
    [
      aStep('break'),
      aStep('next'),
      aStep('on-failure', { condition: { kind: 'Failure' } }),
      aStep('clean-up', { condition: { kind: 'Always' } }),
    ],
    {
      programs: (title) =>
        title === 'break'
          ? { exit: 3, writes: [{ stream: 'stderr', text: 'no\n' }], resultMessage: 'The disk is square.' }
          : {},
    },
  );
  const completion = await runToEnd(setup);
  expect(completion).toMatchObject({ result: 'Failed' });
  expect(completion.errorMessage).toBe('Step "break" failed: The disk is square. (Exit code 3.)');
  const started = [...setup.worker.attempts.values()].filter(({ starts }) => starts > 0);
  expect(started.map(({ spec }) => spec.title)).toEqual(['break', 'on-failure', 'clean-up']);
});

test('cancelling ends what runs, and the task is Canceled only when its container is gone', async () => {
  const setup = await harness(
    [aStep('sleep'), aStep('never'), aStep('clean-up', { condition: { kind: 'Always' } })],
    {
      programs: (title) => (title === 'sleep' ? { endless: true } : {}),
    },
  );
  const execution = await TaskExecution.claim(TASK, setup.ports);
  const run = execution.run(AbortSignal.timeout(20_000));
  await expect
    .poll(() => Object.values(execution.state.attempts).some(({ phase }) => phase === 'open'))
    .toBe(true);
  await execution.cancel('request-1', 'Ada');
  expect(await run).toMatchObject({ result: 'Canceled' });
  const started = [...setup.worker.attempts.values()].filter(({ starts }) => starts > 0);
  expect(started.map(({ spec }) => spec.title)).toEqual(['sleep', 'clean-up']);
  expect([...setup.worker.attempts.values()].every(({ phase }) => phase === 'finished')).toBe(true);
});

test.each([
  ['before', 'Failed', 0],
  ['after', 'Success', 1],
] as const)(
  'a gate that fails %s it opened, whatever the error: the task is %s',
  async (when, result, starts) => {
    const setup = await harness([aStep('only')]);
    setup.worker.fuse = (point) => {
      if (point === `open.${when}`) throw new ArgonautError('TooLarge', 'The gate is too narrow.');
    };
    const completion = await runToEnd(setup);
    expect(completion.result).toBe(result);
    if (result === 'Failed') expect(completion.errorMessage).toContain('The gate is too narrow.');
    expect([...setup.worker.attempts.values()].map((attempt) => attempt.starts)).toEqual([starts]);
  },
);

test('an image that does not exist fails the task before any step, and names the image', async () => {
  const setup = await harness([
    aStep('first'),
    aStep('second', { action: { container: { image: 'missing:1' } } }),
  ]);
  const completion = await runToEnd(setup);
  expect(completion).toMatchObject({ result: 'Failed' });
  expect(completion.errorMessage).toContain('missing:1');
  expect(setup.worker.attempts.size).toBe(0);
});

test('a worker that does not come back leaves an outcome that is unknown, and nothing runs again by itself', async () => {
  let clock = 0;
  const setup = await harness(
    [aStep('work', { action: { options: { retries: { max: 3, backoffMs: 0 } } } })],
    {
      programs: () => ({ endless: true }),
      ports: { now: () => clock, lostAfterMs: 1_000 },
    },
  );
  const execution = await TaskExecution.claim(TASK, setup.ports);
  setup.worker.fuse = (point) => {
    if (point !== 'follow') return;
    setup.worker.away = true;
    clock = 5_000;
    throw new Error('The connection broke.');
  };
  const run = execution.run(AbortSignal.timeout(20_000));
  await expect.poll(() => setup.worker.away).toBe(true);
  clock = 10_000;
  const completion = await run;
  expect(completion).toMatchObject({ result: 'Failed', unknown: true });
  expect(completion).toMatchObject({
    errorMessage: expect.stringMatching(/^Outcome unknown: step "work": Worker "worker one"/),
  });
  expect([...setup.worker.attempts.values()].map(({ starts }) => starts)).toEqual([1]);
});

test('a manual intervention waits for its answer, and its notes are outputs', async () => {
  const approve = plainAction('approve', 'approve', {
    kind: 'Manual',
    instructions: 'Look at #{Site}.',
    responsibleTeams: [],
  });
  const store = new MemoryRunStore();
  const setup = await harness([aStep('before'), aStep('approve', { actions: [approve] }), aStep('after')], {
    store,
    variables: { Site: 'the site' },
  });
  const execution = await TaskExecution.claim(TASK, setup.ports);
  const run = execution.run(AbortSignal.timeout(20_000));
  await expect.poll(() => store.read(TASK).questions.length).toBe(1);
  const [question] = store.read(TASK).questions;
  expect(question?.text).toBe('Look at the site.');
  expect([...setup.worker.attempts.values()].map(({ spec }) => spec.title)).toEqual(['before']);
  await execution.post({
    events: [{ type: 'interruption-answered', interruption: 'ask:2:1', answer: 'Proceed', notes: 'Fine.' }],
  });
  expect(await run).toMatchObject({ result: 'Success' });
  expect(store.read(TASK).outputs).toContainEqual({
    action: 'approve',
    name: 'Manual.Notes',
    value: 'Fine.',
    sensitive: false,
  });
});

test('a process that was overtaken stops, and the new one carries on', async () => {
  const setup = await harness([aStep('work')], { programs: () => ({ endless: true }) });
  const first = await TaskExecution.claim(TASK, setup.ports);
  const overtaken = first.run(AbortSignal.timeout(20_000));
  await expect
    .poll(() => Object.values(first.state.attempts).some(({ phase }) => phase === 'open'))
    .toBe(true);
  const second = await TaskExecution.claim(TASK, setup.ports);
  const run = second.run(AbortSignal.timeout(20_000));
  await expect(first.cancel('late')).rejects.toThrow(/taken over/);
  await expect(overtaken).rejects.toThrow(/taken over/);
  await second.cancel('request-1');
  expect(await run).toMatchObject({ result: 'Canceled' });
  expect([...setup.worker.attempts.values()].map(({ starts }) => starts)).toEqual([1]);
});

test('each stream is stored exactly, chunk by chunk', async () => {
  const store = new MemoryRunStore();
  const writes = Array.from({ length: 50 }, (_, index) => ({
    stream: index % 3 === 0 ? ('stderr' as const) : ('stdout' as const),
    text: `part ${index}, `,
  }));
  await runToEnd(await harness([aStep('write')], { store, programs: () => ({ writes }) }));
  const texts = await storedText(store.log(TASK));
  for (const stream of ['stdout', 'stderr']) {
    const written = writes.filter((write) => write.stream === stream).map(({ text }) => text);
    expect(texts.get(`servertasks-1-s1-a1 ${stream}`)).toBe(written.join(''));
  }
});
