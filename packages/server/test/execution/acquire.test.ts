/** How the shell makes an image present: what it waits for, what it never does twice, and with whose credentials. */
import { ArgonautError, InfrastructureFailure, Secret } from '@argonaut/contracts';
import type { AcquiredImage, ImageRequest, WorkerDescription } from '@argonaut/contracts/attempt';
import { expect, test } from 'vitest';
import { MemoryRunStore, TaskExecution } from '../../src/execution/index.ts';
import { type LogSource, readFrames } from '../../src/tasklog/index.ts';
import { FakeWorker } from './fake-worker.ts';
import { aStep, harness, runToEnd, TASK } from './harness.ts';

type Answer = () => AcquiredImage;

/** Answers each request by the next entry of a list; the last one is repeated. */
class ScriptedWorker extends FakeWorker {
  readonly passwords: string[] = [];
  engineAway = 0;
  readonly #answers: Answer[];

  constructor(...answers: Answer[]) {
    super(() => ({}));
    this.#answers = answers;
  }

  override async acquire({ credentials }: ImageRequest): Promise<AcquiredImage> {
    this.passwords.push(credentials?.password.reveal() ?? '');
    const [next] = this.#answers.length > 1 ? this.#answers.splice(0, 1) : this.#answers;
    if (next === undefined) throw new Error('There is no answer.');
    return next();
  }

  override async describe(): Promise<WorkerDescription> {
    const description = await super.describe();
    if (this.engineAway === 0) return description;
    this.engineAway -= 1;
    return { ...description, engineProblem: 'no answer from the engine' };
  }
}

const present: Answer = () => ({ reference: 'tool:1', local: 'kept', os: 'linux', architecture: 'amd64' });
const fails =
  (error: Error): Answer =>
  () => {
    throw error;
  };

/** A task with one step, on this worker; its feed gets another password at each question. */
async function run(worker: ScriptedWorker) {
  let asked = 0;
  const store = new MemoryRunStore();
  const setup = await harness([aStep('a')], {
    store,
    ports: {
      workers: {
        lease: async () => ({ worker: 'Workers-1', name: 'worker one', connection: worker }),
        release: async () => {},
      },
      images: {
        request: async ({ reference }) => {
          asked += 1;
          const credentials = { username: 'u', password: new Secret(`password ${asked}`) };
          return { reference, credentials, policy: 'always' };
        },
      },
    },
  });
  const completion = await runToEnd(setup);
  return { ...completion, warnings: await warningsIn(store.log(TASK)) };
}

async function warningsIn(log: LogSource): Promise<string[]> {
  const warnings: string[] = [];
  for await (const { frame } of readFrames(log)) {
    if (frame.type === 'text' && frame.level === 'Warning')
      warnings.push(Buffer.from(frame.bytes).toString());
  }
  return warnings;
}

test('a worker that is away is asked again, with the credentials of that moment', async () => {
  const away = fails(new ArgonautError('Unavailable', 'The worker does not answer.'));
  const worker = new ScriptedWorker(away, away, present);
  expect(await run(worker)).toMatchObject({ result: 'Success' });
  expect(worker.passwords).toEqual(['password 1', 'password 2', 'password 3']);
});

test('an engine that is being restarted is waited for', async () => {
  const broken = new InfrastructureFailure('pulling: no answer from the engine', {
    details: { connection: 'ECONNREFUSED' },
  });
  const worker = new ScriptedWorker(fails(broken), present);
  worker.engineAway = 2;
  const { result, warnings } = await run(worker);
  expect([result, warnings]).toEqual([
    'Success',
    [
      expect.stringMatching(
        /engine of the worker "worker one" does not answer. Waiting up to 30 s .*not running/,
      ),
    ],
  ]);
  expect([worker.engineAway, worker.passwords]).toEqual([0, ['password 1', 'password 2']]);
});

test.each([
  ['refused credentials', new ArgonautError('Unauthorised', 'The registry refuses the password.')],
  [
    'a registry that limits us, which the worker has waited for',
    new ArgonautError('Unavailable', 'The registry limits us.', {
      details: { status: 429, engineMessage: 'toomanyrequests' },
    }),
  ],
])('%s are an end at once', async (_what, error) => {
  const worker = new ScriptedWorker(fails(error));
  expect(await run(worker)).toMatchObject({
    result: 'Failed',
    errorMessage: expect.stringContaining(error.message),
  });
  expect(worker.passwords).toEqual(['password 1']);
});

test('a cancel does not wait for an engine that is away', async () => {
  const worker = new ScriptedWorker(present);
  worker.engineAway = Number.POSITIVE_INFINITY;
  worker.fuse = (point) => {
    if (point === 'stage.before')
      throw new InfrastructureFailure('No answer.', { details: { connection: 'ECONNREFUSED' } });
  };
  const store = new MemoryRunStore();
  const workers = {
    lease: async () => ({ worker: 'Workers-1', name: 'worker one', connection: worker }),
    release: async () => {},
  };
  const { ports } = await harness([aStep('a')], { store, ports: { workers } });
  const execution = await TaskExecution.claim(TASK, ports);
  // Less than the half minute for which an engine is waited for.
  const running = execution.run(AbortSignal.timeout(15_000));
  await expect
    .poll(() => warningsIn(store.log(TASK)))
    .toEqual([expect.stringContaining('Waiting up to 30 s')]);
  await execution.cancel('request-1');
  expect(await running).toMatchObject({ result: 'Canceled' });
});
