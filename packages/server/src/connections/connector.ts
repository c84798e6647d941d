/** A way to reach workers, such as SSH. */
import type { WorkerConnection } from '@argonaut/contracts/attempt';
import type { Stored } from '../database/index.ts';
import type { Foundation } from '../foundation.ts';
import type { Worker } from '../workers/queries.ts';

export type OpenConnection = WorkerConnection &
  AsyncDisposable & {
    /** It will never lead to the worker again; another one may. */
    readonly isOver?: () => boolean;
  };

export interface Connector {
  /** All that the way depends on, as a text: when it changes the worker is reached anew. A health check does not change it. */
  identity(foundation: Foundation, worker: Stored<Worker>): Promise<string>;
  /** Opens the way; what it gives is closed when the worker changes or the server stops. */
  open(foundation: Foundation, worker: Stored<Worker>, signal: AbortSignal): Promise<OpenConnection>;
}
