import { describe, expect, test } from 'vitest';
import { apiRepository, imageInFeed, parseEndpoint, pullName } from '../../src/feeds/registry/endpoint.ts';
import {
  formatReference,
  InvalidFeed,
  InvalidReference,
  parseReference,
} from '../../src/feeds/registry/index.ts';
import { seeded } from './seeded.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('an image reference', () => {
  test.each([
    ['debian', 'docker.io', 'library/debian', null, null],
    ['debian:12', 'docker.io', 'library/debian', '12', null],
    ['octopusdeploy/worker-tools:6', 'docker.io', 'octopusdeploy/worker-tools', '6', null],
    ['docker.io/debian', 'docker.io', 'library/debian', null, null],
    ['index.docker.io/library/debian:12', 'docker.io', 'library/debian', '12', null],
    ['registry-1.docker.io/team/app', 'docker.io', 'team/app', null, null],
    ['localhost/app', 'localhost', 'app', null, null],
    ['localhost:5000/app:1', 'localhost:5000', 'app', '1', null],
    ['registry.example.com/a/b/c', 'registry.example.com', 'a/b/c', null, null],
    ['Registry.Example.com/app', 'registry.example.com', 'app', null, null],
    ['10.0.0.7:5000/team/app:v1.2_3-rc.1', '10.0.0.7:5000', 'team/app', 'v1.2_3-rc.1', null],
    ['[::1]:5000/app:1', '[::1]:5000', 'app', '1', null],
    ['[2001:db8::1]/app', '[2001:db8::1]', 'app', null, null],
    [`app@${digest}`, 'docker.io', 'library/app', null, digest],
    [`r.io:443/app:1@${digest}`, 'r.io:443', 'app', '1', digest],
    ['  debian:12\n', 'docker.io', 'library/debian', '12', null],
    // Docker's rule: no slash, so the part before the colon is an image and not a host.
    ['localhost:5000', 'docker.io', 'library/localhost', '5000', null],
    ['team/a__b--c.d_e', 'docker.io', 'team/a__b--c.d_e', null, null],
  ])('%s', (text, registry, repository, tag, wantedDigest) => {
    expect(parseReference(text)).toEqual({ registry, repository, tag, digest: wantedDigest });
  });

  test.each([
    ['', 'empty'],
    ['  ', 'empty'],
    ['my app', 'white space'],
    ['https://registry.example.com/app', 'leave the scheme'],
    ['registry.example.com/#{App}:1', 'variable expression'],
    ['team/App:1', 'write "team/app"'],
    ['registry.example.com/', 'image name is missing'],
    ['/app', 'a slash stands'],
    ['team//app', 'a slash stands'],
    ['team/app/', 'a slash stands'],
    ['app:', 'tag after the colon is missing'],
    ['app:-1', 'is no tag'],
    [`app:${'1'.repeat(129)}`, 'is no tag'],
    ['app@sha256:abc', 'is no digest'],
    [`app@${digest.toUpperCase()}`, 'is no digest'],
    ['app@', 'is no digest'],
    ['localhost:99999/app', 'is no port'],
    ['localhost:http/app', 'is no port'],
    ['::1:5000/app', 'goes in brackets'],
    ['[::z]:5000/app', 'is no IPv6 address'],
    ['-bad.example.com/app', 'is no host name'],
    ['app-/x', 'may hold only'],
    ['a'.repeat(256), 'at most 255'],
    ['0123456789abcdef'.repeat(4), 'image id'],
  ])('%j is refused and the message says why', (text, why) => {
    const attempt = () => parseReference(text);
    expect(attempt).toThrow(InvalidReference);
    expect(attempt).toThrow(why);
  });

  test('written out and read again is the same', () => {
    const random = seeded();
    for (let round = 0; round < 500; round++) {
      const component = () => random.text('abcz019', 1, 6) + random.pick(['', '.x', '_y', '__z', '--w']);
      const host = random.pick(['docker.io', 'localhost', 'r.example.com:5000', '[fe80::1]:80', '10.1.2.3']);
      const names = Array.from({ length: random.whole(1, 4) }, component).join('/');
      const tag = random.pick(['', ':1', ':V1.2-x', ':_']);
      const text = `${host}/${names}${tag}${random.pick(['', `@${digest}`])}`;
      const reference = parseReference(text);
      expect(parseReference(formatReference(reference)), `${text}, ${random.hint}`).toEqual(reference);
    }
  });

  test('any text at all is read or refused, and nothing else is thrown', () => {
    const random = seeded();
    for (let round = 0; round < 2_000; round++) {
      const text = random.text('ab0:/@.-_[] A#{}%é\n', 0, 24);
      try {
        parseReference(text);
      } catch (error) {
        expect(error, `${JSON.stringify(text)}, ${random.hint}`).toBeInstanceOf(InvalidReference);
      }
    }
  });
});

