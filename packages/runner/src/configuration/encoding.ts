/** Text files keep the encoding they came in: what their first bytes say, else UTF-8, else one byte per character. */
import { ConfigurationFault } from './errors.ts';

type Encoding = 'utf8' | 'utf8 with mark' | 'utf16le' | 'utf16be' | 'latin1';

export interface Text {
  readonly text: string;
  readonly encoding: Encoding;
}

export function decode(bytes: Uint8Array): Text {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) {
    return { text: new TextDecoder('utf-8').decode(bytes.subarray(3)), encoding: 'utf8 with mark' };
  }
  if (a === 0xff && b === 0xfe) {
    return { text: new TextDecoder('utf-16le').decode(bytes), encoding: 'utf16le' };
  }
  if (a === 0xfe && b === 0xff) {
    return { text: new TextDecoder('utf-16be').decode(bytes), encoding: 'utf16be' };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf8' };
  } catch {
    return { text: Buffer.from(bytes).toString('latin1'), encoding: 'latin1' };
  }
}

/** @throws ConfigurationFault when a one-byte file gets characters that it cannot hold. */
export function encode({ text, encoding }: Text): Uint8Array {
  switch (encoding) {
    case 'utf8':
      return Buffer.from(text);
    case 'utf8 with mark':
      return Buffer.from(`\ufeff${text}`);
    case 'utf16le':
      return Buffer.from(`\ufeff${text}`, 'utf16le');
    case 'utf16be':
      return Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
    case 'latin1':
      for (let index = 0; index < text.length; index++) {
        if (text.charCodeAt(index) > 0xff) {
          throw new ConfigurationFault(
            'The file is not UTF-8, and a value holds characters that its encoding cannot. Save the file as UTF-8.',
          );
        }
      }
      return Buffer.from(text, 'latin1');
  }
}
