import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { algorithmsWithout, fingerprintOf, keyTypeOf, pinnedKey } from './host-key.ts';

const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGNFrjKxPuEpVWrSAtYyOoKtgVyTVmdKwCvGLBHyX5N7';
const key = Buffer.from(line.split(' ')[1] ?? '', 'base64');
const other = Buffer.from(key);
other[other.length - 1] = (other[other.length - 1] ?? 0) ^ 1;
const md5 = createHash('md5').update(key).digest('hex').match(/../g)?.join(':') ?? '';

describe('a pinned host key', () => {
  it.each([
    ['as OpenSSH prints it', fingerprintOf(key)],
    ['without its prefix', fingerprintOf(key).slice('SHA256:'.length)],
    ['padded', `${fingerprintOf(key)}=`],
    ['as MD5 of older tools', `MD5:${md5}`],
    ['as bare MD5', md5.toUpperCase()],
    ['as a public key', line],
    ['as a public key with a comment', `${line} root@worker`],
    ['as a line of known_hosts', `[worker]:2222 ${line}`],
  ])('may be written %s', (_how, text) => {
    const isPinned = pinnedKey(` ${text}\n`);
    expect(isPinned(key)).toBe(true);
    expect(isPinned(other)).toBe(false);
  });

  it.each(['', 'SHA256:short', 'aa:bb', 'anything'])('is never "%s"', (text) => {
    expect(() => pinnedKey(text)).toThrow(/is not the fingerprint/);
  });

  it('knows its type, and which types are left to ask for', () => {
    expect(keyTypeOf(key)).toBe('ssh-ed25519');
    expect(keyTypeOf(Buffer.alloc(2))).toBe('');
    expect(algorithmsWithout(new Set(['ssh-ed25519']))).not.toContain('ssh-ed25519');
    expect(algorithmsWithout(new Set())).toContain('rsa-sha2-512');
    // RSA with SHA-1 is refused by every present server, and by us.
    expect(algorithmsWithout(new Set())).not.toContain('ssh-rsa');
  });
});
