/** The built-in worker: the runner in this process, over the engine that DOCKER_HOST names. */
import { join } from 'node:path';
import { createRunner, type Runner } from '@argonaut/runner';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import { createLocalFiles, createLocalProcesses, systemClock } from '@argonaut/runner/local';
import type { Foundation } from '../foundation.ts';
import { noteRemoval } from '../tasks/removals.ts';
import { databaseJournal } from './journal.ts';

/** The folder of the runner in the data directory. */
const FOLDER = 'worker';

export function startBuiltInWorker(foundation: Foundation, worker: string): Promise<Runner> {
  const { config, database, installationId, log } = foundation;
  return createRunner({
    engine: createDockerEngine(endpointFromDockerHost(config.dockerHost)),
    files: createLocalFiles(),
    processes: createLocalProcesses({ path: config.stepEnvironment.PATH ?? '' }),
    journal: databaseJournal(database, worker),
    clock: systemClock,
    server: installationId,
    dataDirectory: join(config.dataDirectory, FOLDER),
    ...(config.hostDataDirectory === undefined
      ? {}
      : { hostDataDirectory: join(config.hostDataDirectory, FOLDER) }),
    hostEnvironment: config.stepEnvironment,
    proxies: config.stepEnvironment,
    onProblem: (message) => log.warn({ worker }, message),
    onRemoved: (removed) => void noteRemoval(foundation, removed),
  });
}
