/** One server process: opens what it needs, listens, and stops in the opposite order. */
import { join } from 'node:path';
import { messageOf, type Secret } from '@argonaut/contracts';
import pino from 'pino';
import { createApplication } from './application.ts';
import { DirectoryBlobStore } from './blobs/index.ts';
import type { ServerConfig } from './config.ts';
import { KeptConnections } from './connections/index.ts';
import { makeDataDirectory } from './data-directory.ts';
import { openCoordination, openDatabase, openKeyRing } from './database/index.ts';
import { installationId } from './database/settings.ts';
import type { Foundation } from './foundation.ts';
import { Metrics } from './http/metrics.ts';
import type { Services } from './services.ts';
import { starting } from './start-failure.ts';
import { TaskNews } from './tasks/news.ts';
import { TasksHere } from './tasks/tasks-here.ts';
import { startWork } from './work.ts';

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:8080`. */
  readonly address: string;
  /** Takes no new requests, lets the running ones finish, closes everything. */
  stop(): Promise<void>;
}

/** How long running requests may take to finish when the server stops, in milliseconds. */
const STOP_GRACE = 10_000;

/**
 * Opens the database, listens, and does what a first start has to do.
 * @param showKey at a first start without ARGONAUT_ADMIN_API_KEY, told the administrator's key before it is stored: whoever ends
 *   in between has shown a key that opens nothing, and the next start shows another.
 * @throws an error with what to do when the data directory is in use, the master key does not fit, or the port is taken.
 */
export async function startServer(
  config: ServerConfig,
  showKey: (key: Secret) => void = () => {},
): Promise<RunningServer> {
  const log = pino({ level: config.logLevel });
  const stopping = new AbortController();
  const now = () => new Date();
  const open = new AsyncDisposableStack();
  try {
    await makeDataDirectory(config.dataDirectory);
    const database = open.adopt(await starting('database', config, () => openDatabase(config)), (it) =>
      it.close(),
    );
    const coordination = open.adopt(await openCoordination(database, now), (it) => it.close());
    const blobs = open.adopt(new DirectoryBlobStore(join(config.dataDirectory, 'blobs')), (it) => it.close());
    const foundation: Foundation = {
      config,
      database,
      coordination,
      keys: await openKeyRing(database, config),
      blobs,
      news: new TaskNews(),
      log,
      metrics: new Metrics(),
      installationId: await installationId(database),
      now,
      stopping: stopping.signal,
    };
    const connections = open.use(new KeptConnections(foundation));
    const services: Services = { ...foundation, connections, tasksHere: new TasksHere() };
    const application = await starting('certificate', config, () => createApplication(services));
    const { host, port } = config;
    const address = await starting('listening', config, () => application.http.listen({ host, port }));
    open.defer(() => application.http.close());
    await application.begin(showKey);
    const work = startWork(services);
    log.info({ address, database: database.kind }, 'listening');
    return {
      address,
      stop: async () => {
        stopping.abort();
        const force = setTimeout(() => application.http.server.closeAllConnections(), STOP_GRACE);
        await application.http.close();
        clearTimeout(force);
        await work.stop();
        await open.disposeAsync();
      },
    };
  } catch (error) {
    log.error(messageOf(error));
    await open.disposeAsync();
    throw error;
  }
}
