import { expect, test } from 'vitest';
import { parseChallenges } from '../../src/feeds/registry/challenge.ts';
import { nextLink } from '../../src/feeds/registry/listing.ts';
import { retryAfter } from '../../src/feeds/registry/retry.ts';

function read(header: string): unknown {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

test('a bearer challenge has its realm, service and scope, commas in quotes included', () => {
  expect(read('Bearer realm="https://a.example/token",service="r",scope="repository:x:pull,push"')).toEqual([
    ['bearer', { realm: 'https://a.example/token', service: 'r', scope: 'repository:x:pull,push' }],
  ]);
});

test('several challenges in one header are told apart', () => {
  expect(read('Negotiate, Basic realm="a, b" , BEARER Realm=plain , error="x\\"y"')).toEqual([
    ['negotiate', {}],
    ['basic', { realm: 'a, b' }],
    ['bearer', { realm: 'plain', error: 'x"y' }],
  ]);
});

test.each(['', '   ', '"', 'realm="no scheme"', '=,=,,'])('nonsense %j is no challenge', (header) => {
  expect(read(header)).toEqual([]);
});

test('of a link to the next page only the query is taken', () => {
  const current = new URL('https://r.example/v2/app/tags/list?n=2');
  const link = '<http://internal:5000/v2/app/tags/list?last=b&n=2>; rel="next"';
  expect(nextLink(link, current)?.href).toBe('https://r.example/v2/app/tags/list?last=b&n=2');
  expect(nextLink('</v2/app/tags/list?last=b>; rel=next', current)?.search).toBe('?last=b');
  expect(nextLink('</x>; rel="prev", </y?c=1,2>; rel="next"', current)?.search).toBe('?c=1,2');
  expect(nextLink('</x>; rel="prev"', current)).toBeNull();
  expect(nextLink(null, current)).toBeNull();
});

test('a wait is given in seconds, as a date, or as Docker Hub gives it', () => {
  const now = Date.UTC(2030, 0, 1);
  expect(retryAfter(new Headers({ 'retry-after': '120' }), now)).toBe(120_000);
  expect(retryAfter(new Headers({ 'retry-after': 'Tue, 01 Jan 2030 00:01:00 GMT' }), now)).toBe(60_000);
  expect(retryAfter(new Headers({ 'retry-after': 'Tue, 01 Jan 2019 00:01:00 GMT' }), now)).toBe(0);
  expect(retryAfter(new Headers({ 'x-retry-after': String(now / 1000 + 30) }), now)).toBe(30_000);
  expect(retryAfter(new Headers({ 'retry-after': 'soon' }), now)).toBeNull();
  expect(retryAfter(new Headers(), now)).toBeNull();
});
