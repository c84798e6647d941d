/** Filters beyond the case file: formats, patterns and addresses, each a row of input, filter and result. */

import { describe, expect, it } from 'vitest';
import { evaluate } from '../src/index.ts';

const now = (): Date => new Date('2024-03-05T06:07:08.009Z');

/** The filter with its options as text; backslash quotes allow hashes in a format. */
const apply = (value: string, filter: string): string | null =>
  evaluate(`#{v | ${filter}}`, { v: value }, { now }).text;

describe('number formats', () => {
  it.each([
    ['1234567.891', 'N', '1,234,567.89'],
    ['1234567.891', 'F0', '1234568'],
    ['1234567.891', 'E2', '1.23E+006'],
    ['1234567.891', 'G3', '1.23E+06'],
    ['0.256', 'P1', '25.6 %'],
    ['-1234.5', 'C', '(¤1,234.50)'],
    ['-0.4', 'F0', '0'],
    ['2.5', 'F0', '3'],
    ['1234567.891', '#,##0.00', '1,234,567.89'],
    ['5', '000', '005'],
    ['0', '#', ''],
    ['1234567.891', '0,,.00', '1.23'],
    ['1234567.891', '0.###E+0', '1.235E+6'],
    ['0.5', '0%', '50%'],
    ['1234568', '(###) ###-####', '() 123-4568'],
    ['-3', '0.0;(0.0);zero', '(3.0)'],
    ['0', '0.0;(0.0);zero', 'zero'],
    ['7', "'no. '0", 'no. 7'],
  ])('%s as %s', (value, format, expected) => {
    expect(apply(value, `Format \\"${format}\\"`)).toBe(expected);
  });

  it('know doubles', () => {
    expect(apply('0.1', 'Format double G17')).toBe('0.10000000000000001');
    expect(apply('0.5', 'Format double G17')).toBe('0.5');
    expect(apply('1e21', 'Format double G17')).toBe('1E+21');
    expect(apply('0.1', 'Format double R')).toBe('0.1');
    expect(apply('0.1', 'Format double G')).toBe('0.1');
  });

  it('know integers', () => {
    expect(apply('42', 'Format int X')).toBe('2A');
    expect(apply('42', 'Format Int32 D5')).toBe('00042');
    expect(apply('4.2', 'Format int D5')).toBe('#{v | Format "int" "D5"}');
  });
});

describe('date formats', () => {
  it.each([
    ['2030-05-22 09:05:07.123', 'd', '05/22/2030'],
    ['2030-05-22 09:05:07.123', 'D', 'Wednesday, 22 May 2030'],
    ['2030-05-22 09:05:07.123', 's', '2030-05-22T09:05:07'],
    ['2030-05-22 09:05:07.123', 'yyyyMMdd HHmmss.fff', '20300522 090507.123'],
    ['2030-05-22 21:05:07', 'h:mm tt', '9:05 PM'],
    ['2030-05-22', "ddd 'the' d", 'Wed the 22'],
    ['05/22/2030', 'yyyy-MM-dd', '2030-05-22'],
    ['22 May 2030', 'yyyy-MM-dd', '2030-05-22'],
    ['Wed, 22 May 2030 09:05:07 GMT', 'HH:mm', '09:05'],
    ['2030-05-22T09:05:07+02:00', 'u', '2030-05-22 07:05:07Z'],
    ['2030-05-22T09:05:07+02:00', 'HH zzz', '09 +02:00'],
  ])('%s as %s', (value, format, expected) => {
    expect(apply(value, `Format "${format}"`)).toBe(expected);
  });

  it.each(['2030-02-30', '2030-13-01', '2030-01-01 25:00', 'tomorrow'])('%s is no date', (value) => {
    expect(apply(value, 'Format "yyyy"')).toBe('#{v | Format "yyyy"}');
  });

  it('add time and keep the zone as it was given', () => {
    expect(apply('2030-12-31 23:00:00', 'AddHours 2')).toBe('2031-01-01T01:00:00.0000000');
    expect(apply('2030-05-22T09:05:07+02:00', 'AddDays 1')).toBe('2030-05-23T09:05:07.0000000+02:00');
    expect(apply('9999-12-31', 'AddDays 1')).toBe('#{v | AddDays "1"}');
  });

  it('take the clock that they are given', () => {
    expect(evaluate('#{ | NowDateUtc}', {}, { now }).text).toBe('2024-03-05T06:07:08.0090000Z');
    expect(evaluate('#{ | NowDateUtc "yyyy-MM-dd"}', {}, { now }).text).toBe('2024-03-05');
    expect(evaluate('#{v | NowDate}', { v: 'x' }, { now }).text).toBe('#{v | NowDate}');
  });
});

