/** A worker behind SSH: the runner in this process, over the files, processes and engine of the other machine. */
import { Invalid } from '@argonaut/contracts';
import { createRunner } from '@argonaut/runner';
import { createDockerEngine } from '@argonaut/runner/docker';
import { systemClock } from '@argonaut/runner/local';
import { sshLogin } from '../accounts/queries.ts';
import type { Stored } from '../database/index.ts';
import type { Foundation } from '../foundation.ts';
import { noteRemoval } from '../tasks/removals.ts';
import type { Worker } from '../workers/queries.ts';
import { sshEndpointOf } from '../workers/ssh-endpoint.ts';
import type { Connector, OpenConnection } from './connector.ts';
import { databaseJournal } from './journal.ts';

/** Below the home of the user who logs in; each installation has a folder of its own there. */
const FOLDER = '.argonaut';
/** Less than what a health check waits, so that its summary says why nobody answered. */
const RECONNECT_PATIENCE_MS = 45_000;
/** For removing what is kept ready on a machine that is left. A server that stops has no more time than that. */
const TIDY_PATIENCE_MS = 5_000;

export const sshConnector: Connector = {
  async identity({ database, keys }, worker) {
    const endpoint = sshEndpointOf(worker.document);
    const { version } = await sshLogin(database, keys, worker.spaceId, endpoint.AccountId);
    return JSON.stringify([endpoint, version]);
  },
  open: openSshWorker,
};

async function openSshWorker(
  foundation: Foundation,
  worker: Stored<Worker>,
  signal: AbortSignal,
): Promise<OpenConnection> {
  const { config, database, keys, installationId, log } = foundation;
  const endpoint = sshEndpointOf(worker.document);
  if (endpoint.ProxyId) {
    throw new Invalid(
      `The worker "${worker.document.Name}" is reached through a proxy, which this server cannot do yet. Remove the proxy from its endpoint.`,
    );
  }
  const {
    username,
    version: _version,
    ...authentication
  } = await sshLogin(database, keys, worker.spaceId, endpoint.AccountId);
  // Loaded when it is needed: most servers start without a worker behind SSH.
  const { connectSsh } = await import('@argonaut/ssh');
  const ssh = await connectSsh(
    {
      host: endpoint.Host,
      port: endpoint.Port,
      username,
      authentication,
      hostFingerprint: endpoint.Fingerprint,
      reconnectPatienceMs: RECONNECT_PATIENCE_MS,
    },
    signal,
  );
  try {
    const { path, home, proxies } = ssh.facts;
    const runner = await createRunner({
      engine: createDockerEngine({
        kind: 'stream',
        name: `the worker "${worker.document.Name}" (${ssh.name})`,
        connect: ssh.engineConnect,
      }),
      files: ssh.files,
      processes: ssh.processes,
      journal: databaseJournal(database, worker.id),
      clock: systemClock,
      server: installationId,
      dataDirectory: `${home}/${FOLDER}/${installationId}`,
      hostEnvironment: { PATH: path, HOME: home, USER: username, LOGNAME: username },
      // What the worker says of itself counts; one that says nothing is behind the same proxy as the server.
      proxies: Object.keys(proxies).length > 0 ? proxies : config.stepEnvironment,
      onProblem: (message) => log.warn({ worker: worker.id }, message),
      onRemoved: (removed) => void noteRemoval(foundation, removed),
    });
    const dispose = runner[Symbol.asyncDispose].bind(runner);
    return Object.assign(runner, {
      isOver: ssh.isOver,
      [Symbol.asyncDispose]: async () => {
        await closeTidily(dispose, () => ssh.close(), TIDY_PATIENCE_MS);
      },
    });
  } catch (error) {
    await ssh.close();
    throw error;
  }
}

/**
 * Tidies up over a way, and closes it: in any case, for nobody would do it later, and without waiting for a machine that is gone,
 * as the new way to the worker, or the end of the server, waits for this. Over a closed way nothing is done any more.
 */
export async function closeTidily(
  tidy: () => PromiseLike<void>,
  close: () => Promise<void>,
  patienceMs: number,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, patienceMs);
  try {
    await Promise.race([tidy(), over.promise]);
  } finally {
    clearTimeout(timer);
    await close();
  }
}
