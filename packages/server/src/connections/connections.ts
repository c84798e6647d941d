/** The connections of this process. Each way to reach a worker (`CommunicationStyle`) is a connector in one table. */
import { Invalid } from '@argonaut/contracts';
import type { WorkerConnection } from '@argonaut/contracts/attempt';
import { orAborted } from '@argonaut/runner';
import type { Foundation } from '../foundation.ts';
import { workersIn } from '../workers/queries.ts';
import { startBuiltInWorker } from './built-in.ts';
import type { Connector, OpenConnection } from './connector.ts';
import { sshConnector } from './ssh.ts';

/** The machine of the server itself. It is in no list of workers: it steps in where the default pool is empty. */
export const BUILT_IN_WORKER = { id: 'built-in', name: 'Built-in worker' } as const;

interface Kept {
  readonly identity: string;
  readonly connection: Promise<OpenConnection>;
  /** Once it is open. */
  open?: OpenConnection;
  /** Begun at most once. */
  closing?: Promise<void>;
}

export interface Connections extends AsyncDisposable {
  /** @throws NotFound for an unknown worker, Invalid for one that cannot be reached by this server. */
  to(id: string, signal: AbortSignal): Promise<WorkerConnection>;
  /** Closes the way to a worker that is to be no more: what is kept ready there would stay on the machine. */
  forget(id: string): Promise<void>;
}

/** Made when they are first needed, and then kept. */
export class KeptConnections implements Connections {
  readonly #foundation: Foundation;
  readonly #connectors: Readonly<Record<string, Connector>>;
  readonly #kept = new Map<string, Kept>();
  readonly #closing = new AbortController();

  constructor(
    foundation: Foundation,
    connectors: Readonly<Record<string, Connector>> = { Ssh: sshConnector },
  ) {
    this.#foundation = foundation;
    this.#connectors = connectors;
  }

  async to(id: string, signal: AbortSignal): Promise<WorkerConnection> {
    const foundation = this.#foundation;
    if (id === BUILT_IN_WORKER.id)
      return this.#keep(id, '', signal, () => startBuiltInWorker(foundation, id));
    const worker = await workersIn(foundation.database).get(id);
    const style = worker.document.Endpoint.CommunicationStyle;
    // A worker without a wire of its own is this machine.
    if (style === 'None') return this.to(BUILT_IN_WORKER.id, signal);
    const connector = this.#connectors[style];
    if (connector === undefined) {
      throw new Invalid(
        `The worker "${worker.document.Name}" is reached by ${style}, which this server cannot do yet. Use Ssh, or a worker without an endpoint (None) for this machine.`,
      );
    }
    const identity = await connector.identity(foundation, worker);
    // Others may wait for the same way: whoever asked first and leaves must not end it for them.
    const open = () => connector.open(foundation, worker, this.#closing.signal);
    return this.#keep(id, identity, signal, open);
  }

  async forget(id: string): Promise<void> {
    const known = this.#kept.get(id);
    if (known === undefined) return;
    // Until it is closed it stays known: whoever asks for the worker meanwhile waits for that.
    await closed(known);
    if (this.#kept.get(id) === known) this.#kept.delete(id);
  }

  async #keep(
    id: string,
    identity: string,
    signal: AbortSignal,
    open: () => Promise<OpenConnection>,
  ): Promise<WorkerConnection> {
    signal.throwIfAborted();
    const known = this.#kept.get(id);
    // A machine that has shown another host key for a moment is asked again, and is told nothing before it shows the right one.
    const isUsable =
      known?.identity === identity && known.closing === undefined && known.open?.isOver?.() !== true;
    if (known && isUsable) return orAborted(known.connection, signal);
    const kept: Kept = { identity, connection: closed(known).then(open) };
    this.#kept.set(id, kept);
    kept.connection.then(
      (opened) => {
        kept.open = opened;
      },
      // The failure is told to whoever asked, and the next one tries again.
      () => {
        if (this.#kept.get(id) === kept) this.#kept.delete(id);
      },
    );
    return orAborted(kept.connection, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    this.#closing.abort(new Error('The server stops.'));
    await Promise.all(all.map(closed));
  }
}

/** The old way is closed before a new one is opened: two runners must not share a worker's directory. */
async function closed(kept: Kept | undefined): Promise<void> {
  if (kept === undefined) return;
  kept.closing ??= kept.connection.then((open) => open[Symbol.asyncDispose]()).catch(() => {});
  await kept.closing;
}
