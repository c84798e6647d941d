/**
 * The shapes in which programs print a value that they did not mean to print: encoded, escaped, quoted.
 *
 * Not covered, because it is no accident: encryption, reversal, one character per line.
 */
import { escaped } from './escapes.ts';
import { AFTER_BREAK, CHARACTERS_BEFORE_BREAK, SHORTEST_WRAPPED, WRAPPED } from './needle-index.ts';

export interface Form {
  readonly bytes: Uint8Array;
  /** 0, or flags of needle-index.ts. */
  readonly kind: number;
}

/** The value as it is: the form that is never refused. */
export function rawForm(value: string): Form {
  return exact(value);
}

/** Every other form. May hold the same bytes twice; the index drops them. */
export function derivedForms(value: string): Form[] {
  const utf8 = Buffer.from(value, 'utf8');
  const utf16 = Buffer.from(value, 'utf16le');
  const text = new Set([...hexadecimal(utf8), ...(/^[A-Za-z0-9]*$/.test(value) ? [] : escaped(value))]);
  text.delete(value);
  return [
    ...base64(utf8),
    ...[...text].map(exact),
    { bytes: utf16, kind: 0 },
    // `powershell -EncodedCommand` takes base64 of UTF-16.
    ...base64(utf16),
  ];
}

function exact(text: string): Form {
  return { bytes: Buffer.from(text, 'utf8'), kind: 0 };
}

/** Bytes that the tools which show them put on one line. */
const DUMPED_LINE = 16;

/** Plain, with colons (openssl) or blanks (`od -tx1`), and what `xxd` and `hexdump -C` show on one line. */
function hexadecimal(bytes: Buffer): string[] {
  const pairs = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  const either = ['', ':', ' '].map((separator) => pairs.join(separator));
  const dumped = bytes.length > DUMPED_LINE ? [] : [...inPairs(pairs), ...withGap(pairs)];
  return [...either, ...either.map((text) => text.toUpperCase()), ...dumped];
}

/** `xxd`: a blank after every second byte, from the first or from the second on. */
function inPairs(pairs: readonly string[]): string[] {
  return [0, 1].map((first) =>
    pairs.map((pair, at) => (at > 0 && at % 2 === first ? ` ${pair}` : pair)).join(''),
  );
}

/** `hexdump -C`: two blanks in the middle of a line. */
function withGap(pairs: readonly string[]): string[] {
  const places = Array.from({ length: Math.min(pairs.length, DUMPED_LINE) - 1 }, (_, at) => at + 1);
  return places
    .filter((place) => place <= DUMPED_LINE / 2 && pairs.length - place <= DUMPED_LINE / 2)
    .map((place) => `${pairs.slice(0, place).join(' ')}  ${pairs.slice(place).join(' ')}`);
}

/**
 * Base64 of a longer text that holds the value: three cases, by where the value lies in a group of three
 * bytes. Only characters that no neighbour can change are taken; the value encoded alone is added whole.
 */
function base64(bytes: Buffer): Form[] {
  const forms: Form[] = [];
  const alone = bytes.toString('base64');
  for (const whole of new Set([alone, alone.replaceAll('=', '')])) forms.push(...inBothAlphabets(whole, 0));
  for (let shift = 0; shift < 3; shift++) {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const first = Math.ceil((8 * shift) / 6);
    const last = Math.floor((8 * (shift + bytes.length)) / 6);
    // Encoders break lines at multiples of four characters: so many of ours stand before the first break.
    forms.push(...inBothAlphabets(encoded.slice(first, last), (4 - first) % 4));
  }
  return forms;
}

function inBothAlphabets(standard: string, beforeBreak: number): Form[] {
  const urlSafe = standard.replaceAll('+', '-').replaceAll('/', '_');
  const forms = wrapped(standard, beforeBreak);
  // `basenc --base64url` breaks lines, too.
  if (urlSafe !== standard) forms.push(...wrapped(urlSafe, beforeBreak));
  return forms;
}

/** @param beforeBreak characters (0 to 3) that stand before the earliest place of a break */
function wrapped(text: string, beforeBreak: number): Form[] {
  if (text.length >= SHORTEST_WRAPPED) {
    const forms: Form[] = [{ bytes: Buffer.from(text, 'latin1'), kind: WRAPPED }];
    if (beforeBreak > 0) forms.push(...afterBreak(text.slice(beforeBreak)));
    return forms;
  }
  const forms = [exact(text)];
  for (let place = beforeBreak; place < text.length; place += 4) {
    if (place < CHARACTERS_BEFORE_BREAK) continue;
    for (const lineBreak of ['\n', '\r\n'])
      forms.push(exact(text.slice(0, place) + lineBreak + text.slice(place)));
  }
  if (beforeBreak > 0) forms.push(...afterBreak(text.slice(beforeBreak)));
  return forms;
}

function afterBreak(text: string): Form[] {
  const kind = text.length >= SHORTEST_WRAPPED ? AFTER_BREAK | WRAPPED : AFTER_BREAK;
  return [{ bytes: Buffer.from(text, 'latin1'), kind }];
}
