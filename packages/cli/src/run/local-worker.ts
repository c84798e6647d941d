/** This machine as the only worker: the runner in this process, on the local engine. */
import { join, relative } from 'node:path';
import { messageOf } from '@argonaut/contracts';
import { createRunner, openFileJournal, type Runner } from '@argonaut/runner';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { createLocalFiles, createLocalProcesses, systemClock } from '@argonaut/runner/local';
import type { WorkerDirectory } from '@argonaut/server/execution';
import type { RunDirectory } from './run-directory.ts';

export const LOCAL_POOL = 'local';
export const LOCAL_WORKER = 'this machine';

export interface LocalWorkerOptions {
  readonly run: string;
  readonly directory: RunDirectory;
  readonly data: string;
  readonly environment: NodeJS.ProcessEnv;
  /** What the steps need of an engine: nothing at all, containers, or containers in a lane's network. */
  readonly engine: 'none' | 'containers' | 'lanes';
  readonly onProblem: (message: string) => void;
}

/** A runner of its own for each run, so that runs side by side never touch what belongs to another. */
export async function createLocalWorker(options: LocalWorkerOptions): Promise<Runner> {
  const { run, directory, data, environment } = options;
  await directory.makeWorkerDirectories(run);
  const home = directory.path(run, 'worker');
  const hostData = environment.ARGONAUT_HOST_DATA;
  const path = environment.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const hostEnvironment = Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return createRunner({
    ...(options.engine !== 'none'
      ? { engine: createDockerEngine(endpointFromDockerHost(environment.DOCKER_HOST)) }
      : {}),
    files: createLocalFiles(),
    processes: createLocalProcesses({ path }),
    journal: await openFileJournal(directory.path(run, 'journal')),
    clock: systemClock,
    server: run,
    dataDirectory: home,
    ...(hostData ? { hostDataDirectory: join(hostData, relative(data, home)) } : {}),
    hostEnvironment,
    proxies: environment,
    poolSize: options.engine === 'lanes' ? 1 : 0,
    onProblem: options.onProblem,
  });
}

export function onlyWorker(runner: Runner): WorkerDirectory {
  return {
    lease: async () => ({ worker: 'local', name: LOCAL_WORKER, connection: runner }),
    release: async () => {},
  };
}

/** Longer than an engine needs to answer; a run whose engine is gone must still end. */
const PUT_AWAY_MS = 30_000;

/**
 * Ends the runner when its run is over. The sweep of what an earlier, killed process left on the engine goes on in the
 * background; a run that was nearly over would otherwise end before it.
 */
export async function putAway(runner: Runner, onProblem: (message: string) => void): Promise<void> {
  try {
    await runner.warm(AbortSignal.timeout(PUT_AWAY_MS));
    await runner.settled();
  } catch (error) {
    onProblem(`Not everything could be removed from the engine: ${messageOf(error)}`);
  }
  await runner[Symbol.asyncDispose]();
}
