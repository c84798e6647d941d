/** Structured configuration, as tables: what stands in a file, the variables, what stands there then. */
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import {
  ConfigurationValues,
  replaceInJson,
  replaceInProperties,
  replaceInYaml,
  replaceStructured,
} from '../../src/configuration/index.ts';
import { seededRandom } from './seeded.ts';

type Row = [what: string, before: string, values: Record<string, string | null>, after: string];

const text = (...lines: string[]) => lines.join('\n');

const json: Row[] = [
  ['a text', '{"a": "x"}', { a: 'y' }, '{"a": "y"}'],
  ['a text that looks like a number', '{"a": "x"}', { a: '5' }, '{"a": "5"}'],
  ['quotes and line ends in a text', '{"a": "x"}', { a: 'q"\n' }, '{"a": "q\\"\\n"}'],
  ['null becomes a text', '{"a": null}', { a: '5' }, '{"a": "5"}'],
  ['a number stays one', '{"a": 1}', { a: '2.5e3' }, '{"a": 2.5e3}'],
  [
    'a whole number keeps all its digits',
    '{"a": 1}',
    { a: '12345678901234567890' },
    '{"a": 12345678901234567890}',
  ],
  ['a number that is given a word', '{"a": 1}', { a: 'many' }, '{"a": "many"}'],
  ['a boolean stays one', '{"a": true}', { a: 'False' }, '{"a": false}'],
  ['a boolean that is given a word', '{"a": true}', { a: 'maybe' }, '{"a": "maybe"}'],
  [
    'a path, whatever its case',
    '{"Logging": {"Level": "info"}}',
    { 'logging:LEVEL': 'debug' },
    '{"Logging": {"Level": "debug"}}',
  ],
  ['an index', '{"a": ["x", "y"]}', { 'a:1': 'z' }, '{"a": ["x", "z"]}'],
  ['the root may be a list', '[{"a": 1}]', { '0:a': '2' }, '[{"a": 2}]'],
  ['an object', '{"a": {"b": 1}}', { a: '{"c": 2}' }, '{"a": {"c": 2}}'],
  [
    'an object and a value in what replaces it',
    '{"a": {"b": 1}}',
    { a: '{"c": 2}', 'a:c': '3' },
    '{"a": {"c": 3}}',
  ],
  ['an empty text', '{"a": "x"}', { a: '' }, '{"a": ""}'],
  ['a variable without a value', '{"a": "x"}', { a: null }, '{"a": "x"}'],
  [
    'reserved names',
    '{"Octopus": "x", "OctopusX": "y"}',
    { Octopus: 'no', OctopusX: 'no' },
    '{"Octopus": "x", "OctopusX": "y"}',
  ],
  ['a path below Octopus', '{"Octopus": {"a": "x"}}', { 'Octopus:a': 'y' }, '{"Octopus": {"a": "y"}}'],
  [
    'comments, blanks, line ends and trailing commas stay',
    '{\r\n\t// why\r\n\t"a" : "x", /* and */\r\n\t"b" :2,\r\n}\r\n',
    { a: 'y', b: '3' },
    '{\r\n\t// why\r\n\t"a" : "y", /* and */\r\n\t"b" :3,\r\n}\r\n',
  ],
  [
    'names of Object.prototype are names',
    '{"__proto__": {"constructor": "x"}}',
    { '__proto__:constructor': 'y' },
    '{"__proto__": {"constructor": "y"}}',
  ],
];

