/**
 * API keys: `API-` and upper-case letters and digits (clients check that form). 32 random bytes and two bytes of
 * checksum, so that a scanner can tell a leaked key from an accidental text.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '@argonaut/contracts';

const RANDOM_BYTES = 32;
const CHECKSUM_BYTES = 2;

/** RFC 4648 base32. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** How long a key lives when nobody says otherwise, in days. */
export const DEFAULT_LIFETIME_DAYS = 180;

export function newApiKey(): Secret {
  const random = randomBytes(RANDOM_BYTES);
  const checksum = createHash('sha256').update(random).digest().subarray(0, CHECKSUM_BYTES);
  return new Secret(`API-${base32(Buffer.concat([random, checksum]))}`);
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text;
}
