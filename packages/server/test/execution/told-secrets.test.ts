/** What is told of a task, whatever goes wrong, hides the secrets that the task knows at that moment. */
import { ArgonautError, Invalid, NotFound } from '@argonaut/contracts';
import type { NamedSecret } from '@argonaut/contracts/attempt';
import { defaultPolicy, readContainerOptions } from '@argonaut/runner/options';
import { expect, test } from 'vitest';
import { MemoryRunStore, TaskExecution } from '../../src/execution/index.ts';
import { readFrames } from '../../src/tasklog/index.ts';
import { aStep, harness, runToEnd, TASK } from './harness.ts';

const SECRET = 'hunter2-is-secret';
const secret = { variables: { Password: SECRET }, sensitive: ['Password'] };
const quoting = (Kind: typeof Invalid | typeof NotFound) => new Kind(`The value "${SECRET}" was refused.`);

const revealed = (secrets: readonly NamedSecret[]) => secrets.map(({ value }) => value.reveal());

test.each(['stage.before', 'open.before', 'acquire'])('an error of the worker at %s', async (where) => {
  const setup = await harness([aStep('a')], secret);
  setup.worker.fuse = (point) => {
    if (point === where) throw quoting(Invalid);
  };
  const { errorMessage } = await runToEnd(setup);
  expect(errorMessage).toContain('The value "********(Password)" was refused.');
  expect(errorMessage).not.toContain(SECRET);
});

test('an option that cannot be read', async () => {
  const setup = await harness([aStep('a', { action: { options: { containerOptions: '--init' } } })], {
    ...secret,
    ports: {
      containerOptions: {
        policyOf: async () => undefined,
        read: async () => {
          throw quoting(Invalid);
        },
      },
    },
  });
  const { errorMessage } = await runToEnd(setup);
  expect(errorMessage).toContain('The value "********(Password)" was refused.');
});

test('no worker that can be had', async () => {
  const setup = await harness([aStep('a')], secret);
  const workers = {
    ...setup.ports.workers,
    lease: async () => {
      throw quoting(NotFound);
    },
  };
  const { errorMessage } = await runToEnd({ ...setup, ports: { ...setup.ports, workers } });
  expect(errorMessage).toContain('********(Password)');
});

test('an artifact that cannot be collected', async () => {
  const store = new MemoryRunStore();
  const setup = await harness([aStep('a')], {
    ...secret,
    store,
    programs: () => ({
      writes: [{ stream: 'stdout', text: 'x' }],
      artifacts: [{ path: 'missing', name: 'x' }],
    }),
  });
  setup.worker.fuse = (point) => {
    if (point === 'read') throw quoting(NotFound);
  };
  await runToEnd(setup);
  let text = '';
  for await (const { frame } of readFrames(store.log(TASK))) {
    if (frame.type === 'text') text += Buffer.from(frame.bytes).toString();
  }
  expect(text).toContain('Artifact "x" could not be collected: The value "********(Password)" was refused.');
});

/** `sets` gives a secret to the task while `other` is there already. */
const sets = aStep('sets');
const other = aStep('other', {
  start: 'StartWithPrevious',
  action: {
    workerPool: { kind: 'pool', id: 'WorkerPools-2' },
    run: { kind: 'Container', arguments: ['#{Octopus.Action[sets].Output.Key}'] },
  },
});
const output = {
  writes: [{ stream: 'stdout', text: 'x' }],
  outputs: [{ name: 'Key', value: 'key-of-the-moment', sensitive: true }],
} as const;

test('a secret that comes while a gate is being opened is hidden in the log, if the program gets it', async () => {
  const outputStored = Promise.withResolvers<void>();
  let asked = 0;
  let program: readonly string[] = [];
  const setup = await harness([sets, other], {
    programs(title, late) {
      if (title === 'other') program = late.argv;
      return title === 'sets' ? output : {};
    },
    ports: {
      containerOptions: {
        read: async (text) => readContainerOptions(text, defaultPolicy),
        // Asked first when it is staged, then when its gate opens.
        async policyOf(pool) {
          if (pool === 'WorkerPools-2') asked += 1;
          if (pool === 'WorkerPools-2' && asked === 2) await outputStored.promise;
          return undefined;
        },
      },
    },
  });
  const { worker } = setup;
  worker.fuse = (point) => {
    if (point === 'finish.before') outputStored.resolve();
  };
  const hidden = new Map<string, string[]>();
  const follow = worker.follow.bind(worker);
  worker.follow = (attempt, epoch, options, signal) => {
    hidden.set(worker.attempts.get(attempt)?.spec.title ?? '', revealed(options.secrets));
    return follow(attempt, epoch, options, signal);
  };
  expect(await runToEnd(setup)).toMatchObject({ result: 'Success' });
  expect(program).toContain('key-of-the-moment');
  expect(hidden.get('other')).toContain('key-of-the-moment');
  expect(hidden.get('sets')).not.toContain('key-of-the-moment');
});

test('a terminal hides what other steps have declared since its own began', async () => {
  const running = aStep('running', { action: { workerPool: { kind: 'pool', id: 'WorkerPools-2' } } });
  const later = { ...sets, start: 'StartWithPrevious' as const };
  const over = Promise.withResolvers<void>();
  const setup = await harness([running, later], {
    ...secret,
    programs: (title) => (title === 'sets' ? output : { endless: true }),
  });
  const { worker } = setup;
  worker.fuse = (point) => {
    if (point === 'finish.before') over.resolve();
  };
  const execution = await TaskExecution.claim(TASK, setup.ports);
  const stopping = new AbortController();
  const run = execution.run(AbortSignal.any([stopping.signal, AbortSignal.timeout(20_000)]));
  await over.promise;
  const [attempt = ''] = [...worker.attempts].find(([, { spec }]) => spec.title === 'running') ?? [];
  let hidden: string[] = [];
  worker.terminal = async (_, request) => {
    hidden = revealed(request.secrets);
    throw new ArgonautError('Conflict', 'No terminal in this test.');
  };
  const request = { columns: 80, rows: 24, term: 'xterm' };
  await expect(execution.terminal(attempt, request, stopping.signal)).rejects.toThrow('No terminal');
  stopping.abort(new Error('The test is over.'));
  await run;
  expect(hidden).toEqual(expect.arrayContaining([SECRET, 'key-of-the-moment']));
});