describe('patterns in the .NET dialect', () => {
  it.each([
    ['abc 12', '\\d+', 'n', 'abc n'],
    // Groups without a name are numbered first.
    ['abc 12', '(?<word>[a-z]+) (\\d+)', '$1 ${word} $2', '12 abc abc'],
    ['abc', '(?<é>b)(c)', '$2-$1', 'ab-c'],
    ['abc', '(a)(b)?', "[$+|$`|$'|$_]", '[b||c|abc]c'],
    ['aXb', 'x|X', "[$`|$'|$&|$_]", 'a[a|b|X|aXb]b'],
    ['a b', '[\\W]', 'x', 'axb'],
    ['a é!', '[^\\W]', 'x', 'x x!'],
    ['a\u00a0b', '[^\\S]', 'x', 'axb'],
    ['a b', '[\\S]', 'x', 'x x'],
    ['é', '\\u00e9', 'x', 'x'],
    ['a\u0001b', '\\cA', 'x', 'axb'],
    ['a\bb', '[\\b]', 'x', 'axb'],
    ['a b', '(?x) a [ ] b # why', 'x', 'x'],
    ['ab', '(?n)(a)(?<n>b)', '$1', 'b'],
    ['ab', 'a(?#why)b', 'x', 'x'],
    ['a b', '\\bb', 'x', 'a x'],
    ['a\nb\n', '$', 'x', 'a\nbx\nx'],
    ['a\nb\n', '(b$)', '[$1]', 'a\n[b]\n'],
    ['a\nb\n', '.\\Z', 'x', 'a\nx\n'],
    ['a\nb\n', '(?m).$', 'x', 'x\nx\n'],
    ['a\nb\n', 'b\\z', 'x', 'a\nb\n'],
    ['a\n', 'a\\Z', 'x', 'x\n'],
    ['abc', "(?'x'b)", '<${x}>', 'a<b>c'],
    ['a1b2', '\\D', '', '12'],
    ['é_1-', '\\w', 'x', 'xxx-'],
    ['a b\tc', '\\s', '', 'abc'],
    ['aXbx', '(?i)x', '-', 'a-b-'],
    ['a.b', '\\.', '$$', 'a$b'],
    ['abc', 'b', '[$9]', 'a[$9]c'],
    ['abc', '^|$', '|', '|abc|'],
    ['a-b', '[\\w-]', 'x', 'xxx'],
    ['a]b', '[]]', 'x', 'axb'],
  ])('%s, %s by %s', (v, pattern, replacement, expected) => {
    expect(evaluate('#{v | Replace #{p}#{r}}', { v, p: pattern, r: replacement }).text).toBe(expected);
  });

  it('know that $ stands before a last line break too', () => {
    expect(evaluate('#{v | Match "c$"}', { v: 'abc\n' }).text).toBe('true');
    expect(evaluate('#{v | Match "b$"}', { v: 'ab\nc' }).text).toBe('false');
    expect(evaluate('#{v | Match "b$"}', { v: 'a\nb\n' }).text).toBe('true');
    expect(evaluate('#{v | Match "a$"}', { v: 'a\nb\n' }).text).toBe('false');
  });

  it('refuse what they would get wrong', () => {
    expect(evaluate('#{v | Match "[a-z-[aeiou]]"}', { v: 'x' }).error).toContain('class subtraction');
    const refused = (p: string, v = 'x') => evaluate('#{v | Match #{p}}', { v, p }).error;
    expect(refused('\\Qx\\E')).toContain('\\Q');
    for (const text of ['Z', 'Z\n', 'a\nZ\n']) expect(refused('[\\Z]', text)).toContain('\\Z');
    expect(refused('(?=x)')).toContain('look-around');
    expect(refused('(x)\\1')).toContain('back-references');
    expect(refused('\\bx', 'éx')).toContain('beyond ASCII');
  });
});

