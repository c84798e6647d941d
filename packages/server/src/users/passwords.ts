/** Passwords at rest: Argon2id with the parameters that OWASP's Password Storage Cheat Sheet names first. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '@argonaut/contracts';

const derive = promisify(argon2);

/** Memory in KiB, passes over it, lanes. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const TAG_BYTES = 32;

/** Salt and hash as text. */
export async function hashPassword(password: Secret): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return `argon2id.${salt.toString('base64')}.${(await hash(password, salt)).toString('base64')}`;
}

export async function isPassword(password: Secret, stored: string): Promise<boolean> {
  const [algorithm, salt, expected] = stored.split('.');
  if (algorithm !== 'argon2id' || salt === undefined || expected === undefined) return false;
  const actual = await hash(password, Buffer.from(salt, 'base64'));
  return timingSafeEqual(actual, Buffer.from(expected, 'base64'));
}

function hash(password: Secret, nonce: Buffer): Promise<Buffer> {
  // NFKC: the same password typed on two keyboards is the same password.
  const message = password.reveal().normalize('NFKC');
  return derive('argon2id', { message, nonce, tagLength: TAG_BYTES, ...COST });
}
