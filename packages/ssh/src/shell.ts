/** Scripts on the worker, a few at a time: whoever finds no free shell waits for one. */
import { TimedOut } from '@argonaut/contracts';
import type { Connection, UseOptions } from './connection.ts';
import { faultOf, sshFailure } from './errors.ts';
import type { Session } from './session.ts';
import { type ScriptEnd, ShellProcess } from './shell-process.ts';

export type { ScriptEnd } from './shell-process.ts';

/**
 * sshd allows 10 sessions on a connection (MaxSessions) unless it was told otherwise. SFTP is one, a shell is one;
 * forwarded sockets are none.
 */
const mostShells = 3;

export interface RunOptions extends Partial<UseOptions> {
  readonly maxBytes?: number;
  /** It works through a tree of any size: it takes as long as it takes, while the connection lives and the caller waits. */
  readonly mayTakeLong?: boolean;
}

export class Shell {
  readonly #connection: Connection;
  readonly #waiting = new Set<() => void>();
  #free: ShellProcess[] = [];
  #busy = 0;
  #limit = mostShells;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Runs a script to its end. Its output may have up to `maxBytes`, default 1 MiB. */
  run(script: string, signal: AbortSignal, options: RunOptions = {}): Promise<ScriptEnd> {
    const { repeatable = true, maxBytes = 1024 * 1024, mayTakeLong = false } = options;
    return this.#connection.use(
      (session) => this.#with(session, signal, (shell) => shell.run(script, maxBytes, signal, mayTakeLong)),
      signal,
      { repeatable },
    );
  }

  /** Runs a script that prints one line and keeps something alive until `use` is done with it. */
  during<T>(
    session: Session,
    script: string,
    use: (line: string) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ readonly used: T } | ScriptEnd> {
    return this.#with(session, signal, (shell) => shell.during(script, use, signal));
  }

  async #with<T>(
    session: Session,
    signal: AbortSignal,
    work: (shell: ShellProcess) => Promise<T>,
  ): Promise<T> {
    const shell = await this.#take(session, signal);
    let useful = false;
    try {
      const result = await work(shell);
      useful = true;
      return result;
    } finally {
      this.#busy--;
      // One that was left in the middle of a script would answer the next one with the rest of this one.
      if (useful && !shell.isOver) this.#free.push(shell);
      else shell.close();
      this.#wake();
    }
  }

  async #take(session: Session, signal: AbortSignal): Promise<ShellProcess> {
    for (;;) {
      signal.throwIfAborted();
      this.#free = this.#free.filter((shell) => shell.session === session && !shell.isOver);
      const free = this.#free.pop();
      if (free) {
        this.#busy++;
        return free;
      }
      if (this.#busy < this.#limit) {
        this.#busy++;
        try {
          return await ShellProcess.start(session, this.#connection.name, signal);
        } catch (error) {
          this.#busy--;
          this.#wake();
          this.#refused(session, error, signal);
          continue;
        }
      }
      await this.#turn(signal);
    }
  }

  /** The server refuses another channel. With others of ours it goes on with fewer, otherwise not at all. */
  #refused(session: Session, error: unknown, signal: AbortSignal): void {
    if (session.isLost || signal.aborted || error instanceof TimedOut || faultOf(error)) throw error;
    if (this.#busy === 0) {
      throw sshFailure(
        'sessions',
        `${this.#connection.name} lets us start no program beside SFTP: ${error instanceof Error ? error.message : String(error)}. Set MaxSessions to 4 or more in sshd_config there (the default is 10).`,
        error,
      );
    }
    this.#limit = this.#busy;
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#waiting.add(go);
      signal.addEventListener('abort', go, { once: true });
    });
  }

  #wake(): void {
    const [first] = this.#waiting;
    first?.();
  }
}
