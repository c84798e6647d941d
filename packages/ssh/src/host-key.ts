/** Host keys and how people write them down. Pure. */
import { createHash } from 'node:crypto';
import { Invalid } from '@argonaut/contracts';

/** Decides whether a key (in SSH's wire form) is the one that was pinned. */
export type KeyTest = (key: Buffer) => boolean;

/** @throws Invalid for a text that is no fingerprint. */
export function pinnedKey(fingerprint: string): KeyTest {
  const text = fingerprint.trim();
  const line = /^(?:\S+ )?((?:ssh|ecdsa|sk)-\S+) ([A-Za-z0-9+/=]+)(?: .*)?$/.exec(text);
  if (line?.[2]) {
    const wanted = Buffer.from(line[2], 'base64');
    return (key) => key.equals(wanted);
  }
  const md5 = /^(?:MD5:)?((?:[0-9a-f]{2}:){15}[0-9a-f]{2})$/i.exec(text);
  if (md5?.[1]) {
    const wanted = md5[1].toLowerCase();
    return (key) => md5Of(key) === wanted;
  }
  const sha256 = /^(?:SHA256:)?([A-Za-z0-9+/]{43})=?$/.exec(text);
  if (sha256?.[1]) {
    const wanted = `SHA256:${sha256[1]}`;
    return (key) => fingerprintOf(key) === wanted;
  }
  throw new Invalid(
    `"${text}" is not the fingerprint of a host key. Use what "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" prints on the worker, such as SHA256:….`,
  );
}

/** @throws Invalid for a text that is no fingerprint. */
export function checkFingerprint(fingerprint: string): void {
  pinnedKey(fingerprint);
}

/** As OpenSSH prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

function md5Of(key: Buffer): string {
  const digest = createHash('md5').update(key).digest('hex');
  return digest.match(/../g)?.join(':') ?? '';
}

/** The type that a key in wire form begins with (RFC 4253, 6.6). */
export function keyTypeOf(key: Buffer): string {
  return key.length < 4 ? '' : key.toString('latin1', 4, 4 + key.readUInt32BE(0));
}

/** The names under which each type is negotiated: RSA keys sign in several ways (RFC 8332). */
const algorithms = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
} as const;

export type HostKeyAlgorithm = (typeof algorithms)[keyof typeof algorithms][number];

/** All that may be asked for, except the types that the server has already shown. */
export function algorithmsWithout(shown: ReadonlySet<string>): readonly HostKeyAlgorithm[] {
  return Object.entries(algorithms).flatMap(([type, names]) => (shown.has(type) ? [] : names));
}
