/** What a runner finds out when it starts: does the engine answer, and does it see our files? */
import { mkdtemp, rm } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createDockerEngine, endpointFromDockerHost } from '../src/docker/index.ts';
import { createRunner, openFileJournal, type Runner, type RunnerOptions } from '../src/index.ts';
import { createLocalFiles, createLocalProcesses, systemClock } from '../src/local/index.ts';
import { gather, late, patience } from './contract/bench.ts';

describe('a runner that starts', () => {
  const open: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  const start = async (options: Partial<RunnerOptions>): Promise<Runner> => {
    const dataDirectory = await mkdtemp('/tmp/argonaut-start-');
    open.push(() => rm(dataDirectory, { recursive: true, force: true }));
    const files = createLocalFiles();
    const runner = await createRunner({
      files,
      processes: createLocalProcesses({ path: process.env.PATH ?? '' }),
      journal: await openFileJournal(`${dataDirectory}/journal`),
      clock: systemClock,
      server: 'test-start',
      dataDirectory,
      poolSize: 0,
      ...options,
    });
    open.push(async () => {
      await runner.settled();
      await runner[Symbol.asyncDispose]();
      await files[Symbol.asyncDispose]();
    });
    return runner;
  };
  const engine = () => createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));

  const hostStep = async (runner: Runner): Promise<string> => {
    const attempt = 'plain';
    await runner.stage(
      {
        attempt,
        task: 'ServerTasks-1',
        server: 'test-start',
        lane: 'lane',
        title: 'plain',
        place: { kind: 'host' },
        limits: {},
        interpreters: ['sh'],
        oneStream: false,
        serviceMessages: true,
        gateDeadlineMs: 60_000,
        holdOnFailureMs: 0,
        leftovers: 'end',
      },
      1,
      patience(),
    );
    await runner.open(attempt, 1, late('echo plain'), () => {}, patience());
    const told = await gather(runner.follow(attempt, 1, { cursor: 0, secrets: [] }, patience()));
    await runner.finish(attempt, 1, patience());
    return told.stdout.toString();
  };

  it('describes its worker', async () => {
    const runner = await start({ engine: engine() });
    const described = await runner.describe(patience());
    expect(described).toMatchObject({
      os: 'linux',
      engine: { apiVersion: expect.stringMatching(/^1\.\d+$/) },
    });
    expect(described.engineProblem).toBeUndefined();
    expect(described.freeDiskBytes).toBeGreaterThan(0);
  });

  it('says what to set when the engine sees another directory under our path', async () => {
    const runner = await start({ engine: engine(), hostDataDirectory: '/var/no/such/place' });
    await expect(runner.warm(patience())).rejects.toThrow(/ARGONAUT_HOST_DATA/);
    expect((await runner.describe(patience())).engineProblem).toMatch(/ARGONAUT_HOST_DATA/);
  });

  it('says so too when there is a directory, but not ours', async () => {
    const other = await mkdtemp('/tmp/argonaut-other-');
    open.push(() => rm(other, { recursive: true, force: true }));
    const runner = await start({ engine: engine(), hostDataDirectory: other });
    await expect(runner.warm(patience())).rejects.toThrow(/ARGONAUT_HOST_DATA/);
  });

  it('runs plain steps although no engine answers, and says what is wrong with the engine', async () => {
    const runner = await start({ engine: createDockerEngine({ kind: 'socket', path: '/no/such.sock' }) });
    const { engineProblem } = await runner.describe(patience());
    expect(engineProblem).toMatch(/no answer from the engine at \/no\/such\.sock.*Start Docker/);
    expect(await hostStep(runner)).toBe('plain\n');
    await expect(
      runner.acquire({ reference: 'x', policy: 'never' }, () => {}, patience()),
    ).rejects.toMatchObject({ kind: 'InfrastructureFailure' });
  });

  it('runs plain steps without any engine', async () => {
    const runner = await start({});
    expect((await runner.describe(patience())).engineProblem).toMatch(/no container engine/);
    expect(await hostStep(runner)).toBe('plain\n');
  });
});
