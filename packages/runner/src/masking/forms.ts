/**
 * The shapes in which programs print a value that they did not mean to print: encoded, escaped, quoted.
 *
 * One value gives 11 forms if it is plain letters and digits, up to about 40 if it holds quotes, blanks and
 * letters beyond ASCII. Not covered, because it is no accident: encryption, reversal, one character per line.
 */
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
  const text = new Set([...hexadecimal(utf8), ...(/^[A-Za-z0-9]*$/.test(value) ? [] : escaped(value, utf8))]);
  text.delete(value);
  return [
    ...base64(utf8),
    ...[...text].map(exact),
    { bytes: utf16, kind: 0 },
    // `powershell -EncodedCommand` takes base64 of UTF-16.
    ...base64(utf16),
  ];
}

/** What letters and digits never need. */
function escaped(value: string, utf8: Buffer): string[] {
  return [
    ...lineEndings(value),
    ...percentEncoded(utf8),
    ...jsonEscaped(value),
    ...markupEscaped(value),
    ...shellQuoted(value),
    ...powerShellQuoted(value),
  ];
}

function exact(text: string): Form {
  return { bytes: Buffer.from(text, 'utf8'), kind: 0 };
}

function lineEndings(value: string): string[] {
  const unix = value.replaceAll('\r\n', '\n');
  return [unix, unix.replaceAll('\n', '\r\n')];
}

function hexadecimal(bytes: Buffer): string[] {
  const lower = bytes.toString('hex');
  return [lower, lower.toUpperCase()];
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
  if (urlSafe !== standard) forms.push(exact(urlSafe));
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

/** The characters that the encoders in use leave as they are, beside letters and digits. */
const PERCENT_DIALECTS: ReadonlyArray<{ keep: string; plus: boolean }> = [
  { keep: '-._~', plus: false }, // RFC 3986, Go's PathEscape of most, .NET's EscapeDataString
  { keep: '-._~', plus: true }, // Go's QueryEscape, Python's quote_plus
  { keep: '-._~/', plus: false }, // Python's quote
  { keep: "-_.!~*'()", plus: false }, // encodeURIComponent
  { keep: "-_.!~*'();/?:@&=+$,#", plus: false }, // encodeURI
  { keep: '*-._', plus: true }, // application/x-www-form-urlencoded
];

function percentEncoded(bytes: Buffer): string[] {
  return PERCENT_DIALECTS.flatMap(({ keep, plus }) => [
    percent(bytes, keep, plus, false),
    percent(bytes, keep, plus, true),
  ]);
}

function percent(bytes: Buffer, keep: string, plus: boolean, lowerCase: boolean): string {
  let encoded = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9]/.test(character) || keep.includes(character)) encoded += character;
    else if (plus && byte === 0x20) encoded += '+';
    else {
      const hex = byte.toString(16).padStart(2, '0');
      encoded += `%${lowerCase ? hex : hex.toUpperCase()}`;
    }
  }
  return encoded;
}

function jsonEscaped(value: string): string[] {
  const plain = JSON.stringify(value).slice(1, -1);
  const ascii = escapeMatches(plain, /[^\x00-\x7f]/g, false);
  const html = escapeMatches(plain, /[<>&\u2028\u2029]/g, false);
  return [
    plain,
    plain.replaceAll('/', '\\/'),
    ascii, // Python
    escapeMatches(plain, /[^\x00-\x7f]/g, true),
    ascii.replaceAll('/', '\\/'), // PHP
    html, // Go
    escapeMatches(plain.replaceAll('\\"', '\\u0022'), /[<>&'+`]|[^\x00-\x7f]/g, true), // .NET
  ];
}

function escapeMatches(text: string, pattern: RegExp, upperCase: boolean): string {
  return text.replaceAll(pattern, (unit) => {
    const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${upperCase ? hex.toUpperCase() : hex}`;
  });
}

/** How writers of XML and HTML spell the two quotes. */
const QUOTE_SPELLINGS: ReadonlyArray<[double: string, single: string]> = [
  ['"', "'"],
  ['&quot;', "'"],
  ['&quot;', '&apos;'],
  ['&quot;', '&#39;'],
  ['&quot;', '&#x27;'],
  ['&#34;', '&#39;'],
];

function markupEscaped(value: string): string[] {
  const text = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return QUOTE_SPELLINGS.map(([double, single]) => text.replaceAll('"', double).replaceAll("'", single));
}

const ANSI_C: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
  '\x1b': '\\E',
};

/** What `set -x`, `declare -p`, `printf %q` and the quoting functions of languages print. */
function shellQuoted(value: string): string[] {
  const double = value.replaceAll(/[\\"$`]/g, '\\$&');
  const quoted = value.replaceAll(/[^\w\n\t%+\-./:=@#~\x80-\uffff]/g, '\\$&');
  return [
    value.replaceAll("'", "'\\''"),
    value.replaceAll("'", `'"'"'`),
    double,
    double.replaceAll('!', '\\!'),
    quoted,
    quoted.replace(/^[#~]/, '\\$&'),
    ansiC(value),
    ansiC(value, true),
  ];
}

function ansiC(value: string, octal = false): string {
  let quoted = '';
  for (const character of value) {
    const known = ANSI_C[character];
    if (known !== undefined) quoted += known;
    else if (character < ' ' || character === '\x7f' || (octal && character > '\x7f')) {
      for (const byte of Buffer.from(character)) quoted += `\\${byte.toString(8).padStart(3, '0')}`;
    } else quoted += character;
  }
  return quoted;
}

function powerShellQuoted(value: string): string[] {
  return [
    value.replaceAll("'", "''"),
    value.replaceAll('"', '""'),
    value.replaceAll(/["`$]/g, '`$&'),
    value.replaceAll(/["'`$;&|<>(){}#, ]/g, '`$&'),
  ];
}
