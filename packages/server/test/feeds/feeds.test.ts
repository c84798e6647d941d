/** Feeds over the API: what is kept, what is shown, what is refused, and what a worker gets. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageReference } from '../../src/feeds/index.ts';
import { type TestServer, testServer } from '../support.ts';
import { makeImage, serve } from './images.ts';
import { type Stub, startStub } from './stub.ts';

const FEEDS = '/api/Spaces-1/feeds';
const DOCKER = { FeedType: 'Docker', FeedUri: 'https://registry.example.com:5000' };
const SECRET = 'correct horse battery staple';

let server: TestServer;
let numbered = 0;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function create(fields: object) {
  numbered += 1;
  const made = await server.call('POST', FEEDS, { Name: `Feed ${numbered}`, ...fields });
  expect(made.body).toMatchObject({ Id: expect.stringMatching(/^Feeds-\d+$/) });
  expect(made.status).toBe(201);
  return made.body;
}

describe('the built-in feed', () => {
  test('comes first, whatever else there is, under the id that clients know', async () => {
    await create({ Name: 'AAA', ...DOCKER });
    const { body } = await server.get(`${FEEDS}?take=1`);
    expect(body.Items[0]).toMatchObject({ Id: 'feeds-builtin', FeedType: 'BuiltIn' });
    expect(body.Items[0]).not.toHaveProperty('Password');
  });

  test('exists in every space, where the same word finds it', async () => {
    const space = await server.call('POST', '/api/spaces', {
      Name: 'Other',
      SpaceManagersTeamMembers: ['Users-1'],
    });
    const found = await server.get(`/api/${space.body.Id}/feeds/feeds-builtin`);
    expect(found.body).toMatchObject({ FeedType: 'BuiltIn', SpaceId: space.body.Id });
    expect(found.body.Id).toMatch(/^Feeds-\d+$/);
  });

  test('is neither deleted nor made a second time, and stays of its type', async () => {
    expect((await server.call('DELETE', `${FEEDS}/feeds-builtin`)).status).toBe(400);
    expect((await server.call('POST', FEEDS, { Name: 'Two', FeedType: 'BuiltIn' })).status).toBe(400);
    const { body } = await server.get(`${FEEDS}/feeds-builtin`);
    const changed = await server.call('PUT', `${FEEDS}/feeds-builtin`, { ...body, ...DOCKER });
    expect(changed.body.ErrorMessage).toMatch(/type BuiltIn, which cannot change/);
  });
});

describe('a feed', () => {
  test.each([
    'AwsElasticContainerRegistry',
    'AzureContainerRegistry',
    'GoogleContainerRegistry',
    'OciRegistry',
    'Helm',
    'NuGet',
    'Maven',
    'GitHub',
    'Npm',
    'PyPi',
    'S3',
    'GcsStorage',
    'ArtifactoryGeneric',
    'OctopusProject',
  ])('of the type %s is kept with every field as it came', async (FeedType) => {
    const fields = {
      FeedUri: 'https://x.example.com',
      Region: 'eu-west-1',
      Custom: { Deep: [1, 'two', null] },
    };
    const made = await create({ FeedType, ...fields });
    expect((await server.get(made.Links.Self)).body).toMatchObject({ FeedType, ...fields });
  });

  test('of Docker has its retries, its links and no password to see', async () => {
    const feed = await create({ ...DOCKER, Username: 'me', Password: { HasValue: true, NewValue: SECRET } });
    expect(feed).toMatchObject({
      DownloadAttempts: 5,
      DownloadRetryBackoffSeconds: 10,
      Username: 'me',
      Password: { HasValue: true, NewValue: null, Hint: null },
    });
    expect(Object.keys(feed.Links)).toEqual(
      expect.arrayContaining(['Self', 'SearchPackagesTemplate', 'SearchPackageVersionsTemplate']),
    );
  });

  test('seals every sensitive field, also of types and names that the server does not know', async () => {
    const feed = await create({
      FeedType: 'GcsStorage',
      ServiceAccountJsonKey: { HasValue: true, NewValue: SECRET },
    });
    expect(feed.ServiceAccountJsonKey).toEqual({ HasValue: true, NewValue: null, Hint: null });
    await create({ FeedType: 'AwsElasticContainerRegistry', SecretKey: { NewValue: SECRET } });
    const rows = await server.services.database.query.selectFrom('documents').select('document').execute();
    expect(rows.filter(({ document }) => document.includes(SECRET))).toEqual([]);
  });

  test('keeps its password when it is changed otherwise, and loses it when told so', async () => {
    const feed = await create({ ...DOCKER, Username: 'me', Password: { HasValue: true, NewValue: SECRET } });
    const renamed = await server.call('PUT', feed.Links.Self, { ...feed, Name: 'Renamed' });
    expect(renamed.body.Password.HasValue).toBe(true);
    const { credentials } = await imageReference(server.services, 'Spaces-1', feed.Id, 'a:1');
    expect(credentials?.password.reveal()).toBe(SECRET);
    const bare = await server.call('PUT', feed.Links.Self, {
      ...renamed.body,
      Password: { HasValue: false, NewValue: null },
    });
    expect(bare.body.Password.HasValue).toBe(false);
  });

  test('never sends a stored password to another server', async () => {
    const feed = await create({ ...DOCKER, Username: 'me', Password: { HasValue: true, NewValue: SECRET } });
    const moved = { ...feed, FeedUri: 'https://evil.example.com' };
    const refused = await server.call('PUT', feed.Links.Self, moved);
    expect(refused.status).toBe(400);
    expect(refused.body.ErrorMessage).toMatch(/Send Password again/);
    const path = await server.call('PUT', feed.Links.Self, { ...feed, RegistryPath: 'evil.example.com' });
    expect(path.status).toBe(400);
    const again = await server.call('PUT', feed.Links.Self, { ...moved, Password: { NewValue: 'new one' } });
    expect(again.status).toBe(200);
    expect(
      (
        await server.call('PUT', again.body.Links.Self, {
          ...again.body,
          FeedUri: 'https://evil.example.com/team',
        })
      ).status,
    ).toBe(200);
  });

  test.each([
    [{ FeedType: 'Docker' }, /has no FeedUri, which is required/],
    [{ FeedType: 'Docker', FeedUri: 'ftp://x' }, /no scheme of a Docker registry/],
    [{ FeedType: 'Docker', FeedUri: 'https://me:secret@x' }, /user name or a password/],
    [{ FeedType: 'Unheard' }, /FeedType/],
    [{ ...DOCKER, Name: '' }, /Name/],
    [{ ...DOCKER, DownloadAttempts: 'many' }, /DownloadAttempts/],
  ])('%j is refused with what is wrong', async (fields, message) => {
    const refused = await server.call('POST', FEEDS, { Name: 'Wrong', ...fields });
    expect(refused.status).toBe(400);
    expect([refused.body.ErrorMessage, ...(refused.body.Errors ?? [])].join(' ')).toMatch(message);
  });

  test('is found by type', async () => {
    const { body } = await server.get(`${FEEDS}?feedType=BuiltIn`);
    expect(body.Items.map(({ Id }: { Id: string }) => Id)).toEqual(['feeds-builtin']);
  });
});

describe('what a worker pulls', () => {
  const reference = async (fields: object | undefined, image: string) => {
    const feed = fields === undefined ? undefined : (await create({ FeedType: 'Docker', ...fields })).Id;
    return imageReference(server.services, 'Spaces-1', feed, image);
  };
  const digest = `sha256:${'a'.repeat(64)}`;

  test.each([
    [{ FeedUri: 'https://r.example.com:5000' }, 'team/app:1', 'r.example.com:5000/team/app:1'],
    [{ FeedUri: 'https://r.example.com/v2/' }, 'app:1', 'r.example.com/app:1'],
    [{ FeedUri: 'https://r.example.com/below' }, 'app:1', 'r.example.com/below/app:1'],
    [{ FeedUri: 'https://r.example.com' }, 'r.example.com/app:1', 'r.example.com/app:1'],
    [{ FeedUri: 'https://r.example.com', RegistryPath: 'inside:5000' }, 'app:1', 'inside:5000/app:1'],
    [{ FeedUri: 'https://index.docker.io' }, 'alpine:3', 'docker.io/library/alpine:3'],
    [{ FeedUri: 'https://r.example.com' }, `app@${digest}`, `r.example.com/app@${digest}`],
    [undefined, 'ghcr.io/a/b:1', 'ghcr.io/a/b:1'],
    [undefined, 'alpine:3', 'docker.io/library/alpine:3'],
  ])('%j and %s give %s', async (feed, image, expected) => {
    expect(await reference(feed, image)).toMatchObject({ reference: expected, warnings: [] });
  });

  test('without a tag is latest, with a warning', async () => {
    for (const feed of [{ FeedUri: 'https://r.example.com' }, undefined]) {
      const found = await reference(feed, 'app');
      expect(found.reference).toMatch(/app:latest$/);
      expect(found.warnings).toEqual([expect.stringContaining('names no tag')]);
    }
  });

  test('names both registries when the image is of another', async () => {
    const wrong = reference({ FeedUri: 'https://r.example.com' }, 'other.example.com/app:1');
    await expect(wrong).rejects.toThrow(/"other.example.com".*"r.example.com/);
  });

  test('cannot come from the built-in feed, nor from one that does not exist, nor be nothing', async () => {
    const { services } = server;
    await expect(imageReference(services, 'Spaces-1', 'feeds-builtin', 'a:1')).rejects.toThrow(/no images/);
    await expect(imageReference(services, 'Spaces-1', 'Feeds-999', 'a:1')).rejects.toThrow(
      /"Feeds-999" was not found/,
    );
    await expect(imageReference(services, 'Spaces-1', undefined, ' ')).rejects.toThrow(/names no image/);
  });
});

describe('a registry behind a feed', () => {
  let stub: Stub;
  let feed: { Id: string; Links: Record<string, string> };
  const image = makeImage({ os: 'linux', architecture: 'amd64' });
  const tags = ['1.0.0', '1.1.0', '1.10.0', '2.0.0-beta.1', 'latest'];
  beforeAll(async () => {
    const content = {
      tags: Object.fromEntries(tags.map((tag) => [tag, image.manifest])),
      blobs: [image.config],
    };
    stub = await startStub(serve({ 'team/app': content, 'team/other': content }));
    feed = await create({ FeedType: 'Docker', FeedUri: stub.origin });
  });
  afterAll(() => stub[Symbol.asyncDispose]());

  const versions = async (query: string) => {
    const { body, status } = await server.get(
      `${FEEDS}/${feed.Id}/packages/versions?packageId=team/app&${query}`,
    );
    expect(status, body.ErrorMessage).toBe(200);
    return body.Items.map(({ Version }: { Version: string }) => Version);
  };

  test.each([
    ['', ['2.0.0-beta.1', '1.10.0', '1.1.0', '1.0.0', 'latest']],
    ['take=1', ['2.0.0-beta.1']],
    ['skip=1&take=2', ['1.10.0', '1.1.0']],
    ['includePreRelease=false', ['1.10.0', '1.1.0', '1.0.0']],
    ['versionRange=[1.0,1.5)', ['1.1.0', '1.0.0']],
    [`preReleaseTag=${encodeURIComponent('^beta')}`, ['2.0.0-beta.1']],
    [
      `preReleaseTag=${encodeURIComponent('^(?!latest)')}&versionRange=${encodeURIComponent('(,1.2)')}`,
      ['1.1.0', '1.0.0'],
    ],
    ['filter=1.1', ['1.10.0', '1.1.0']],
  ])('lists tags newest first: %s', async (query, expected) => {
    expect(await versions(query)).toEqual(expected);
  });

  test('is searched, with the newest tag of what is found', async () => {
    const { body } = await server.get(`${FEEDS}/${feed.Id}/packages/search?term=APP`);
    expect(body.Items).toEqual([
      expect.objectContaining({ Id: 'team/app', Name: 'team/app', LatestVersion: '2.0.0-beta.1' }),
    ]);
  });

  test('answers nothing for a package that variables name, and says so for one that is not there', async () => {
    const path = `${FEEDS}/${feed.Id}/packages/versions?packageId=`;
    expect((await server.get(`${path}${encodeURIComponent('#{Image}')}`)).body.TotalResults).toBe(0);
    const missing = await server.get(`${path}team/none`);
    expect(missing.status).toBe(404);
    expect(missing.body).not.toHaveProperty('Errors');
    expect((await server.get(`${path}team/app&versionRange=nonsense`)).status).toBe(400);
  });

  test('is tested with an image: the verdict has the digest, or what is wrong with the nearest tags', async () => {
    const url = `/api/argonaut/Spaces-1/feeds/${feed.Id}/test`;
    const good = await server.call('POST', url, { Image: 'team/app:1.1.0' });
    expect(good.body).toMatchObject({
      Passed: true,
      Image: { Digest: image.manifest.digest, Platforms: [{ Platform: 'linux/amd64' }] },
      Failure: null,
    });
    const bad = await server.call('POST', url, { Image: 'team/app:1.1.1' });
    expect(bad.status).toBe(200);
    expect(bad.body).toMatchObject({ Passed: false, Failure: { Fault: 'TagNotFound' } });
    expect(bad.body.Failure.NearestTags).toContain('1.1.0');
    expect((await server.call('POST', url, {})).body.Passed).toBe(true);
  });

  test('is not reached where the settings forbid it', async () => {
    await using strict = await testServer({ settings: { outboundAllow: ['none'] } });
    const made = await strict.call('POST', FEEDS, {
      Name: 'Inside',
      FeedType: 'Docker',
      FeedUri: stub.origin,
    });
    const tested = await strict.call('POST', `/api/argonaut/Spaces-1/feeds/${made.body.Id}/test`, {});
    expect(tested.body).toMatchObject({ Passed: false, Failure: { Fault: 'InvalidFeed' } });
    expect(tested.body.Summary).toMatch(/ARGONAUT_OUTBOUND_ALLOW/);
  });
});
