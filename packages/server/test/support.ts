/** A whole server in memory, asked through `inject`: no port, no disk but a temporary blob directory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@argonaut/contracts';
import type { InjectOptions } from 'fastify';
import pino from 'pino';
import { createApplication } from '../src/application.ts';
import { DirectoryBlobStore } from '../src/blobs/index.ts';
import { readConfig, type ServerConfig } from '../src/config.ts';
import { KeptConnections } from '../src/connections/index.ts';
import { type Database, KeyRing, memoryDatabase, openCoordination } from '../src/database/index.ts';
import type { Foundation } from '../src/foundation.ts';
import { Metrics } from '../src/http/metrics.ts';
import type { Services } from '../src/services.ts';
import { TaskNews } from '../src/tasks/news.ts';
import { TasksHere } from '../src/tasks/tasks-here.ts';

export const ADMIN_KEY = 'API-TESTADMINISTRATOR0001';

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  readonly body: any;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly raw: Buffer;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

export interface TestServer extends AsyncDisposable {
  readonly services: Services;
  /** As the administrator, unless headers say otherwise. */
  call(method: Method, url: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  get(url: string, headers?: Record<string, string>): Promise<Reply>;
  inject(options: InjectOptions): Promise<Reply>;
  /** Opens a port, for what `inject` cannot do (WebSockets); answers `http://127.0.0.1:…`. */
  listen(): Promise<string>;
}

/** `overrides.now` moves the server's clock; `database` keeps data across two servers. */
export async function testServer(
  overrides: Partial<Services> & { readonly settings?: Partial<ServerConfig> } = {},
): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'argonaut-test-'));
  const { settings, ...given } = overrides;
  const database: Database = given.database ?? (await memoryDatabase());
  const config: ServerConfig = {
    ...readConfig({ ARGONAUT_DATA: directory, ARGONAUT_LOG_LEVEL: 'silent' }),
    adminApiKey: new Secret(ADMIN_KEY),
    ...settings,
  };
  const now = given.now ?? (() => new Date());
  const foundation: Foundation = {
    config,
    coordination: await openCoordination(database, now),
    keys: new KeyRing(Buffer.alloc(32, 7)),
    blobs: new DirectoryBlobStore(join(directory, 'blobs')),
    news: new TaskNews(),
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
    installationId: '7f9c24e8-3b12-4fef-91e0-5ad8a1c5d3b1',
    now,
    stopping: new AbortController().signal,
    ...given,
    database,
  };
  const services: Services = {
    connections: new KeptConnections(foundation),
    tasksHere: new TasksHere(),
    ...given,
    ...foundation,
  };
  const application = createApplication(services);
  await application.begin(() => {});

  const inject = async (options: InjectOptions): Promise<Reply> => {
    const response = await application.http.inject(options);
    const isJson = String(response.headers['content-type'] ?? '').startsWith('application/json');
    const isPlain = response.headers['content-encoding'] === undefined;
    return {
      status: response.statusCode,
      body: isJson && isPlain ? JSON.parse(response.body) : response.body,
      headers: response.headers,
      raw: response.rawPayload,
    };
  };
  const call: TestServer['call'] = (method, url, body, headers = {}) =>
    inject({
      method,
      url,
      headers: { 'x-octopus-apikey': ADMIN_KEY, ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
    });
  return {
    services,
    inject,
    call,
    listen: () => application.http.listen({ host: '127.0.0.1', port: 0 }),
    get: (url, headers) => call('GET', url, undefined, headers),
    [Symbol.asyncDispose]: async () => {
      await application.http.close();
      await services.connections[Symbol.asyncDispose]();
      await services.blobs.close();
      await services.coordination.close();
      if (!given.database) await database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
