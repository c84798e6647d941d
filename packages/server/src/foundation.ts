/** What every folder of the server stands on. It is made once at the start and knows no folder that builds upon it. */
import type { Logger } from 'pino';
import type { BlobStore } from './blobs/index.ts';
import type { ServerConfig } from './config.ts';
import type { Coordination, Database, KeyRing } from './database/index.ts';
import type { Metrics } from './http/metrics.ts';
import type { TaskNews } from './tasks/news.ts';

export interface Foundation {
  readonly config: ServerConfig;
  readonly database: Database;
  /** The task queue, shared by all servers of one database. */
  readonly coordination: Coordination;
  readonly keys: KeyRing;
  readonly blobs: BlobStore;
  /** Tells watchers in this process that a task has changed. */
  readonly news: TaskNews;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** A UUID that names this installation for ever. */
  readonly installationId: string;
  /** The only clock: tests pass their own. */
  readonly now: () => Date;
  /** Aborted when the server stops; every background wait ends with it. */
  readonly stopping: AbortSignal;
}