const yaml: Row[] = [
  ['a plain text', 'a: x\n', { a: 'y' }, 'a: y\n'],
  ['a plain text that gets a number stays a text', 'a: x\n', { a: '5' }, 'a: "5"\n'],
  ['a plain text that gets what plain cannot be', 'a: x\n', { a: 'b: c # d' }, 'a: "b: c # d"\n'],
  ['a plain text that gets lines', 'a: x\n', { a: 'b\nc' }, 'a: "b\\nc"\n'],
  ['a number stays one', 'a: 1\n', { a: '2' }, 'a: 2\n'],
  ['a number that gets a word', 'a: 1\n', { a: 'many' }, 'a: many\n'],
  ['a number that gets true gets a text', 'a: 1\n', { a: 'true' }, 'a: "true"\n'],
  ['a boolean stays one', 'a: true\n', { a: 'false' }, 'a: false\n'],
  ['nothing becomes a text', 'a:\nb: 1\n', { a: 'x' }, 'a: x\nb: 1\n'],
  ['~ becomes a text', 'a: ~\n', { a: 'true' }, 'a: "true"\n'],
  ['an empty text', 'a: x\n', { a: '' }, 'a: ""\n'],
  ['double quotes stay', 'a: "x"\n', { a: 'y"' }, 'a: "y\\""\n'],
  ['single quotes stay', "a: 'x'\n", { a: "it's" }, "a: 'it''s'\n"],
  [
    'a path with an index',
    text('a:', '  - b: 1', '  - b: 2', ''),
    { 'A:1:B': '3' },
    text('a:', '  - b: 1', '  - b: 3', ''),
  ],
  ['a list without indentation', text('a:', '- x', '- y', ''), { 'a:0': 'z' }, text('a:', '- z', '- y', '')],
  ['flow style', 'a: {b: 1, c: [x, y]}\n', { 'a:b': '2', 'a:c:1': 'p, q' }, 'a: {b: 2, c: [x, "p, q"]}\n'],
  ['several documents', text('a: 1', '---', 'a: 2', ''), { a: '3' }, text('a: 3', '---', 'a: 3', '')],
  ['anchors stay', text('a: &x 1', 'b: *x', ''), { a: '2' }, text('a: &x 2', 'b: *x', '')],
  [
    'an alias is replaced where it stands',
    text('a: &x 1', 'b: *x', ''),
    { b: 'y' },
    text('a: &x 1', 'b: y', ''),
  ],
  ['tags stay', 'a: !!str 1\n', { a: 'z' }, 'a: !!str z\n'],
  ['a block text', text('a: |', '  x', '  y', 'b: 1', ''), { a: 'one' }, text('a: "one"', 'b: 1', '')],
  [
    'a mapping',
    text('a:', '  b: 1', '  c: 2', 'd: 3', ''),
    { a: '{"e": 4}' },
    text('a:', '    {"e":4}', 'd: 3', ''),
  ],
  [
    'a mapping that gets YAML',
    text('a:', '  b: 1', 'd: 3', ''),
    { a: 'e: [1]' },
    text('a:', '    {"e":[1]}', 'd: 3', ''),
  ],
  [
    'a list without indentation, whole',
    text('a:', '- x', '- y', 'd: 3', ''),
    { a: '[1]' },
    text('a:', '  [1]', 'd: 3', ''),
  ],
  ['a mapping that gets a word', text('a:', '  b: 1', ''), { a: 'word' }, text('a:', '    "word"', '')],
  [
    'comments and blanks stay',
    text('# head', 'a:   x   # why', '', 'b:', '    - 1 # first', '# end', ''),
    { a: 'y', 'b:0': '2' },
    text('# head', 'a:   y   # why', '', 'b:', '    - 2 # first', '# end', ''),
  ],
  ['numbers as keys', '8080: x\n', { '8080': 'y' }, '8080: y\n'],
];

describe('JSON', () => {
  it.each(json)('%s', (_what, before, values, after) => {
    expect(replaceInJson(before, new ConfigurationValues(values)).text).toBe(after);
  });

  it.each([
    ['{"a": ', 'line 1'],
    ['{\n  "a" 1}', 'line 2'],
    ['', 'line 1'],
    ['['.repeat(200_000), 'JSON'],
  ])('that is broken is an error with its place (%#)', (before, place) => {
    expect(() => replaceInJson(before, new ConfigurationValues({ a: 'x' }))).toThrow(place);
  });

  it('says which variable does not fit an object, and not what it holds', () => {
    const values = new ConfigurationValues({ a: 'canary {' });
    expect(() => replaceInJson('{"a": {}}', values)).toThrow(/"a" replaces an object(?!.*canary)/);
  });
});

