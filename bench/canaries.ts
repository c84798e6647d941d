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

/** Characters that quoting and encoding change. */
const AWKWARD = `${LETTERS}$/+&"'\\<>%!é漢 `;

/** 200 values of 12 to 41 characters; one in ten is awkward, and one has several lines. */
export function secretValues(noise: Noise): readonly string[] {
  return Array.from({ length: SECRETS }, (_, i) => {
    const length = 12 + (i % 30);
    if (i === 1) return [1, 2, 3].map(() => noise.text(20, LETTERS)).join('\n');
    return noise.text(length, i % 10 === 0 ? AWKWARD : LETTERS);
  });
}

/**
 * The shapes in which programs show a value without meaning to. Made here by the rules of those programs, not by those of the
 * product: a shape that only one of the two knows is what this is to find.
 */
export function formsOf(value: string): readonly Buffer[] {
  const utf8 = Buffer.from(value);
  const utf16 = Buffer.from(value, 'utf16le');
  const texts = [
    value,
    ...lines(value),
    ...base64(utf8),
    ...base64(utf16),
    utf8.toString('hex'),
    utf8.toString('hex').toUpperCase(),
    ...percent(value),
    ...json(value),
    ...markup(value),
    ...quoted(value),
  ];
  return [...[...new Set(texts)].map((text) => Buffer.from(text)), utf16];
}

/** A file of the other system, and each line by itself. */
function lines(value: string): string[] {
  return value.includes('\n') ? [value.replaceAll('\n', '\r\n'), ...value.split('\n')] : [];
}

/** Alone, and in a longer text at its three places in a group of three bytes: what no neighbour can change. */
function base64(bytes: Buffer): string[] {
  const inside = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return encoded.slice(Math.ceil((8 * shift) / 6), Math.floor((8 * (shift + bytes.length)) / 6));
  });
  const all = [bytes.toString('base64'), ...inside];
  return [...all, ...all.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** A browser's three ways, and the hexadecimal digits of others. */
function percent(value: string): string[] {
  const all = [encodeURIComponent(value), encodeURI(value), `${new URLSearchParams({ v: value })}`.slice(2)];
  return [...all, ...all.map((text) => text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

/** As JavaScript, Python (ASCII only), and PHP (slashes) write it. */
function json(value: string): string[] {
  const plain = JSON.stringify(value).slice(1, -1);
  const ascii = plain.replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return [plain, ascii, plain.replaceAll('/', '\\/'), ascii.replaceAll('/', '\\/')];
}

/** XML, and HTML with each spelling of the apostrophe. */
function markup(value: string): string[] {
  const text = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const attribute = text.replaceAll('"', '&quot;');
  return [
    text,
    attribute,
    ...['&apos;', '&#39;', '&#x27;'].map((spelling) => attribute.replaceAll("'", spelling)),
  ];
}

/** In single and double quotes of a shell, and in single quotes of PowerShell. */
function quoted(value: string): string[] {
  return [value.replaceAll("'", "'\\''"), value.replaceAll(/[\\"$`]/g, '\\$&'), value.replaceAll("'", "''")];
}
