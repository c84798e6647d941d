/** The connections of this process. Each way to reach a worker (`CommunicationStyle`) is a connector in one table. */
import { Invalid } from '@argonaut/contracts';
import type { WorkerConnection } from '@argonaut/contracts/attempt';
import type { Stored } from '../database/index.ts';
import type { Services } from '../services.ts';
import { type Worker, workersIn } from '../workers/queries.ts';
import { startBuiltInWorker } from './built-in.ts';
import { sshConnector } from './ssh.ts';

/** The machine of the server itself. It is in no list of workers: it steps in where the default pool is empty. */
export const BUILT_IN_WORKER = { id: 'built-in', name: 'Built-in worker' } as const;

export type OpenConnection = WorkerConnection & AsyncDisposable;

/** A way to reach workers. */
export interface Connector {
  /** All that the way depends on, as a text: when it changes the worker is reached anew. A health check does not change it. */
  identity(services: Services, worker: Stored<Worker>): Promise<string>;
  /** Opens the way; what it gives is closed when the worker changes or the server stops. */
  open(services: Services, worker: Stored<Worker>, signal: AbortSignal): Promise<OpenConnection>;
}

interface Kept {
  readonly identity: string;
  readonly connection: Promise<OpenConnection>;
}

export class Connections implements AsyncDisposable {
  readonly #connectors: Readonly<Record<string, Connector>>;
  readonly #kept = new Map<string, Kept>();
  #services: Services | undefined;

  constructor(connectors: Readonly<Record<string, Connector>> = { Ssh: sshConnector }) {
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
    if (id === BUILT_IN_WORKER.id) return this.#keep(id, '', () => startBuiltInWorker(services, id));
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
    const identity = await connector.identity(services, worker);
    return this.#keep(id, identity, () => connector.open(services, worker, signal));
  }

  async #keep(id: string, identity: string, open: () => Promise<OpenConnection>): Promise<WorkerConnection> {
    const known = this.#kept.get(id);
    if (known?.identity === identity) return known.connection;
    const kept: Kept = { identity, connection: closed(known).then(open) };
    this.#kept.set(id, kept);
    // A failure is told to whoever asked, and the next one tries again.
    kept.connection.catch(() => {
      if (this.#kept.get(id) === kept) this.#kept.delete(id);
    });
    return kept.connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    for (const kept of all) await closed(kept);
  }
}

/** The old way is closed before a new one is opened: two runners must not share a worker's directory. */
async function closed(kept: Kept | undefined): Promise<void> {
  await kept?.connection.then((open) => open[Symbol.asyncDispose]()).catch(() => {});
}