describe('YAML', () => {
  it.each(yaml)('%s', (_what, before, values, after) => {
    const made = replaceInYaml(before, new ConfigurationValues(values)).text;
    expect(made).toBe(after);
    expect(parseAllDocuments(made).flatMap(({ errors }) => errors)).toEqual([]);
  });

  it('that is broken is an error with its place', () => {
    const values = new ConfigurationValues({ a: 'x' });
    expect(() => replaceInYaml('a: "x\nb: [', values)).toThrow(/not YAML: .*line \d/);
  });

  it('may have a key twice, in a value as in the file: the last one counts', () => {
    const values = new ConfigurationValues({ a: 'b: 1\nb: 2' });
    expect(replaceInYaml('z: 1\nz: 2\na:\n  b: 0\n', values).text).toBe('z: 1\nz: 2\na:\n    {"b":2}\n');
  });

  it('that is nested too deeply is an error', () => {
    const values = new ConfigurationValues({ a: 'x' });
    expect(() => replaceInYaml('['.repeat(100_000), values)).toThrow('YAML');
  });

  it('reads back whatever text is put in, from any place (random)', () => {
    const { seed, pick, whole } = seededRandom();
    const places: [before: string, path: string[]][] = [
      ['a: x # c\nz: 1\n', ['a']],
      ["a: 'x'\nz: 1\n", ['a']],
      ['a: "x"\nz: 1\n', ['a']],
      ['a: |-\n  x\nz: 1\n', ['a']],
      ['a: [p, x, q]\nz: 1\n', ['a', '1']],
      ['a:\n- x\nz: 1\n', ['a', '0']],
      ['a:\nz: 1\n', ['a']],
    ];
    const pieces = [
      'a',
      ' ',
      ':',
      '#',
      '\n',
      '"',
      "'",
      '- ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '&',
      '*',
      '!',
      '|',
      '>',
      '%',
      '@',
      '`',
      '\t',
      'é',
      '😀',
      '~',
      'true',
      '1',
      '---',
      '...',
      '<<',
      '\\',
      '=',
      '\u0000',
      '\u0085',
    ];
    for (let round = 0; round < 600; round++) {
      const [before, path] = pick(places);
      const value = Array.from({ length: whole(6) }, () => pick(pieces)).join('');
      const made = replaceInYaml(before, new ConfigurationValues({ [path.join(':')]: value })).text;
      const [document, ...more] = parseAllDocuments(made);
      const where = `ARGONAUT_SEED=${seed}: ${JSON.stringify(value)} in ${JSON.stringify(before)} gave ${JSON.stringify(made)}`;
      expect(more, where).toEqual([]);
      expect(
        document &&
          'getIn' in document &&
          document.getIn(path.map((one) => (/^\d$/.test(one) ? Number(one) : one))),
        where,
      ).toBe(value);
      expect(document && 'getIn' in document && document.get('z'), where).toBe(1);
    }
  });
});

describe('a file', () => {
  const bytes = (content: string) => Buffer.from(content);
  const values = new ConfigurationValues({ a: 'é' });

  it('keeps its encoding', () => {
    const before = Buffer.from('\ufeff{"a": "x"}', 'utf16le');
    const { bytes: after } = replaceStructured(before, 'x.json', values);
    expect(Buffer.from(after).toString('utf16le')).toBe('\ufeff{"a": "é"}');
    const marked = replaceStructured(bytes('\ufeff{"a": "x"}'), 'x.json', values).bytes;
    expect(Buffer.from(marked)).toEqual(bytes('\ufeff{"a": "é"}'));
  });

  it('in one byte per character stays so, and refuses what it cannot hold', () => {
    const before = Buffer.from('{"a": "x", "b": "\u00fc"}', 'latin1');
    const after = replaceStructured(before, 'x.json', values).bytes;
    expect(Buffer.from(after).toString('latin1')).toBe('{"a": "é", "b": "ü"}');
    expect(() => replaceStructured(before, 'x.json', new ConfigurationValues({ a: '€' }))).toThrow('UTF-8');
  });

  it.each([
    ['app.json', '{"a": "x"}', 'JSON'],
    ['app.yml', 'a: x', 'YAML'],
    ['app.yaml', '{"a": "x"}', 'JSON'],
    ['appsettings', 'a: x', 'YAML'],
    ['app.properties', 'a=x', 'properties'],
  ])('%s is read by what it is', (name, before, format) => {
    expect(replaceStructured(bytes(before), name, values)).toMatchObject({ format, used: ['a'] });
  });

  it.each(['web.config', 'a.xml'])('%s is refused, with the way out', (name) => {
    expect(() => replaceStructured(bytes('x'), name, values)).toThrow('substitute variables in files');
  });

  it('without anything to replace is given back as it came', () => {
    const before = bytes('{ "other" :1 }');
    expect(replaceStructured(before, 'x.json', values)).toEqual({
      bytes: before,
      format: 'JSON',
      used: [],
      unresolved: [],
    });
  });
});

