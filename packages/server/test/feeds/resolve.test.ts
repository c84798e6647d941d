import { describe, expect, test } from 'vitest';
import {
  DigestNotFound,
  InvalidReference,
  NotAnImage,
  platformName,
  RepositoryNotFound,
  TagNotFound,
} from '../../src/feeds/registry/index.ts';
import { content, descriptor, makeImage, makeIndex, OCI_INDEX, OCI_MANIFEST, serve } from './images.ts';
import { clientFor, failure, type Handler, reply, startStub } from './stub.ts';

const amd64 = makeImage({ os: 'linux', architecture: 'amd64' }, 'amd64 layer');
const armv7 = makeImage({ os: 'linux', architecture: 'arm', variant: 'v7' }, 'a longer arm layer');
const index = makeIndex([
  { image: amd64, platform: { os: 'linux', architecture: 'amd64' } },
  { image: armv7, platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
  {
    image: makeImage({ os: 'unknown', architecture: 'unknown' }),
    platform: { os: 'unknown', architecture: 'unknown' },
  },
]);
const serving = serve({
  multi: {
    tags: { '1': index },
    manifests: [amd64.manifest, armv7.manifest],
    blobs: [amd64.config, armv7.config],
  },
  single: {
    tags: { '1.0': armv7.manifest, '1.1': armv7.manifest, latest: armv7.manifest },
    blobs: [armv7.config],
  },
  empty: { tags: {} },
});

describe('a tag', () => {
  test('of several platforms is the digest of its index, with each platform', async () => {
    await using stub = await startStub(serving);
    const { client } = clientFor(stub);
    const resolved = await client.resolve('multi', '1');
    expect(resolved).toEqual({
      digest: index.digest,
      mediaType: OCI_INDEX,
      size: index.body.length,
      platforms: [
        { os: 'linux', architecture: 'amd64', variant: null, digest: amd64.manifest.digest, size: null },
        { os: 'linux', architecture: 'arm', variant: 'v7', digest: armv7.manifest.digest, size: null },
      ],
    });
    expect(resolved.platforms.map(platformName)).toEqual(['linux/amd64', 'linux/arm/v7']);
    expect(await client.downloadSize('multi', armv7.manifest.digest)).toBe(armv7.downloadSize);
  });

  test('of one platform has it from the configuration', async () => {
    await using stub = await startStub(serving);
    expect(await clientFor(stub).client.resolve('single', '1.0')).toEqual({
      digest: armv7.manifest.digest,
      mediaType: OCI_MANIFEST,
      size: armv7.manifest.body.length,
      platforms: [
        {
          os: 'linux',
          architecture: 'arm',
          variant: 'v7',
          digest: armv7.manifest.digest,
          size: armv7.downloadSize,
        },
      ],
    });
  });

  test('is asked for by HEAD, and its content is read once per digest', async () => {
    await using stub = await startStub(serving);
    const { client } = clientFor(stub);
    await client.resolve('single', '1.0');
    const before = stub.sent.length;
    await client.resolve('single', '1.0');
    expect(stub.sent.slice(before).map(({ method }) => method)).toEqual(['HEAD']);
  });

  test('that moves is seen at once', async () => {
    await using stub = await startStub(serving);
    const { client } = clientFor(stub);
    expect((await client.resolve('single', '1.0')).digest).toBe(armv7.manifest.digest);
    stub.handler = serve({ single: { tags: { '1.0': amd64.manifest }, blobs: [amd64.config] } });
    expect((await client.resolve('single', '1.0')).digest).toBe(amd64.manifest.digest);
  });

  test('accepts indexes and images of both formats', async () => {
    await using stub = await startStub(serving);
    await clientFor(stub).client.resolve('single', '1.0');
    for (const type of [
      'oci.image.index.v1',
      'oci.image.manifest.v1',
      'docker.distribution.manifest.list.v2',
      'docker.distribution.manifest.v2',
    ]) {
      expect(stub.sent[0]?.headers.accept).toContain(`application/vnd.${type}+json`);
    }
  });

  test.each([
    ['HEAD is not allowed', 405],
    ['HEAD is not implemented', 501],
    ['HEAD does not tell the digest', 200],
  ])('is resolved although %s', async (_, status) => {
    await using stub = await startStub((sent, response, request) => {
      if (sent.method === 'HEAD') return response.writeHead(status).end();
      serving(sent, response, request);
    });
    expect((await clientFor(stub).client.resolve('single', '1.0')).digest).toBe(armv7.manifest.digest);
  });

  test('is resolved although the registry never tells digests: we compute it', async () => {
    const untold = serve(
      { single: { tags: { '1.0': armv7.manifest }, blobs: [armv7.config] } },
      { tellsDigests: false },
    );
    await using stub = await startStub(untold);
    expect((await clientFor(stub).client.resolve('single', '1.0')).digest).toBe(armv7.manifest.digest);
  });

  test('that does not exist comes with the nearest that do', async () => {
    await using stub = await startStub(serving);
    const error = await failure(clientFor(stub).client.resolve('single', '1.2'));
    expect(error).toBeInstanceOf(TagNotFound);
    expect(error).toMatchObject({ kind: 'NotFound', nearestTags: ['1.1', '1.0', 'latest'] });
    expect(error.message).toMatch(
      /"Our registry".*has the image "single", but not its tag "1\.2".*1\.1, 1\.0, latest/,
    );
  });

  test('of an image without any', async () => {
    await using stub = await startStub(serving);
    expect((await failure(clientFor(stub).client.resolve('empty', '1'))).message).toMatch(/no other tags/);
  });

  test('that does not exist where tags cannot be listed', async () => {
    await using stub = await startStub((_, response) => reply(response, 404, {}));
    stub.handler = ({ path }, response) => reply(response, path.includes('/tags/') ? 403 : 404, {});
    const error = await failure(clientFor(stub).client.resolve('single', '9'));
    expect(error).toMatchObject({ fault: 'TagNotFound', nearestTags: [] });
    expect(error.message).toMatch(/it may be the image or the tag that is missing/);
  });

  test('of an image that does not exist: the image is missing, not the tag', async () => {
    await using stub = await startStub(serving);
    expect(await failure(clientFor(stub).client.resolve('sinlge', '1.0'))).toBeInstanceOf(RepositoryNotFound);
  });

  test.each([
    ['Single', '1'],
    ['single', 'not a tag'],
    ['../../secrets', '1'],
    ['single', '../../../x'],
    ['single?x=1', '1'],
    ['single', 'sha256:zz'],
  ])('%s %s is refused before anything is sent', async (repository, tag) => {
    await using stub = await startStub(serving);
    expect(await failure(clientFor(stub).client.resolve(repository, tag))).toBeInstanceOf(InvalidReference);
    expect(stub.sent).toEqual([]);
  });
});

describe('a digest', () => {
  test('is resolved like a tag', async () => {
    await using stub = await startStub(serving);
    const { client } = clientFor(stub);
    expect((await client.resolve('multi', amd64.manifest.digest)).platforms).toHaveLength(1);
    expect((await client.resolve('multi', index.digest)).platforms).toHaveLength(2);
  });

  test('that is gone', async () => {
    await using stub = await startStub(serving);
    const error = await failure(clientFor(stub).client.resolve('single', index.digest));
    expect(error).toBeInstanceOf(DigestNotFound);
    expect(error.message).toMatch(/no longer has sha256:.*Push it again/);
  });
});

describe('content that no engine can run', () => {
  const holding = (value: object, type = OCI_MANIFEST): Handler =>
    serve({ app: { tags: { '1': content(type, value) } } });

  test.each([
    [
      'a chart',
      holding({
        schemaVersion: 2,
        config: descriptor(content('application/vnd.cncf.helm.config.v1+json', {})),
        layers: [],
      }),
      /cncf\.helm/,
    ],
    [
      'an image in the retired format',
      holding(
        { schemaVersion: 1, name: 'app', fsLayers: [] },
        'application/vnd.docker.distribution.manifest.v1+prettyjws',
      ),
      /schema 1/,
    ],
    ['an index of nothing', holding({ schemaVersion: 2, manifests: [] }, OCI_INDEX), /no platform/],
  ])('%s', async (_, handler, why) => {
    await using stub = await startStub(handler);
    const error = await failure(clientFor(stub).client.resolve('app', '1'));
    expect(error).toBeInstanceOf(NotAnImage);
    expect(error.message).toMatch(why);
  });

  test.each([
    ['no JSON', Buffer.from('<html>')],
    ['JSON of another shape', Buffer.from('[1,2]')],
    ['an image without configuration', Buffer.from('{"schemaVersion":2,"layers":[]}')],
  ])('%s', async (_, body) => {
    await using stub = await startStub(serve({ app: { tags: { '1': content(OCI_MANIFEST, body) } } }));
    expect(await failure(clientFor(stub).client.resolve('app', '1'))).toMatchObject({
      fault: 'InvalidAnswer',
    });
  });
});
