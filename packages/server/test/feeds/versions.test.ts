/** Versions, their ranges, and the expressions over pre-releases. */
import { describe, expect, test } from 'vitest';
import { parsePattern } from '../../src/feeds/versions/pattern.ts';
import { parseRange } from '../../src/feeds/versions/range.ts';
import { compareVersions, newestFirst, parseVersion } from '../../src/feeds/versions/version.ts';

test('metadata has no rank', () => {
  expect(compareVersions(parseVersion('1.0.0+a-b.7'), parseVersion('1.0.0'))).toBe(0);
  expect(parseVersion('1.0.0-rc.1+build').prerelease).toBe('rc.1');
});

test('newest first: releases above their pre-releases, words last', () => {
  const ordered = ['2.0', '1.10.0', '1.9.0', '1.9.0-rc.2', '1.9.0-rc.1', '1.9.0-beta', 'v1.0', 'latest'];
  expect(newestFirst([...ordered].reverse(), (text) => text)).toEqual(ordered);
});

describe('a range', () => {
  test.each([
    ['1.0', ['1.0', '1.0.1', '9'], ['0.9', '1.0-rc']],
    ['[1.0]', ['1.0', '1.0.0', 'v1'], ['1.0.1', '0.9']],
    ['[1.0,2.0)', ['1.0', '1.9.9', '2.0-rc'], ['0.9', '2.0', '3']],
    ['(1.0, 2.0]', ['1.0.1', '2.0'], ['1.0', '2.0.1']],
    ['(,1.0]', ['0.1', '1.0', 'latest'], ['1.0.1']],
    ['[1.0,)', ['1.0', '99'], ['0.9']],
    ['[1.0,1.1),[2.0,2.1)', ['1.0.5', '2.0.5'], ['1.5', '2.1']],
  ])('%s', (range, inside, outside) => {
    const suits = parseRange(range);
    expect(inside.filter((version) => !suits(version))).toEqual([]);
    expect(outside.filter(suits)).toEqual([]);
  });
  test.each(['', '[]', '(1.0)', '[1.0', '1.0,2.0', '[a,b]', '[1,2,3]', '[1.0)', 'newest', '[1.0] or so'])(
    '"%s" is none, and says how one is written',
    (text) => {
      expect(() => parseRange(text)).toThrow(/no range of versions/);
    },
  );
});

describe('an expression', () => {
  test.each([
    ['^$', ['', 'beta'], ['']],
    ['^beta', ['beta.1', 'rc'], ['beta.1']],
    ['^(?!latest)', ['latest', 'latest-2', 'rc', ''], ['rc', '']],
    ['^(?!.*(alpha|beta)).*$', ['alpha', 'my-beta', 'rc'], ['rc']],
    ['^(?=rc)(?!.*old).*[0-9]$', ['rc1', 'rc-old1', 'rc', 'b1'], ['rc1']],
    ['^(?![)x]b)', ['xb', 'b'], ['b']],
  ])('%s', (pattern, texts, matching) => {
    expect(texts.filter(parsePattern(pattern))).toEqual(matching);
  });
  test.each(['(', 'a(?!b)', '(a)\\1', 'x'.repeat(1001)])('%s is refused with what is possible', (pattern) => {
    expect(() => parsePattern(pattern)).toThrow(/regular expression/);
  });
});