describe('Java properties', () => {
  const rows: Row[] = [
    ['a value', 'a=x\nb=y\n', { a: 'z' }, 'a=z\nb=y\n'],
    ['every separator', 'a = x\nb:x\nc x\nd\tx', { a: '1', b: '2', c: '3', d: '4' }, 'a = 1\nb:2\nc 3\nd\t4'],
    ['a key alone gets a separator', 'a\nb', { a: '1', b: '2' }, 'a:1\nb:2'],
    ['an empty value', 'a=\nb=x', { a: '1' }, 'a=1\nb=x'],
    ['dots in a key, whatever its case', 'spring.url=x', { 'Spring.URL': 'y' }, 'spring.url=y'],
    [
      'comments and blank lines stay',
      '# a=x\r\n  ! a=x\r\n\r\n\ta=x\r\n',
      { a: 'y' },
      '# a=x\r\n  ! a=x\r\n\r\n\ta=y\r\n',
    ],
    ['a comment does not go on', '# a \\\na=x', { a: 'y' }, '# a \\\na=y'],
    ['a value over several lines', 'a=x,\\\n   y,\\\r\n   z\nb=x', { a: 'one' }, 'a=one\nb=x'],
    ['a value that begins on the next line', 'a = \\\n   x\nb=x', { a: 'one' }, 'a = \\\n   one\nb=x'],
    ['a key over two lines', 'a\\\n  b=x', { ab: 'y' }, 'a\\\n  b=y'],
    ['an escaped key', 'a\\ \\=\\u0062=x', { 'a =b': 'y' }, 'a\\ \\=\\u0062=y'],
    ['a backslash before a backslash ends nothing', 'a=x\\\\\nb=y', { a: '1', b: '2' }, 'a=1\nb=2'],
    ['what a value must not say plainly', 'a=x', { a: ' \\ü\n\t€=:# ' }, 'a=\\ \\\\\\u00FC\\n\\t\\u20AC=:# '],
    ['the last line goes on into nothing', 'a=x\\', { a: 'y' }, 'a=y'],
    ['reserved names', 'OctopusX=x', { OctopusX: 'y' }, 'OctopusX=x'],
  ];
  it.each(rows)('%s', (_, before, values, after) => {
    expect(replaceInProperties(before, new ConfigurationValues(values)).text).toBe(after);
  });

  it('of every shape keep what no variable names, and mean the value that was put in', () => {
    const { seed, pick } = seededRandom();
    const pieces = ['a', '=', ':', ' ', '\\', '\n', '\r\n', '#', '!', 'u0041', '\t', '\f', 'é'];
    const other = new ConfigurationValues({ other: 'x' });
    const named = new ConfigurationValues({ a: ' \\\n=é' });
    for (let round = 0; round < 500; round += 1) {
      const source = Array.from({ length: 30 }, () => pick(pieces)).join('');
      const why = `seed ${seed}: ${JSON.stringify(source)}`;
      expect(replaceInProperties(source, other), why).toEqual({ text: source, used: [], unresolved: [] });
      const once = replaceInProperties(source, named);
      // The value ends where it was written to end: otherwise a second time would change something.
      expect(replaceInProperties(once.text, named), why).toEqual(once);
    }
  });
});
