/** How request bodies that are JSON are read, and what is said of those that are not. */
import { describe, expect, it } from 'vitest';
import { parseJson } from '../src/http/json.ts';

const nested = (levels: number) => `${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`;

describe('a body that is not JSON is told where and what to do', () => {
  it.each([
    ['{"Name": "Half', 'the text that begins at line 1, column 10 has no closing quote. Send all of it.'],
    ['{"Name": ', 'it ends at line 1, column 10 where a value should follow. Send all of it.'],
    ['', 'it ends at line 1, column 1 where a value should follow. Send all of it.'],
    ['{"a": 1', 'it ends at line 1, column 8 where a comma or "}" should follow. Send all of it.'],
    [
      '{\n  "a": 1,\n}',
      'it has } at line 3, column 1, where a name in double quotes should be. Correct it there.',
    ],
    [
      "{'a': 1}",
      'it has \' at line 1, column 2, where a name in double quotes or "}" should be. Correct it there.',
    ],
    ['[1 2]', 'it has 2 at line 1, column 4, where a comma or "]" should be. Correct it there.'],
    ['[1,]', 'it has ] at line 1, column 4, where a value should be. Correct it there.'],
    ['{"a" 1}', 'it has 1 at line 1, column 6, where a colon should be. Correct it there.'],
    ['{"a": 01}', 'it has 0 at line 1, column 7, where a value should be. Correct it there.'],
    ['{"a": undefined}', 'it has u at line 1, column 7, where a value should be. Correct it there.'],
    ['{} {}', 'it has { at line 1, column 4, where the end should be. Correct it there.'],
    ['\uFEFF{}', 'it has U+feff at line 1, column 1, where a value should be. Correct it there.'],
    [
      '{"a": "C:\\dir"}',
      'the backslash at line 1, column 10 begins no escape of JSON. Write \\\\ for a backslash.',
    ],
    [
      '{"a": "x\ny"}',
      'the text that begins at line 1, column 7 has a line break, a tab or another control character in it. Write it as an escape, such as \\n.',
    ],
  ])('%j', (text, sentence) => {
    expect(() => parseJson(text)).toThrow(`The body is not valid JSON: ${sentence} Nothing was done.`);
  });
});

describe('a body that is JSON', () => {
  it.each([
    '{"a": [1, -2.5e3, true, null, "\\u00e9\\n", {}, []]}',
    '"x"',
    ' 5 ',
    '[[], {"constructor": "Joe"}]',
  ])('is what it says: %s', (text) => expect(parseJson(text)).toEqual(JSON.parse(text)));

  it('may be a hundred levels deep and no more, however deep it is', () => {
    expect(parseJson(nested(100))).toEqual(JSON.parse(nested(100)));
    for (const levels of [102, 20_000, 1_000_000])
      expect(() => parseJson(nested(levels))).toThrow('more than 100 levels deep');
  });

  it.each([
    ['__proto__', '{"Name": "x", "Inner": [{"__proto__": {"isAdmin": true}}]}'],
    ['__proto__', '{"\\u005f_proto__": 1}'],
    ['constructor.prototype', '{"constructor": {"prototype": {"isAdmin": true}}}'],
  ])('has no name that means something to JavaScript: %s', (name, text) => {
    expect(() => parseJson(text)).toThrow(`a field named ${name}, which this server refuses for safety`);
  });
});