describe('parts of an address', () => {
  const address = 'https://user:pw@Example.com:8443/a%20b/c?x=1#top';
  it.each([
    ['AbsolutePath', '/a%20b/c'],
    ['Authority', 'example.com:8443'],
    ['Fragment', '#top'],
    ['HostAndPort', 'example.com:8443'],
    ['Path', '/a b/c'],
    ['Port', '8443'],
    ['Query', '?x=1'],
    ['Scheme', 'https'],
    ['UserInfo', 'user:pw'],
    ['Nonsense', "[UriPart Nonsense error: argument 'Nonsense' not supported]"],
  ])('%s', (part, expected) => {
    expect(apply(address, `UriPart ${part}`)).toBe(expected);
  });

  it('of a relative one are an error in the text', () => {
    expect(apply('a/b', 'UriPart Host')).toContain('relative URI');
    expect(apply('a/b', 'UriPart IsAbsoluteUri')).toBe('false');
  });
});

describe('escapes', () => {
  it.each([
    ['UriEscape', 'a b%/?#é', 'a%20b%25/?#%C3%A9'],
    ['UriDataEscape', "a b%/'", 'a%20b%25%2F%27'],
    ['YamlDoubleQuoteEscape', 'é"\n', '\\u00e9\\"\\n'],
    ['PropertiesKeyEscape', 'a b:c=\tÿ', 'a\\ b\\:c\\=\\t\\u00ff'],
    ['PropertiesValueEscape', ' a b:c', '\\ a b:c'],
  ])('%s', (filter, value, expected) => {
    expect(apply(value, filter)).toBe(expected);
  });
});

describe('Markdown', () => {
  it.each([
    ['~~old~~', '<p><del>old</del></p>'],
    [
      'H~2~O x^2^ ++new++ ==bright==',
      '<p>H<sub>2</sub>O x<sup>2</sup> <ins>new</ins> <mark>bright</mark></p>',
    ],
    ['see https://example.com/a', '<p>see <a href="https://example.com/a">https://example.com/a</a></p>'],
    ['deploy.sh', '<p>deploy.sh</p>'],
    ['# Title', '<h1>Title</h1>'],
    ['|a|b|\n|-|-|\n|1|2|', /<table>[\s\S]*<th>a<\/th>[\s\S]*<td>2<\/td>/],
  ])('%s', (source, expected) => {
    const html = apply(source, 'Markdown')?.trim();
    if (typeof expected === 'string') expect(html).toBe(expected);
    else expect(html).toMatch(expected);
  });
});

describe('an error never quotes a value: a piece of a secret would not be recognised as one', () => {
  const secret = 'canary-'.repeat(30);
  it.each([
    ['VersionMajor', secret.replaceAll('-', '!'), '#{v | VersionMajor}'],
    ['FromBase64', secret, '#{v | FromBase64}'],
    ['Match', `${secret}(`, '#{v | Match #{v}}'],
    ['Match with what is not supported', `${secret}(?=x)`, '#{v | Match #{v}}'],
    ['Match with a name', `(?<${secret}`, '#{v | Match #{v}}'],
    ['Match with a class', `[${secret}z-a]`, '#{v | Match #{v}}'],
    ['Replace', `${secret}[`, '#{v | Replace #{v} x}'],
  ])('%s', (_filter, v, template) => {
    const { text, error } = evaluate(template, { v });
    expect(text).toBeNull();
    expect(error).not.toBeNull();
    expect(error).not.toContain('canary');
  });
});
