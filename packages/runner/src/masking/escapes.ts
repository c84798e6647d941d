/** What escapes make of a value: those of addresses, JSON, markup, YAML, properties, shells and PowerShell. */

/** Every form that letters and digits alone never take. */
export function escaped(value: string): string[] {
  return [
    ...lineEndings(value),
    ...percentEncoded(Buffer.from(value, 'utf8')),
    ...jsonEscaped(value),
    ...markupEscaped(value),
    ...propertiesEscaped(value),
    ...shellQuoted(value),
    ...powerShellQuoted(value),
    yamlSingleQuoted(value),
  ];
}

function lineEndings(value: string): string[] {
  const unix = value.replaceAll('\r\n', '\n');
  return [unix, unix.replaceAll('\n', '\r\n')];
}

/** The characters that the encoders in use leave as they are, beside letters and digits. */
const PERCENT_DIALECTS: ReadonlyArray<{ keep: string; plus: boolean }> = [
  { keep: '-._~', plus: false }, // RFC 3986, Go's PathEscape of most, .NET's EscapeDataString
  { keep: '-._~', plus: true }, // Go's QueryEscape, Python's quote_plus
  { keep: '-._~/', plus: false }, // Python's quote
  { keep: "-_.!~*'()", plus: false }, // encodeURIComponent
  { keep: "-_.!~*'();/?:@&=+$,#", plus: false }, // encodeURI
  { keep: "-._~:/?#[]@!$&'()*+,;=", plus: false }, // our UriEscape
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

/** Every UTF-16 unit by its own name, where it has one, otherwise by its number, where `numbered` says so. */
function byUnit(
  value: string,
  names: Readonly<Record<string, string>>,
  numbered: RegExp,
  upperCase: boolean,
): string {
  return value.replaceAll(/[^A-Za-z0-9]/g, (unit) => {
    const name = names[unit];
    if (name !== undefined) return name;
    if (!numbered.test(unit)) return unit;
    const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${upperCase ? hex.toUpperCase() : hex}`;
  });
}

const QUOTE = { '"': '\\"' };
const FEW = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const ALL = { ...FEW, '\b': '\\b', '\f': '\\f' };
const NEVER = /(?!)/;
const CONTROLS = /[\0-\x1f]/;
const NOT_ASCII = /[\0-\x1f\x80-\uffff]/;
const NOT_PRINTABLE = /[^ -~]/;
const HTML_TOO = /[\0-\x1f<>&\u2028\u2029]/;
const DOT_NET = /[^ -~]|["<>&'+`]/;

function jsonEscaped(value: string): string[] {
  const plain = (text: string) => byUnit(text, { ...ALL, ...QUOTE }, CONTROLS, false);
  const ascii = (text: string) => byUnit(text, { ...ALL, ...QUOTE }, NOT_ASCII, false); // Python
  return [
    plain(value),
    plain(value).replaceAll('/', '\\/'),
    ascii(value),
    ascii(value).replaceAll('/', '\\/'), // PHP
    // JSON within a text of JSON.
    plain(plain(value)),
    ascii(ascii(value)),
    byUnit(value, { ...ALL, ...QUOTE }, CONTROLS, true), // Jackson
    byUnit(value, { ...ALL, ...QUOTE }, NOT_ASCII, true),
    byUnit(value, { ...ALL, ...QUOTE }, HTML_TOO, false), // Go
    byUnit(value, { ...FEW, ...QUOTE }, HTML_TOO, false), // Go before 1.22
    byUnit(value, ALL, DOT_NET, true),
    byUnit(value, { ...FEW, ...QUOTE }, NOT_PRINTABLE, false), // our YamlDoubleQuoteEscape
    byUnit(value, { ...FEW, ...QUOTE }, NEVER, false), // our JsonEscape
  ];
}

/** Ours, of a key and of a value; Java's, of a key and of a value. */
function propertiesEscaped(value: string): string[] {
  const ours = byUnit(value, FEW, /[\xff-\uffff]/, false);
  const java = byUnit(value, { ...FEW, '\f': '\\f' }, NOT_PRINTABLE, true).replaceAll(/[=:#!]/g, '\\$&');
  return [
    ours.replaceAll(/[ :=]/g, '\\$&'),
    ours.replace(/^ /, '\\ '),
    java.replaceAll(' ', '\\ '),
    java.replace(/^ /, '\\ '),
  ];
}

/** Every line break once more. */
function yamlSingleQuoted(value: string): string {
  return value
    .replaceAll(/(?:\r?\n)+/g, (run) => (run.startsWith('\r') ? '\r\n' : '\n') + run)
    .replaceAll("'", "''");
}

/** How writers of XML and HTML spell the two quotes, and what else some of them do not let stand. */
const MARKUP_DIALECTS: ReadonlyArray<Readonly<Record<string, string>>> = [
  {},
  { '"': '&quot;' },
  { '"': '&quot;', "'": '&apos;' },
  { '"': '&quot;', "'": '&#39;' },
  { '"': '&quot;', "'": '&#x27;' },
  { '"': '&#34;', "'": '&#39;' },
  { '"': '&quot;', "'": '&apos;', '/': '&#x2F;' }, // our HtmlEscape
  { '"': '&quot;', "'": '&#39;', '/': '&#x2F;', '`': '&#x60;', '=': '&#x3D;' }, // Mustache
  { '"': '&quot;', "'": '&#x27;', '`': '&#x60;' }, // Underscore
  // Attributes in XML.
  { '"': '&quot;', '\t': '&#9;', '\n': '&#10;', '\r': '&#13;' },
  { '"': '&quot;', '\t': '&#x9;', '\n': '&#xA;', '\r': '&#xD;' },
];

const decimal = (character: string): string => `&#${character.codePointAt(0)};`;
const hexadecimal = (character: string): string =>
  `&#x${character.codePointAt(0)?.toString(16).toUpperCase()};`;

function markupEscaped(value: string): string[] {
  const named = MARKUP_DIALECTS.map((dialect) => {
    const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', ...dialect };
    return value.replaceAll(/[^A-Za-z0-9]/gu, (character) => names[character] ?? character);
  });
  const asciiOnly = named
    .slice(0, 5)
    .flatMap((text) => [decimal, hexadecimal].map((spell) => text.replaceAll(/[^\0-\x7f]/gu, spell)));
  const numbers = [decimal, hexadecimal].map((spell) => value.replaceAll(/[^A-Za-z0-9]/gu, spell));
  const lowerCase = numbers.map((text) => text.replaceAll(/&#x[0-9A-F]+;/g, (each) => each.toLowerCase()));
  return [...named, ...asciiOnly, ...numbers, ...lowerCase];
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
