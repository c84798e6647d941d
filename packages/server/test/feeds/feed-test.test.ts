import { describe, expect, test } from 'vitest';
import { testFeed } from '../../src/feeds/registry/index.ts';
import { makeImage, serve } from './images.ts';
import { clientFor, failure, type Handler, refuse, reply, type Stub, startStub } from './stub.ts';

const image = makeImage({ os: 'linux', architecture: 'amd64' });
const content = serve({
  'team/app': { tags: { '1.0': image.manifest, latest: image.manifest }, blobs: [image.config] },
});
const user = { username: 'deployer', secret: 'open sesame' };
const basic = `Basic ${Buffer.from('deployer:open sesame').toString('base64')}`;
const guarded: Handler = (sent, response, request) =>
  sent.headers.authorization === basic
    ? content(sent, response, request)
    : refuse(response, 401, 'UNAUTHORIZED', 'authentication required', {
        'www-authenticate': 'Basic realm="x"',
      });

const statuses = (verdict: Awaited<ReturnType<typeof testFeed>>) =>
  verdict.checks.map(({ name, status }) => `${name} ${status}`);

describe('the feed test', () => {
  test('of an open registry', async () => {
    await using stub = await startStub(content);
    const verdict = await testFeed(clientFor(stub).client);
    expect(verdict).toMatchObject({ passed: true, image: null, failure: null });
    expect(statuses(verdict)).toEqual(['Connection Passed', 'Credentials Passed', 'Search Passed']);
  });

  test('with an image shows its digest, its platforms and its size', async () => {
    await using stub = await startStub(guarded);
    const verdict = await testFeed(clientFor(stub, user).client, 'team/app:1.0');
    expect(verdict.passed).toBe(true);
    expect(verdict.image).toMatchObject({
      name: 'team/app:1.0',
      repository: 'team/app',
      tag: '1.0',
      digest: image.manifest.digest,
      platforms: [{ os: 'linux', architecture: 'amd64', size: image.downloadSize }],
      pullName: `127.0.0.1:${stub.port}/team/app@${image.manifest.digest}`,
    });
    expect(verdict.checks.at(-1)).toMatchObject({ name: 'Image', status: 'Passed' });
  });

  test('warns that a password travels readable over plain HTTP', async () => {
    await using stub = await startStub(guarded);
    const verdict = await testFeed(clientFor(stub, user).client);
    expect(verdict.checks[1]).toMatchObject({ name: 'Credentials', status: 'Warning' });
    expect(verdict.checks[1]?.message).toMatch(/accepted the user "deployer".*readable/);
  });

  test('does not call credentials good that the registry never asked for', async () => {
    await using stub = await startStub(content);
    const verdict = await testFeed(clientFor(stub, user).client);
    expect(verdict.checks[1]).toMatchObject({ name: 'Credentials', status: 'Warning' });
    expect(verdict.checks[1]?.message).toMatch(/not proven/);
  });

  test('fails for wrong credentials, also where public images could be read', async () => {
    await using stub: Stub = await startStub((sent, response, request) => {
      if (sent.path.startsWith('/token')) {
        return sent.headers.authorization === undefined
          ? reply(response, 200, { token: 'anonymous' })
          : reply(response, 401, { details: 'incorrect username or password' });
      }
      if (sent.headers.authorization !== undefined) return content(sent, response, request);
      const challenge = { 'www-authenticate': `Bearer realm="${stub.origin}/token"` };
      refuse(response, 401, 'UNAUTHORIZED', '', challenge);
    });
    const verdict = await testFeed(clientFor(stub, user).client, 'team/app:1.0');
    expect(verdict).toMatchObject({ passed: false, failure: { fault: 'Unauthorized' } });
    expect(statuses(verdict)).toEqual(['Connection Passed', 'Credentials Failed']);
  });

  test('without credentials passes where signing in is wanted but the image is for everybody', async () => {
    await using stub = await startStub((sent, response, request) =>
      sent.path === '/v2/'
        ? refuse(response, 401, 'UNAUTHORIZED', '', { 'www-authenticate': 'Basic realm="x"' })
        : content(sent, response, request),
    );
    const { client } = clientFor(stub);
    expect(await testFeed(client)).toMatchObject({ passed: false, failure: { fault: 'Unauthorized' } });
    const verdict = await testFeed(client, 'team/app:1.0');
    expect(verdict.passed).toBe(true);
    expect(statuses(verdict)).toEqual(['Connection Passed', 'Credentials Warning', 'Image Passed']);
  });

  test('passes for a registry that cannot be searched', async () => {
    await using stub = await startStub((sent, response, request) =>
      sent.path.startsWith('/v2/_catalog')
        ? refuse(response, 404, 'UNSUPPORTED')
        : content(sent, response, request),
    );
    const verdict = await testFeed(clientFor(stub).client);
    expect(verdict.passed).toBe(true);
    expect(verdict.checks.at(-1)).toMatchObject({ name: 'Search', status: 'Skipped' });
  });

  test('takes "latest" when no tag is named, and says so', async () => {
    await using stub = await startStub(content);
    const verdict = await testFeed(clientFor(stub).client, 'team/app');
    expect(verdict).toMatchObject({ passed: true, image: { tag: 'latest' } });
    expect(verdict.checks.at(-1)).toMatchObject({ name: 'Image', status: 'Warning' });
  });

  test.each([
    ['team/app:1.1', 'TagNotFound', ['1.0', 'latest']],
    ['team/ap:1.0', 'RepositoryNotFound', []],
    ['Team/App', 'InvalidReference', []],
    ['ghcr.io/team/app:1.0', 'InvalidReference', []],
  ])('with the image %s fails: %s', async (name, fault, nearestTags) => {
    await using stub = await startStub(content);
    const verdict = await testFeed(clientFor(stub).client, name);
    expect(verdict).toMatchObject({ passed: false, image: null, failure: { fault, nearestTags } });
    expect(statuses(verdict).at(-1)).toBe('Image Failed');
    expect(verdict.summary).toBe(verdict.failure?.message);
  });

  test('says until when the registry limits us', async () => {
    await using stub = await startStub((_, response) =>
      refuse(response, 429, 'TOOMANYREQUESTS', '', { 'retry-after': '7200' }),
    );
    const verdict = await testFeed(clientFor(stub).client, 'team/app:1.0');
    expect(verdict.failure).toMatchObject({
      fault: 'RateLimited',
      limitedUntil: '2030-01-01T02:00:00.000+00:00',
    });
  });

  test('of an address where nothing answers', async () => {
    const { client } = clientFor({ origin: 'https://registry.invalid' }, { retries: 0 });
    const verdict = await testFeed(client, 'team/app:1.0');
    expect(verdict.failure).toMatchObject({ fault: 'Unreachable' });
    expect(statuses(verdict)).toEqual(['Connection Failed']);
  });

  test('that is cancelled is no verdict', async () => {
    await using stub = await startStub(content);
    const reason = new Error('the page was closed');
    expect(await failure(testFeed(clientFor(stub).client, 'team/app', AbortSignal.abort(reason)))).toBe(
      reason,
    );
  });
});
