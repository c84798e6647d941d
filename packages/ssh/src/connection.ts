/**
 * The way to one worker: a session that is made anew whenever it was lost and somebody needs it. All callers share one
 * session, and one try to make it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { faultOf, isPassing, sshFailure } from './errors.ts';
import type { Settings } from './options.ts';
import { Session } from './session.ts';

const firstPauseMs = 100;
const longestPauseMs = 3_000;

export interface UseOptions {
  /** False: when the connection is lost in the middle, whether it had its effect is unknown, and the caller is told. */
  readonly repeatable: boolean;
}

export class Connection {
  readonly settings: Settings;
  readonly #closing = new AbortController();
  #session: Session | undefined;
  #opening: Promise<Session> | undefined;
  /** A changed host key is final: whoever wants to go on makes another connection, with another fingerprint. */
  #final: Error | undefined;

  private constructor(settings: Settings) {
    this.settings = settings;
  }

  /** Tries once, so that a wrong address or key is told at once. */
  static async open(settings: Settings, signal: AbortSignal): Promise<Connection> {
    const connection = new Connection(settings);
    connection.#keep(await Session.open(settings, signal));
    return connection;
  }

  get name(): string {
    return this.settings.name;
  }

  /** It will never be used again, whatever the server shows from now on. */
  get isOver(): boolean {
    return this.#final !== undefined || this.#closing.signal.aborted;
  }

  /** Works on a living session; waits for one when the last was lost. */
  async use<T>(
    work: (session: Session) => Promise<T>,
    signal: AbortSignal,
    { repeatable }: UseOptions = { repeatable: true },
  ): Promise<T> {
    for (;;) {
      const session = await this.#living(signal);
      try {
        return await work(session);
      } catch (error) {
        if (!repeatable || faultOf(error) !== 'lost' || this.#closing.signal.aborted) throw error;
        signal.throwIfAborted();
      }
    }
  }

  close(): void {
    this.#closing.abort(sshFailure('lost', `The connection to ${this.name} was closed.`));
    this.#session?.close();
    this.#session = undefined;
  }

  async #living(signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    if (this.#final) throw this.#final;
    if (this.#session && !this.#session.isLost) return this.#session;
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = undefined;
    });
    return orLeave(this.#opening, signal);
  }

  async #reopen(): Promise<Session> {
    const { reconnectPatienceMs, random } = this.settings;
    const { signal } = this.#closing;
    const end = performance.now() + reconnectPatienceMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      try {
        return this.#keep(await Session.open(this.settings, signal));
      } catch (error) {
        if (faultOf(error) === 'host-key-changed') this.#final = error as Error;
        if (!isPassing(error) || performance.now() + pauseMs > end) throw error;
        // Many servers and workers that wake up together must not knock together.
        await sleep(pauseMs * (0.5 + random() / 2), undefined, { signal });
      }
    }
  }

  #keep(session: Session): Session {
    this.#session = session;
    if (this.#closing.signal.aborted) session.close();
    return session;
  }
}

function orLeave<T>(waiting: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    waiting.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
