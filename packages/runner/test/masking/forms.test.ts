import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { SecretSet } from '../../src/masking/index.ts';
import { partsOf } from '../../src/masking/parts.ts';
import { maskWhole, named, Random } from './oracle.ts';

const NASTY = `p@ss W0rd/+"it's"\\ <b>&$HOME\`id\`! é—😀 {x}`;
const hexPairs = (value: string) => Buffer.from(value).toString('hex').match(/../g) ?? [];
const PLAIN = 'Zx9Qw7Lm3Kd5Rt1V';

function masked(value: string, printed: string | Uint8Array): string {
  return maskWhole(new SecretSet(named({ S: value })), [Buffer.from(printed)]).toString('latin1');
}

describe('parts of a value', () => {
  test('the password of an address, whatever the scheme', () => {
    for (const scheme of ['http', 'jdbc:postgresql', 'a.b+c-1'])
      expect(partsOf(`see ${scheme}://user:pass-word@host`)).toContain('pass-word');
  });

  // Gone through from each of its letters, it would take longer than a test may.
  test('a long text without one has none', () => {
    expect(partsOf('ab12'.repeat(250_000))).toEqual([]);
  });
});

describe('values as programs print them', () => {
  const encoders: Record<string, (value: string) => string | Uint8Array> = {
    'as it is': (value) => value,
    'base64 alone': (value) => Buffer.from(value).toString('base64'),
    'base64url alone': (value) => Buffer.from(value).toString('base64url'),
    'hex, lower case': (value) => Buffer.from(value).toString('hex'),
    'hex, upper case': (value) => Buffer.from(value).toString('hex').toUpperCase(),
    encodeURIComponent: (value) => encodeURIComponent(value),
    encodeURI: (value) => encodeURI(value),
    'percent-encoding in lower case': (value) =>
      encodeURIComponent(value).replaceAll(/%../g, (hex) => hex.toLowerCase()),
    'form encoding': (value) => new URLSearchParams({ '': value }).toString().slice(1),
    JSON: (value) => JSON.stringify(value).slice(1, -1),
    'JSON with escaped slashes': (value) => JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/'),
    'HTML text': (value) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    'numeric entities': (value) => value.replaceAll(/[^A-Za-z0-9]/gu, (c) => `&#${c.codePointAt(0)};`),
    'numeric entities in hex, lower case': (value) =>
      value.replaceAll(/[^A-Za-z0-9]/gu, (c) => `&#x${c.codePointAt(0)?.toString(16)};`),
    'numeric entities in hex, upper case': (value) =>
      value.replaceAll(/[^A-Za-z0-9]/gu, (c) => `&#x${c.codePointAt(0)?.toString(16).toUpperCase()};`),
    'JSON in JSON': (value) => JSON.stringify(JSON.stringify(value).slice(1, -1)).slice(1, -1),
    'hex with colons': (value) => hexPairs(value).join(':').toUpperCase(),
    'hex with blanks, as od -tx1': (value) => hexPairs(value).join(' '),
    'UTF-16': (value) => Buffer.from(value, 'utf16le'),
    'base64 of UTF-16': (value) => Buffer.from(value, 'utf16le').toString('base64'),
    'PowerShell, single quotes': (value) => value.replaceAll("'", "''"),
    'PowerShell, double quotes': (value) => value.replaceAll(/["`$]/g, '`$&'),
  };
  test.each(Object.keys(encoders))('%s', (name) => {
    const encode = encoders[name] as (value: string) => string;
    for (const value of [PLAIN, NASTY]) {
      const stands = Buffer.concat([Buffer.from('<<'), Buffer.from(encode(value)), Buffer.from('>>')]);
      expect(masked(value, stands)).toBe('<<********(S)>>');
    }
  });

  const python: Record<string, string> = {
    'json.dumps': 'json.dumps(v)[1:-1]',
    'json.dumps, not ASCII': 'json.dumps(v, ensure_ascii=False)[1:-1]',
    'urllib quote': 'urllib.parse.quote(v)',
    'urllib quote_plus': 'urllib.parse.quote_plus(v)',
    'html.escape': 'html.escape(v)',
    'saxutils.escape': 'xml.sax.saxutils.escape(v)',
    'shlex.quote': 'shlex.quote(v).strip("\'")',
    base64: 'base64.b64encode(v.encode()).decode()',
    'urlsafe base64': 'base64.urlsafe_b64encode(v.encode()).decode()',
    'MIME base64 in the middle of 300 bytes': 'base64.encodebytes(b"x"*n + v.encode() + b"y"*100).decode()',
  };
  const hasPython = spawnSync('python3', ['-c', '']).status === 0;
  test.runIf(hasPython)('what Python prints', () => {
    for (const [name, expression] of Object.entries(python)) {
      const counts = name.startsWith('MIME') ? [...Array(130).keys()] : [0];
      for (const value of [PLAIN, NASTY, 'short-8!']) {
        const program = `import sys,json,urllib.parse,html,xml.sax.saxutils,shlex,base64
v=sys.argv[1]
for n in ${JSON.stringify(counts)}: print("<<"+(${expression})+">>")`;
        const { stdout } = spawnSync('python3', ['-c', program, value], {
          env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
        });
        const text = masked(value, stdout);
        expect(text.match(/\*{8}\(S\)/g)?.length ?? 0, `${name}: ${text}`).toBeGreaterThanOrEqual(
          counts.length,
        );
        if (counts.length === 1) expect(text, name).toBe('<<********(S)>>\n');
      }
    }
  });

  test('control characters in JSON, by number in either case, and white space in attributes of XML', () => {
    const value = 'tab\t line\n escape\u001b[1m';
    for (const printed of ['tab\\t line\\n escape\\u001b[1m', 'tab\\t line\\n escape\\u001B[1m'])
      expect(masked(value, printed)).toBe('********(S)');
    expect(masked('tab\tline\r\n<', 'tab&#9;line&#13;&#10;&lt;')).toBe('********(S)');
    expect(masked('tab\tline\r\n<', 'tab&#x9;line&#xD;&#xA;&lt;')).toBe('********(S)');
  });

  test('a short value on one line of xxd or hexdump -C, wherever the line has it', () => {
    const value = 'Zx9Qw7Lm';
    for (let before = 0; before <= 8; before++) {
      const line = hexPairs(`${'x'.repeat(before)}${value}${'y'.repeat(8 - before)}`);
      const xxd = line.map((pair, at) => (at % 2 === 1 ? `${pair} ` : pair)).join('');
      const hexdump = [line.slice(0, 8).join(' '), line.slice(8).join(' ')].join('  ');
      expect(masked(value, xxd), xxd).toContain('********(S)');
      expect(masked(value, hexdump), hexdump).toContain('********(S)');
    }
  });

  test('what bash prints: set -x, declare -p, printf %q', () => {
    const program = `printf '%s\\n' "\${V@Q}"; declare -p V; printf '%q\\n' "$V"; set -x; : "$V"; echo "$V"`;
    for (const value of [PLAIN, NASTY, "tab\tand'quote' 12", 'caf\u00e9-12345 $x']) {
      for (const locale of ['C', 'C.UTF-8']) {
        const run = spawnSync('bash', ['-c', program], {
          env: { PATH: process.env.PATH, V: value, LC_ALL: locale },
        });
        const text = masked(value, Buffer.concat([run.stdout, run.stderr]));
        expect(text.match(/\*{8}\(S\)/g)?.length, `${locale}: ${text}`).toBe(6);
      }
    }
  });
});

describe('base64 of a longer text', () => {
  test('at all three alignments, in lines of 64 and 76 characters, at every place of the line', () => {
    for (const value of [
      PLAIN,
      'eight-8!',
      'Zx9Qw7Lm3Kd5Rt1V-and-much-longer-than-one-line-of-base64-output-can-ever-be-in-one-piece',
    ]) {
      for (const width of [64, 76]) {
        for (const lineBreak of ['\n', '\r\n']) {
          for (let before = 0; before < 80; before++) {
            const encoded = Buffer.from(`${'-'.repeat(before)}${value}${'-'.repeat(50)}`).toString('base64');
            const lines = encoded.match(new RegExp(`.{1,${width}}`, 'g'))?.join(lineBreak) ?? '';
            const left = masked(value, lines).split('********(S)');
            expect(left.length, `${before} before, lines of ${width}`).toBe(2);
            // At most two characters of a line that had just begun, and four bits at each edge, stay visible.
            expect(visibleBytes(left, value)).toBeLessThanOrEqual(2);
          }
        }
      }
    }
  });

  test('in lines of the alphabet for addresses, as basenc --base64url prints them', () => {
    const value = `${'~?>'.repeat(20)}and-so-on-for-more-than-one-line`;
    for (let before = 0; before < 80; before++) {
      const encoded = Buffer.from(`${'-'.repeat(before)}${value}${'-'.repeat(50)}`).toString('base64url');
      const lines = encoded.match(/.{1,76}/g)?.join('\n') ?? '';
      expect(masked(value, lines).split('********(S)').length, `${before} before`).toBe(2);
    }
  });

  test('bytes around it are whole', () => {
    const random = new Random();
    for (let round = 0; round < 50; round++) {
      const around = random.text(random.below(90), 'abc');
      const encoded = Buffer.from(around + PLAIN + around).toString('base64');
      const [before = '', after = ''] = masked(PLAIN, encoded).split('********(S)');
      expect(encoded.startsWith(before) && encoded.endsWith(after)).toBe(true);
      // The bytes at the border share a character with the value and may be covered with it.
      expect(encoded.length - before.length - after.length).toBeLessThanOrEqual(
        Math.ceil(PLAIN.length / 3) * 4 + 4,
      );
    }
  });
});

/** How many whole bytes of the value's beginning can be decoded from what is left before the mask. */
function visibleBytes(left: string[], value: string): number {
  const decoded = Buffer.from((left[0] ?? '').replaceAll(/\s/g, ''), 'base64').toString('latin1');
  let shown = 0;
  while (shown < value.length && decoded.endsWith(value.slice(0, shown + 1))) shown += 1;
  return shown;
}

describe('parts of a secret', () => {
  const key = [
    '-----BEGIN PRIVATE KEY-----',
    'MIIEvQIBADANBgkqhkiG9w0',
    'AQEFAASCBKcwggSjAgEAAoI',
    '-----END PRIVATE KEY-----',
  ].join('\n');

  test('a key is masked whole, with either line ending, and line by line; its armour alone is not', () => {
    expect(masked(key, `[${key}]`)).toBe('[********(S)]');
    expect(masked(key, `[${key.replaceAll('\n', '\r\n')}]`)).toBe('[********(S)]');
    expect(masked(key, '  AQEFAASCBKcwggSjAgEAAoI\n')).toBe('  ********(S)\n');
    expect(masked(key, '-----BEGIN PRIVATE KEY-----\npublic')).toBe('-----BEGIN PRIVATE KEY-----\npublic');
    expect(masked(key, JSON.stringify({ key }))).toBe('{"key":"********(S)"}');
  });

  test.each([
    ['Server=db;User Id=sa;Password=hunter2-db;', 'hunter2-db'],
    ['postgres://app:s%40fe-pass@db/prod', 's@fe-pass'],
    ['DefaultEndpointsProtocol=https;AccountKey=abcdef0123==;', 'abcdef0123=='],
    ['{"user":"x","auth":{"pass":"deep-secret"}}', 'deep-secret'],
    ['  padded-secret\n', 'padded-secret'],
    ['"quoted-secret"', 'quoted-secret'],
  ])('%s', (value, part) => {
    expect(masked(value, `<${part}>`)).toBe('<********(S)>');
    expect(masked(value, `<${Buffer.from(part).toString('base64')}>`)).toBe('<********(S)>');
  });
});
