/**
 * Speaking with argonaut-init through the socket in the attempt directory. Every call has a connection of its own; all of
 * them may be repeated.
 */
import { InfrastructureFailure, Invalid, kindOf } from '@argonaut/contracts';
import { GateClient, GateError, type GatePayload, type InitState, type OpenResult } from '@argonaut/init';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { StagingDirectory } from './staging-directory.ts';

const callDeadlineMs = 15_000;
const openTries = 4;
const retryPauseMs = 50;

export class Gates {
  readonly #files: Files;
  readonly #clock: Clock;

  constructor(files: Files, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  /** True when init listens. Fast: the file is looked at, nothing is connected. */
  async isThere(directory: StagingDirectory, signal: AbortSignal): Promise<boolean> {
    return (await this.#files.stat(directory.control, signal))?.kind === 'socket';
  }

  /**
   * Sends the late values and `go`. Resolves when the program has started, had been started before, or could not be
   * started (then `exit` says why). `InfrastructureFailure` when init cannot be reached.
   */
  async open(directory: StagingDirectory, payload: GatePayload, signal: AbortSignal): Promise<OpenResult> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.#call(directory, signal, (client) =>
          client.open(payload, { deadlineMs: callDeadlineMs, signal }),
        );
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof GateError && error.kind === 'Refused') {
          throw new Invalid(error.message, { cause: error });
        }
        // A repeated `go` is answered by `already`, so after a lost answer there is nothing to fear.
        if (tried >= openTries || !isLost(error)) throw asFailure(error, 'open the gate');
        await this.#clock.sleep(retryPauseMs * tried, signal);
      }
    }
  }

  /** TERM to the program's group, KILL after the grace; at the gate: the end. False when nobody listens any more. */
  cancel(directory: StagingDirectory, graceMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#tell(directory, signal, (client) =>
      client.cancel(graceMs, { deadlineMs: callDeadlineMs, signal }),
    );
  }

  /** Where init is; undefined when nobody listens. */
  async status(directory: StagingDirectory, signal: AbortSignal): Promise<InitState | undefined> {
    let state: InitState | undefined;
    await this.#tell(directory, signal, async (client) => {
      state = await client.status({ deadlineMs: callDeadlineMs, signal });
    });
    return state;
  }

  /** Lets go of a held attempt. False when nobody listens any more. */
  release(directory: StagingDirectory, signal: AbortSignal): Promise<boolean> {
    return this.#tell(directory, signal, (client) => client.release({ deadlineMs: callDeadlineMs, signal }));
  }

  async #tell(
    directory: StagingDirectory,
    signal: AbortSignal,
    what: (client: GateClient) => Promise<void>,
  ): Promise<boolean> {
    try {
      await this.#call(directory, signal, what);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof GateError || kindOf(error) === 'InfrastructureFailure') return false;
      throw error;
    }
  }

  async #call<T>(
    directory: StagingDirectory,
    signal: AbortSignal,
    what: (client: GateClient) => Promise<T>,
  ): Promise<T> {
    const client = GateClient.overSocket(await this.#files.connect(directory.control, signal));
    try {
      return await what(client);
    } finally {
      client.close();
    }
  }
}

function isLost(error: unknown): boolean {
  return error instanceof GateError
    ? error.kind === 'Lost' || error.kind === 'Timeout'
    : kindOf(error) === 'InfrastructureFailure';
}

function asFailure(error: unknown, what: string): InfrastructureFailure {
  if (error instanceof InfrastructureFailure) return error;
  return new InfrastructureFailure(
    `Cannot ${what}: ${error instanceof Error ? error.message : String(error)}`,
    {
      cause: error,
    },
  );
}
