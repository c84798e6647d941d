/** The client against the registry that people run: Debian's `docker-registry` (distribution 2.8). */

import { Secret } from '@argonaut/contracts';
import { beforeAll, describe, expect, test } from 'vitest';
import { passwordRegistry, registry } from '../../../../test/services.ts';
import {
  createRegistryClient,
  DigestNotFound,
  type RegistryClient,
  RepositoryNotFound,
  TagNotFound,
  testFeed,
} from '../../src/feeds/registry/index.ts';
import { failure } from './stub.ts';

type Open = Awaited<ReturnType<typeof registry>>;
type Guarded = Awaited<ReturnType<typeof passwordRegistry>>;

describe('an open registry', () => {
  let service: Open;
  let client: RegistryClient;

  beforeAll(async () => {
    service = await registry();
    client = createRegistryClient({
      feedName: 'Test registry',
      feedUri: `http://${service.host}`,
      retries: 0,
    });
  }, 300_000);

  test('answers, lists its images and finds them by a part of their name', async () => {
    expect(await client.ping()).toEqual({ authentication: 'none', user: null });
    const expected = Object.keys(service.images).map((name) => `argonaut-test/${name}`);
    const { names, complete } = await client.catalogue();
    expect(complete).toBe(true);
    expect(names).toEqual(expect.arrayContaining([...expected, service.multiPlatform.repository]));
    const found = await client.search('MULTI');
    expect(found).toMatchObject({ source: 'catalogue', complete: true });
    expect(found.repositories.map(({ name }) => name)).toContain(service.multiPlatform.repository);
  });

  test('resolves every image to the digest under which it was pushed, with its platform and size', async () => {
    for (const [name, digest] of Object.entries(service.images)) {
      const resolved = await client.resolve(`argonaut-test/${name}`, '1');
      expect(resolved.digest, name).toBe(digest);
      expect(resolved.platforms, name).toHaveLength(1);
      expect(resolved.platforms[0], name).toMatchObject({ os: 'linux', digest });
      expect(resolved.platforms[0]?.size, name).toBeGreaterThan(0);
    }
  });

  test('resolves an index to itself and its platforms, by tag as by digest', async () => {
    const { repository, digest, platforms } = service.multiPlatform;
    const byTag = await client.resolve(repository, '1');
    expect(byTag.digest).toBe(digest);
    expect(byTag.platforms.map(({ architecture, digest }) => ({ architecture, digest }))).toEqual(platforms);
    expect(await client.resolve(repository, digest)).toEqual(byTag);
    for (const platform of byTag.platforms) {
      expect(await client.downloadSize(repository, platform.digest)).toBeGreaterThan(0);
    }
  });

  test('tells a missing tag, a missing image and missing content apart', async () => {
    const { repository } = service.multiPlatform;
    const tag = await failure(client.resolve(repository, '2'));
    expect(tag).toBeInstanceOf(TagNotFound);
    expect(tag).toMatchObject({ nearestTags: ['1'] });
    expect(await failure(client.resolve('argonaut-test/absent', '1'))).toBeInstanceOf(RepositoryNotFound);
    expect(await failure(client.tags('argonaut-test/absent'))).toBeInstanceOf(RepositoryNotFound);
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(await failure(client.resolve(repository, digest))).toBeInstanceOf(DigestNotFound);
  });

  test('lists tags', async () => {
    expect(await client.tags(service.multiPlatform.repository)).toEqual({ tags: ['1'], complete: true });
  });

  test('asked by https says that the port has no TLS', async () => {
    const wrong = createRegistryClient({ feedUri: `https://${service.host}`, retries: 0 });
    expect(await failure(wrong.ping())).toMatchObject({ fault: 'Tls', problem: 'tls-on-plain-http-port' });
  });

  test('passes the feed test, also with the image written as Docker shows it', async () => {
    const { repository, digest } = service.multiPlatform;
    const verdict = await testFeed(client, `${service.host}/${repository}:1`);
    expect(verdict).toMatchObject({ passed: true, image: { repository, tag: '1', digest } });
    expect(verdict.image?.pullName).toBe(`${service.host}/${repository}@${digest}`);
  });
});

describe('a registry with a password', () => {
  let service: Guarded;
  const clientWith = (username: string | null, password: string) =>
    createRegistryClient({
      feedName: 'Guarded',
      feedUri: `http://${service.host}`,
      username,
      password: () => new Secret(password),
      retries: 0,
    });

  beforeAll(async () => {
    service = await passwordRegistry();
  }, 300_000);

  test('lets the right user in', async () => {
    const { username, password } = service.credentials;
    const client = clientWith(username, password);
    expect(await client.ping()).toEqual({ authentication: 'basic', user: username });
    const { repository, digest } = service.multiPlatform;
    expect(await client.resolve(repository, '1')).toMatchObject({ digest });
  });

  test('rejects a wrong password, and says so', async () => {
    const verdict = await testFeed(clientWith(service.credentials.username, 'wrong'));
    expect(verdict).toMatchObject({ passed: false, failure: { fault: 'Unauthorized' } });
    expect(verdict.summary).toMatch(/"Guarded".*rejected the credentials/);
  });

  test('wants credentials from a feed that has none', async () => {
    expect(await failure(clientWith(null, '').ping())).toMatchObject({ reason: 'required' });
  });
});
