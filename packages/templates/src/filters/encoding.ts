/** Base64, hashes, and the encodings that they take as an option. */

import { createHash } from 'node:crypto';
import { FilterError } from '../evaluation/errors.ts';
import { parseInteger } from '../text/number.ts';
import type { Filter } from './filter.ts';

type Encoding = 'utf8' | 'utf16le';

/** `unicode` is UTF-16, little endian; null for a name that the language does not know. */
function encodingNamed(name: string): Encoding | null {
  const lower = name.toLowerCase();
  if (lower === 'utf8' || lower === 'utf-8') return 'utf8';
  return lower === 'unicode' ? 'utf16le' : null;
}

/** Null if the text is not Base64. Blanks between the digits are allowed, missing padding is not. */
function base64Bytes(text: string): Buffer | null {
  const digits = text.replace(/[ \t\r\n]/g, '');
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) return null;
  return Buffer.from(digits, 'base64');
}

export const toBase64: Filter = (input, options) => {
  const encoding = encodingNamed(options[0] ?? 'utf8');
  if (input === null || options.length > 1 || encoding === null) return null;
  return Buffer.from(input, encoding).toString('base64');
};

export const fromBase64: Filter = (input, options) => {
  if (input === null || options.length > 1) return null;
  const bytes = base64Bytes(input);
  if (bytes === null) {
    throw new FilterError(
      'FromBase64 was given a text that is not Base64. Check the value before the filter.',
    );
  }
  const encoding = encodingNamed(options[0] ?? 'utf8');
  return encoding === null ? null : bytes.toString(encoding);
};

/** Lower-case hex digest. Options, in any order: how many bytes of it, and how the input becomes bytes. */
const hash =
  (algorithm: string): Filter =>
  (input, options) => {
    const wanted = input === null ? null : hashOptions(options);
    if (input === null || wanted === null) return null;
    const bytes = wanted.encoding === 'base64' ? base64Bytes(input) : Buffer.from(input, wanted.encoding);
    return bytes === null
      ? null
      : createHash(algorithm)
          .update(bytes)
          .digest('hex')
          .slice(0, wanted.bytes * 2);
  };

function hashOptions(options: readonly string[]): { encoding: Encoding | 'base64'; bytes: number } | null {
  if (options.length > 2) return null;
  let encoding: Encoding | 'base64' | undefined;
  let bytes: number | undefined;
  for (const option of options) {
    const size = parseInteger(option);
    if (size !== null && size > 0 && bytes === undefined) bytes = size;
    else {
      const named = option.toLowerCase() === 'base64' ? 'base64' : encodingNamed(option);
      if (named === null || encoding !== undefined) return null;
      encoding = named;
    }
  }
  return { encoding: encoding ?? 'utf8', bytes: bytes ?? Number.MAX_SAFE_INTEGER };
}

export const md5 = hash('md5');
export const sha1 = hash('sha1');
export const sha256 = hash('sha256');
export const sha384 = hash('sha384');
export const sha512 = hash('sha512');
