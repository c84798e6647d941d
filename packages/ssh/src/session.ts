/**
 * One living SSH connection: the login, its one SFTP channel, and the channels that are opened on it. It is never mended:
 * when it is lost, all that waits for it is told, and `Connection` makes another.
 */
import { messageOf, TimedOut } from '@argonaut/contracts';
import ssh2, { type Client, type ClientChannel, type SFTPWrapper } from 'ssh2';
import { connectFailure, sshFailure } from './errors.ts';
import { algorithmsWithout, fingerprintOf, type KeyTest, keyTypeOf, pinnedKey } from './host-key.ts';
import { credentialsOf } from './login.ts';
import { keepAliveIntervalMs, keepAliveMisses, type Settings } from './options.ts';

/** ssh2's way to answer. */
type Answer<T> = (error: Error | null | undefined, value: T) => void;

export class Session {
  readonly #client: Client;
  readonly #settings: Settings;
  readonly #leave = new Set<(error: Error) => void>();
  #sftp: SFTPWrapper | undefined;
  #lost: Error | undefined;

  private constructor(client: Client, settings: Settings) {
    this.#client = client;
    this.#settings = settings;
    client.on('close', () => this.#lose(`The connection to ${settings.name} was lost.`));
    // A key exchange or keepalive that fails is followed by `close`, which tells everybody; the reason is kept from here.
    client.on('error', (error) =>
      this.#lose(`The connection to ${settings.name} was lost: ${error.message}.`),
    );
  }

  /** Logs in and opens SFTP. A named error when that cannot be: see `SshFault`. */
  static async open(settings: Settings, signal: AbortSignal): Promise<Session> {
    const session = new Session(await logIn(settings, signal), settings);
    try {
      session.#sftp = await session.ask<SFTPWrapper>(
        'open SFTP',
        (done) => session.#client.sftp(done),
        signal,
      );
      session.#sftp.on('error', (error: Error) =>
        session.#lose(`SFTP on ${settings.name} broke: ${error.message}.`),
      );
      session.#sftp.on('close', () => session.#lose(`SFTP on ${settings.name} was closed.`));
      return session;
    } catch (error) {
      session.close();
      signal.throwIfAborted();
      throw sshFailure(
        'sftp',
        `${settings.name} offers no SFTP that can be used: ${messageOf(error)}. Enable "Subsystem sftp internal-sftp" in sshd_config there, and let the user's shell start-up files print nothing.`,
        error,
      );
    }
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  get sftp(): SFTPWrapper {
    if (!this.#sftp) throw new Error('SFTP is used before it is open');
    return this.#sftp;
  }

  /** A program on the worker; its command is read by the user's login shell. */
  exec(command: string, signal: AbortSignal): Promise<ClientChannel> {
    return this.ask<ClientChannel>(
      'start a program',
      (done) => this.#client.exec(command, done),
      signal,
      (channel) => channel.close(),
    );
  }

  /** A stream to a Unix socket of the worker (OpenSSH's `direct-streamlocal`). Not counted by MaxSessions. */
  forward(socketPath: string, signal: AbortSignal): Promise<ClientChannel> {
    return this.ask<ClientChannel>(
      `reach ${socketPath}`,
      (done) => this.#client.openssh_forwardOutStreamLocal(socketPath, done),
      signal,
      (channel) => channel.close(),
    );
  }

  /**
   * Asks the server something and waits for its answer: until the connection is lost, the caller leaves, or time is up.
   * `late` gets what comes after that and belongs to nobody. `limitMs`: Infinity for work that takes as long as it takes.
   */
  ask<T>(
    what: string,
    start: (done: Answer<T>) => void,
    signal: AbortSignal,
    late?: (value: T) => void,
    limitMs: number = this.#settings.operationDeadlineMs,
  ): Promise<T> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      let over = false;
      const end = (act: () => void): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        this.#leave.delete(leave);
        signal.removeEventListener('abort', abort);
        act();
      };
      const leave = (error: Error): void => end(() => reject(error));
      const abort = (): void => end(() => reject(signal.reason));
      const { name } = this.#settings;
      const giveUp = () =>
        end(() => reject(new TimedOut(`${name} did not ${what} within ${limitMs / 1000} s.`)));
      const timer = limitMs === Infinity ? undefined : setTimeout(giveUp, limitMs);
      if (this.#lost) return leave(this.#lost);
      this.#leave.add(leave);
      signal.addEventListener('abort', abort, { once: true });
      try {
        start((error, value) => {
          if (over && !error) late?.(value);
          end(() => (error ? reject(this.#lost ?? error) : resolve(value)));
        });
      } catch (error) {
        // ssh2 throws when its socket has just been closed; the event is on its way.
        this.#lose(`The connection to ${name} was lost: ${messageOf(error)}.`);
        end(() => reject(this.#lost ?? error));
      }
    });
  }

  close(): void {
    this.#lose(`The connection to ${this.#settings.name} was closed.`);
    this.#client.end();
  }

  /** Lets go of a connection that is of no use any more, without waiting for the other side. */
  abandon(why: string): void {
    this.#lose(why);
    this.#client.destroy();
  }

  #lose(why: string): void {
    if (this.#lost) return;
    this.#lost = sshFailure('lost', why);
    this.#client.end();
    for (const tell of [...this.#leave]) tell(this.#lost);
    this.#leave.clear();
  }
}

/**
 * The server may have several host keys and shows one, by agreement on its type. When that is another than the pinned
 * one, the other types are asked for, before it is said that the key has changed.
 */
async function logIn(settings: Settings, signal: AbortSignal): Promise<Client> {
  const isPinned = pinnedKey(settings.hostFingerprint);
  const seen = new Map<string, string>();
  for (;;) {
    const shown: Buffer[] = [];
    try {
      return await connectOnce(settings, new Set(seen.keys()), watched(isPinned, shown), signal);
    } catch (error) {
      const key = shown[0];
      if (key && !isPinned(key) && !seen.has(keyTypeOf(key))) {
        seen.set(keyTypeOf(key), fingerprintOf(key));
        if (algorithmsWithout(new Set(seen.keys())).length > 0) continue;
      }
      if (seen.size === 0) throw error;
      const keys = [...seen].map(([type, fingerprint]) => `${type} ${fingerprint}`).join(', ');
      throw sshFailure(
        'host-key-changed',
        `${settings.name} shows another host key than the one that is known: ${keys} instead of ${settings.hostFingerprint}. Somebody may be between you and the worker, or it was installed anew. Nothing was sent to it. If the change is right, put the new fingerprint into the worker's endpoint.`,
      );
    }
  }
}

function watched(isPinned: KeyTest, shown: Buffer[]): KeyTest {
  return (key) => {
    shown.push(key);
    return isPinned(key);
  };
}

function connectOnce(
  settings: Settings,
  without: ReadonlySet<string>,
  accepts: KeyTest,
  signal: AbortSignal,
): Promise<Client> {
  signal.throwIfAborted();
  const client = new ssh2.Client();
  const { host, port, username, connectDeadlineMs } = settings;
  const credentials = credentialsOf(settings, client);
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      client.removeAllListeners('ready').removeAllListeners('close');
      // What a dying client still says is nobody's concern; without a listener it would end the process.
      client.removeAllListeners('error').on('error', () => {});
      signal.removeEventListener('abort', abort);
      act();
    };
    const abort = (): void =>
      settle(() => {
        client.destroy();
        reject(signal.reason);
      });
    const fail = (error: Error): void =>
      settle(() => {
        client.destroy();
        reject(connectFailure(settings.name, error));
      });
    client.on('ready', () => {
      // Requests are small and each waits for an answer: held back to be sent together, one takes 40 ms.
      client.setNoDelay(true);
      settle(() => resolve(client));
    });
    client.on('error', fail);
    client.on('close', () => fail(new Error('the connection ended before the login')));
    signal.addEventListener('abort', abort, { once: true });
    client.connect({
      host,
      port,
      username,
      ...credentials,
      readyTimeout: connectDeadlineMs,
      keepaliveInterval: keepAliveIntervalMs,
      keepaliveCountMax: keepAliveMisses,
      hostVerifier: (key: Buffer) => accepts(key),
      algorithms: { serverHostKey: [...algorithmsWithout(without)] },
    });
  });
}
