/** Feeds over the API against the registry that people run, without and with a password. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { passwordRegistry, registry } from '../../../../test/services.ts';
import { type TestServer, testServer } from '../support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function feedOf(Name: string, host: string, fields: object = {}): Promise<string> {
  const feed = { Name, FeedType: 'Docker', FeedUri: `http://${host}`, ...fields };
  const made = await server.call('POST', '/api/Spaces-1/feeds', feed);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body.Id;
}

const testOf = async (feed: string, Image: string) =>
  (await server.call('POST', `/api/argonaut/Spaces-1/feeds/${feed}/test`, { Image })).body;

describe('a registry that is open', () => {
  let service: Awaited<ReturnType<typeof registry>>;
  let feed: string;
  beforeAll(async () => {
    service = await registry();
    feed = await feedOf('Open', service.host);
  }, 300_000);

  test('is searched and lists its tags as versions', async () => {
    const { repository } = service.multiPlatform;
    const packages = `/api/Spaces-1/feeds/${feed}/packages`;
    const found = await server.get(`${packages}/search?term=${encodeURIComponent(repository)}`);
    expect(found.body.Items.map(({ Id }: { Id: string }) => Id)).toContain(repository);
    const versions = await server.get(`${packages}/versions?packageId=${encodeURIComponent(repository)}`);
    expect(versions.body.Items.map(({ Version }: { Version: string }) => Version)).toContain('1');
  });

  test('is tested with an image of several platforms, and with what it does not have', async () => {
    const { repository, digest, platforms } = service.multiPlatform;
    const good = await testOf(feed, `${repository}:1`);
    expect(good).toMatchObject({ Passed: true, Image: { Digest: digest } });
    expect(good.Image.Platforms).toHaveLength(platforms.length);
    expect(await testOf(feed, `${repository}:none`)).toMatchObject({ Failure: { Fault: 'TagNotFound' } });
    expect(await testOf(feed, 'argonaut-test/none:1')).toMatchObject({
      Failure: { Fault: 'RepositoryNotFound' },
    });
  });
});

describe('a registry with a password', () => {
  let service: Awaited<ReturnType<typeof passwordRegistry>>;
  beforeAll(async () => {
    service = await passwordRegistry();
  }, 300_000);

  test('lets the right one in, and says what is wrong with others', async () => {
    const { host } = service;
    const { username, password } = service.credentials;
    const credentials = (NewValue: string) => ({
      Username: username,
      Password: { HasValue: true, NewValue },
    });
    const right = await testOf(await feedOf('Right', host, credentials(password)), '');
    expect(right).toMatchObject({ Passed: true });
    const wrong = await testOf(await feedOf('Wrong', host, credentials('guessed')), '');
    expect(wrong).toMatchObject({ Passed: false, Failure: { Fault: 'Unauthorized' } });
    expect(JSON.stringify([right, wrong])).not.toContain(password);
  });
});
