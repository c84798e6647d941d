/** What every folder of the server may use, made once at the start and passed in; and what a folder gives back. */
import type { Logger } from 'pino';
import type { BlobStore } from './blobs/index.ts';
import type { ServerConfig } from './config.ts';
import type { Connections } from './connections/index.ts';
import type { Coordination, Database, KeyRing } from './database/index.ts';
import type { RouteTable } from './http/index.ts';
import type { Metrics } from './http/metrics.ts';
import type { TaskNews } from './tasks/news.ts';
import type { TasksHere } from './tasks/tasks-here.ts';

export interface Services {
  readonly config: ServerConfig;
  readonly database: Database;
  /** The task queue, shared by all servers of one database. */
  readonly coordination: Coordination;
  readonly keys: KeyRing;
  readonly blobs: BlobStore;
  /** How this process reaches workers. */
  readonly connections: Connections;
  /** Tells watchers in this process that a task has changed. */
  readonly news: TaskNews;
  /** The tasks that this process runs: for what only their own server can do. */
  readonly tasksHere: TasksHere;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** A UUID that names this installation for ever. */
  readonly installationId: string;
  /** The only clock: tests pass their own. */
  readonly now: () => Date;
  /** Aborted when the server stops; every background wait ends with it. */
  readonly stopping: AbortSignal;
}

/** One folder of the server: its routes, and what every new space gets from it. */
export interface Feature {
  readonly name: string;
  readonly routes?: (routes: RouteTable, services: Services) => void;
  /** Runs inside the transaction that makes a space. */
  readonly seedSpace?: (spaceId: string, services: Services) => Promise<void>;
}