describe('the address of a feed', () => {
  test.each([
    ['https://registry.example.com', 'https://registry.example.com/v2/', 'registry.example.com', ''],
    ['registry.example.com:5000', 'https://registry.example.com:5000/v2/', 'registry.example.com:5000', ''],
    ['http://127.0.0.1:5000/', 'http://127.0.0.1:5000/v2/', '127.0.0.1:5000', ''],
    ['https://r.example.com/v2/', 'https://r.example.com/v2/', 'r.example.com', ''],
    ['https://r.example.com:443/v1', 'https://r.example.com/v2/', 'r.example.com', ''],
    [
      'https://jfrog.example.com/docker-local/',
      'https://jfrog.example.com/v2/',
      'jfrog.example.com',
      'docker-local/',
    ],
    ['http://[::1]:5000', 'http://[::1]:5000/v2/', '[::1]:5000', ''],
    ['https://index.docker.io', 'https://registry-1.docker.io/v2/', 'docker.io', ''],
    ['https://index.docker.io/v1/', 'https://registry-1.docker.io/v2/', 'docker.io', ''],
    ['docker.io', 'https://registry-1.docker.io/v2/', 'docker.io', ''],
    ['oci://ghcr.io', 'https://ghcr.io/v2/', 'ghcr.io', ''],
  ])('%s', (address, api, host, prefix) => {
    const endpoint = parseEndpoint(address);
    expect({ api: endpoint.api.href, host: endpoint.host, prefix: endpoint.prefix }).toEqual({
      api,
      host,
      prefix,
    });
  });

  test.each([
    ['', 'is empty'],
    ['https://', 'cannot be read'],
    ['ftp://example.com', 'no scheme of a Docker registry'],
    ['https://example.com/?a=1', 'query'],
    ['https://example.com/Not An Image', 'cannot begin an image name'],
  ])('%j is refused', (address, why) => {
    const attempt = () => parseEndpoint(address);
    expect(attempt).toThrow(InvalidFeed);
    expect(attempt).toThrow(why);
  });

  test('with a password in it is refused without repeating the password', () => {
    expect(() => parseEndpoint('https://me@example.com')).toThrow(InvalidFeed);
    for (const address of ['https://me:hunter2@example.com', 'https://me:hunter2@exa mple.com']) {
      const attempt = () => parseEndpoint(address);
      expect(attempt).toThrow(InvalidFeed);
      expect(attempt).not.toThrow(/hunter2/);
    }
  });
});

describe('an image of a feed', () => {
  test('has no library/ in a registry of our own, and has it on Docker Hub', () => {
    expect(apiRepository(parseEndpoint('https://r.example.com'), 'app')).toBe('app');
    expect(apiRepository(parseEndpoint('https://index.docker.io'), 'debian')).toBe('library/debian');
    expect(apiRepository(parseEndpoint('https://jfrog.example.com/docker-local'), 'app')).toBe(
      'docker-local/app',
    );
  });

  test('may repeat the registry of its feed, by the name of the server or of the workers', () => {
    const endpoint = parseEndpoint('https://r.example.com:5000/base', 'mirror.local/proxied');
    const image = { repository: 'team/app', tag: '1', digest: null };
    expect(imageInFeed(endpoint, 'team/app:1')).toEqual(image);
    expect(imageInFeed(endpoint, 'r.example.com:5000/base/team/app:1')).toEqual(image);
    expect(imageInFeed(endpoint, 'mirror.local/proxied/team/app:1')).toEqual(image);
    expect(imageInFeed(parseEndpoint('https://index.docker.io'), 'docker.io/team/app:1')).toEqual(image);
  });

  test('of another registry is refused with both names', () => {
    const attempt = () => imageInFeed(parseEndpoint('https://r.example.com'), 'ghcr.io/team/app:1');
    expect(attempt).toThrow(InvalidReference);
    expect(attempt).toThrow(/"ghcr\.io".*"r\.example\.com/);
  });

  test('is pulled by workers under the registry path', () => {
    const direct = parseEndpoint('https://r.example.com:5000/base');
    const mirrored = parseEndpoint('https://r.example.com:5000', 'https://mirror.local:8443');
    expect(pullName(direct, 'app', '1')).toBe('r.example.com:5000/base/app:1');
    expect(pullName(direct, 'app', digest)).toBe(`r.example.com:5000/base/app@${digest}`);
    expect(pullName(mirrored, 'app', '1')).toBe('mirror.local:8443/app:1');
    expect(pullName(parseEndpoint('https://index.docker.io'), 'debian', '12')).toBe(
      'docker.io/library/debian:12',
    );
  });
});
