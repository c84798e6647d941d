/** The connections of this process. Each way to reach a worker (`CommunicationStyle`) is a connector in one table. */
import { Invalid } from '@argonaut/contracts';
import type { WorkerConnection } from '@argonaut/contracts/attempt';
import type { Stored } from '../database/index.ts';
import type { Services } from '../services.ts';
import { type Worker, workersIn } from '../workers/queries.ts';
import { startBuiltInWorker } from './built-in.ts';

/** The machine of the server itself. It is in no list of workers: it steps in where the default pool is empty. */
export const BUILT_IN_WORKER = { id: 'built-in', name: 'Built-in worker' } as const;

export type OpenConnection = WorkerConnection & AsyncDisposable;

/** Opens the way to a worker; what it gives is closed when the worker changes or the server stops. */
export type Connector = (
  services: Services,
  worker: Stored<Worker>,
  signal: AbortSignal,
) => Promise<OpenConnection>;

interface Kept {
  /** The document's version: a worker that was changed is reached anew. */
  readonly version: number;
  readonly connection: Promise<OpenConnection>;
}

export class Connections implements AsyncDisposable {
  readonly #connectors: Readonly<Record<string, Connector>>;
  readonly #kept = new Map<string, Kept>();
  #services: Services | undefined;

  constructor(connectors: Readonly<Record<string, Connector>> = {}) {
    this.#connectors = connectors;
  }

  /** The services know their connections, and these know the services: they are told once. */
  attach(services: Services): void {
    this.#services = services;
  }

  /** @throws NotFound for an unknown worker, Invalid for one that cannot be reached by this server. */
  async to(id: string, signal: AbortSignal): Promise<WorkerConnection> {
    const services = this.#services;
    if (services === undefined) throw new Error('The connections have not been attached to the services.');
    if (id === BUILT_IN_WORKER.id) return this.#keep(id, 0, () => startBuiltInWorker(services, id));
    const worker = await workersIn(services.database).get(id);
    const style = worker.document.Endpoint.CommunicationStyle;
    // A worker without a wire of its own is this machine.
    if (style === 'None') return this.to(BUILT_IN_WORKER.id, signal);
    const connector = this.#connectors[style];
    if (connector === undefined) {
      throw new Invalid(
        `The worker "${worker.document.Name}" is reached by ${style}, which this server cannot do yet. Use Ssh, or a worker without an endpoint (None) for this machine.`,
      );
    }
    return this.#keep(id, worker.version, () => connector(services, worker, signal));
  }

  async #keep(id: string, version: number, open: () => Promise<OpenConnection>): Promise<WorkerConnection> {
    const known = this.#kept.get(id);
    if (known?.version === version) return known.connection;
    const kept: Kept = { version, connection: open() };
    this.#kept.set(id, kept);
    known?.connection.then((old) => old[Symbol.asyncDispose]()).catch(() => {});
    // A failure is told to whoever asked, and the next one tries again.
    kept.connection.catch(() => {
      if (this.#kept.get(id) === kept) this.#kept.delete(id);
    });
    return kept.connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    for (const { connection } of all) {
      await connection.then((open) => open[Symbol.asyncDispose]()).catch(() => {});
    }
  }
}
