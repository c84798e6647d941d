import { describe, expect, test } from 'vitest';
import { nearestTags, orderTags } from '../../src/feeds/registry/index.ts';
import { editDistance } from '../../src/feeds/registry/tags.ts';
import { seeded } from './seeded.ts';

describe('tags as versions, newest first', () => {
  test.each([
    ['numbers, not characters', ['1.9.0', '1.10.0', '1.2.0'], ['1.10.0', '1.9.0', '1.2.0']],
    [
      'a release above its pre-releases',
      ['2.0.0-rc.1', '2.0.0', '2.0.0-rc.2'],
      ['2.0.0', '2.0.0-rc.2', '2.0.0-rc.1'],
    ],
    ['numbers of a pre-release as numbers', ['1-rc.9', '1-rc.10'], ['1-rc.10', '1-rc.9']],
    ['a fourth number counts', ['1.2.3.4', '1.2.3.10', '1.2.3'], ['1.2.3.10', '1.2.3.4', '1.2.3']],
    ['a leading v means nothing', ['v1.0', '2.0', 'V3.0'], ['V3.0', '2.0', 'v1.0']],
    ['tags without a number last', ['latest', '0.1', 'stable'], ['0.1', 'stable', 'latest']],
    ['missing numbers are 0; equal versions by name', ['1.0.0', '1', '1.0'], ['1', '1.0', '1.0.0']],
    [
      'numbers beyond 64 bits',
      ['99999999999999999999998', '99999999999999999999999'],
      ['99999999999999999999999', '99999999999999999999998'],
    ],
    ['a suffix is a pre-release', ['12-slim', '12', '11'], ['12', '12-slim', '11']],
  ])('%s', (_, tags, ordered) => {
    expect(orderTags(tags)).toEqual(ordered);
  });

  test('do not depend on the order in which the registry gives them', () => {
    const random = seeded();
    for (let round = 0; round < 200; round++) {
      const tags = Array.from({ length: 12 }, () => random.pick(['', 'v']) + random.text('0129.-ab', 1, 7));
      const unique = [...new Set(tags)];
      expect(orderTags(random.shuffle(unique)), random.hint).toEqual(orderTags(unique));
    }
  });
});

describe('the tags nearest to one that does not exist', () => {
  test('are nearest in spelling, newest first among equals, at most five', () => {
    const tags = ['1.2.0', '1.2.1', '1.2.2', '2.0.0', 'latest', '1.2.3', '1.2.5', '1.2.6'];
    expect(nearestTags('1.2.4', tags)).toEqual(['1.2.6', '1.2.5', '1.2.3', '1.2.2', '1.2.1']);
  });

  test('forgive upper case and swapped characters', () => {
    expect(nearestTags('Lastet', ['1.0', 'latest', 'stable'], 1)).toEqual(['latest']);
  });

  test('do not hold the wanted tag itself', () => {
    expect(nearestTags('1.0', ['1.0', '1.1'])).toEqual(['1.1']);
  });

  test.each([
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['latest', 'lastet', 2],
    ['ab', 'ba', 1],
    ['kitten', 'sitting', 3],
  ])('the distance from %j to %j is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});
