/** Asks an SSH server for its host key, without logging in: what people compare before they trust a worker. */
import ssh2 from 'ssh2';
import { connectFailure, sshFailure } from './errors.ts';
import { fingerprintOf, keyTypeOf } from './host-key.ts';

export interface ShownHostKey {
  readonly type: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
}

const discoverDeadlineMs = 10_000;

export function discoverHostKey(host: string, port: number, signal: AbortSignal): Promise<ShownHostKey> {
  signal.throwIfAborted();
  const name = `${host}:${port}`;
  const client = new ssh2.Client();
  return new Promise<ShownHostKey>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    client.on('error', (error) => reject(connectFailure(name, error)));
    client.on('close', () =>
      reject(sshFailure('handshake', `${name} ended the connection without a host key.`)),
    );
    client.connect({
      host,
      port,
      username: 'argonaut',
      readyTimeout: discoverDeadlineMs,
      hostVerifier: (key: Buffer) => {
        resolve({ type: keyTypeOf(key), fingerprint: fingerprintOf(key) });
        // Seen; nothing more is said to a server that nobody trusts yet.
        return false;
      },
    });
  }).finally(() => {
    client.on('error', () => {});
    client.destroy();
  });
}
