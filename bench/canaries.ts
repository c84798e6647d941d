/** Made-up secrets and every form in which a log may show them; the same ones each time. */
const SECRETS = 200;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Numerical Recipes' generator: from 0 (inclusive) to `below`. */
export class Noise {
  #state = 42;

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[this.below(alphabet.length)]).join('');
  }
}

/** 200 values of 12 to 41 characters, one in ten with characters that quoting and encoding change. */
export function secretValues(noise: Noise): readonly string[] {
  return Array.from({ length: SECRETS }, (_, i) =>
    noise.text(12 + (i % 30), i % 10 === 0 ? `${LETTERS}$/+&"' ` : LETTERS),
  );
}

/** As it is, in base64 at three alignments, in hexadecimal, percent-encoded, in JSON, in UTF-16. */
export function formsOf(value: string): readonly Buffer[] {
  const bytes = Buffer.from(value);
  const shifted = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return encoded.slice(Math.ceil((8 * shift) / 6), Math.floor((8 * (shift + bytes.length)) / 6));
  });
  return [
    bytes,
    ...shifted.map((text) => Buffer.from(text)),
    Buffer.from(bytes.toString('hex')),
    Buffer.from(bytes.toString('hex').toUpperCase()),
    Buffer.from(encodeURIComponent(value)),
    Buffer.from(JSON.stringify(value).slice(1, -1)),
    Buffer.from(value, 'utf16le'),
  ];
}
