/** What a connection to a worker is made of, and the deadlines that it keeps. */
import { Invalid, type Secret } from '@argonaut/contracts';

export type SshAuthentication =
  | { readonly kind: 'key'; readonly privateKey: Secret; readonly passphrase?: Secret }
  | { readonly kind: 'password'; readonly password: Secret };

export interface SshOptions {
  readonly host: string;
  /** Default 22. */
  readonly port?: number;
  readonly username: string;
  readonly authentication: SshAuthentication;
  /**
   * One of the server's host keys: `SHA256:…` as OpenSSH prints it, `MD5:aa:bb:…` (also without its prefix), or a public
   * key line (`ssh-ed25519 AAAA…`). A server that shows none of that is never spoken to.
   */
  readonly hostFingerprint: string;
  /** The engine's socket on the worker; default `/var/run/docker.sock`. */
  readonly engineSocket?: string;
  /** For TCP, key exchange and login together; default 10 s. */
  readonly connectDeadlineMs?: number;
  /** How long calls wait for a lost connection to come back; default 60 s. */
  readonly reconnectPatienceMs?: number;
  /** Whole operations on a living connection, such as a listing; default 30 s. */
  readonly operationDeadlineMs?: number;
  /** Between 0 and 1; for the pauses between two tries. Default `Math.random`. */
  readonly random?: () => number;
}

export type Settings = Required<SshOptions> & {
  /** How messages name the worker. */
  readonly name: string;
};

/** A ping every 5 s; after three without an answer the connection is dead. TCP alone would notice after minutes. */
export const keepAliveIntervalMs = 5_000;
export const keepAliveMisses = 3;

export function settingsOf(options: SshOptions): Settings {
  const port = options.port ?? 22;
  if (options.host === '' || options.username === '') {
    throw new Invalid('An SSH worker needs a host and a user name.');
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Invalid(`The port of an SSH worker is a number from 1 to 65535, not ${port}.`);
  }
  return {
    engineSocket: '/var/run/docker.sock',
    connectDeadlineMs: 10_000,
    reconnectPatienceMs: 60_000,
    operationDeadlineMs: 30_000,
    random: Math.random,
    ...options,
    port,
    name: `${options.username}@${options.host}:${port}`,
  };
}
