/** The built-in feed over the API: pushing, reading, replacing and removing packages; build information. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Reply, type TestServer, testServer } from '../support.ts';

const ROOT = '/api/Spaces-1';
const BOUNDARY = 'some-boundary';
/** No archive at all: what is pushed is not looked into. */
const BYTES = Buffer.from('an almost empty file\0\xff', 'latin1');

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server[Symbol.asyncDispose]());

function multipart(parts: readonly { name: string; fileName?: string; bytes: Buffer | string }[]): Buffer {
  const pieces = parts.flatMap(({ name, fileName, bytes }) => [
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${fileName === undefined ? '' : `; filename="${fileName}"`}\r\n\r\n`,
    ),
    Buffer.from(bytes),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

function send(body: Buffer, query = ''): Promise<Reply> {
  return server.call('POST', `${ROOT}/packages/raw${query}`, body, {
    'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
  });
}

const push = (fileName: string, query = '', bytes: Buffer | string = BYTES) =>
  send(multipart([{ name: 'fileToUpload', fileName, bytes }]), query);

const blobs = () => server.services.blobs.list('packages');

describe('a pushed package', () => {
  test('is there with its size and hash, under both of its ids, and comes back byte by byte', async () => {
    const pushed = await push('Hello.1.0.0.zip');
    expect(pushed.status).toBe(201);
    expect(pushed.body).toMatchObject({
      Id: 'packages-Hello.1.0.0',
      PackageId: 'Hello',
      Version: '1.0.0',
      FeedId: 'feeds-builtin',
      FileExtension: '.zip',
      PackageSizeBytes: BYTES.length,
      Hash: createHash('sha1').update(BYTES).digest('hex'),
      PackageVersionBuildInformation: null,
    });
    for (const id of ['packages-Hello.1.0.0', 'Hello.1.0.0', 'hello.1.0.0']) {
      expect((await server.get(`${ROOT}/packages/${id}`)).body).toEqual(pushed.body);
    }
    const raw = await server.get(`${pushed.body.Links.Self}/raw`);
    expect(raw.raw).toEqual(BYTES);
    expect(raw.headers['content-disposition']).toContain('Hello.1.0.0.zip');
  });

  test('may come in a part of any name, behind other fields, from a path', async () => {
    const body = multipart([
      { name: 'note', bytes: 'hello' },
      { name: 'whatever', fileName: 'C:\\build\\Hello.1.0.0.zip', bytes: BYTES },
      { name: 'second', fileName: 'Ignored.1.0.0.zip', bytes: 'x' },
    ]);
    expect((await send(body)).body).toMatchObject({ PackageId: 'Hello' });
    expect((await server.get(`${ROOT}/packages`)).body.TotalResults).toBe(1);
  });

  test('is refused a second time, in the words that clients look for', async () => {
    await push('Hello.1.0.0.zip');
    const again = await push('hello.1.0.0.zip', '', 'other');
    expect(again.status).toBe(409);
    expect(again.body.ErrorMessage).toContain('A package with the same name and version already exists');
    expect(await blobs()).toHaveLength(1);
  });

  test('is left as it is with IgnoreIfExists: 200 says that nothing is new', async () => {
    expect((await push('Hello.1.0.0.zip', '?overwriteMode=IgnoreIfExists')).status).toBe(201);
    const again = await push('Hello.1.0.0.zip', '?overwriteMode=IgnoreIfExists', 'other');
    expect(again.status).toBe(200);
    expect(again.body.PackageSizeBytes).toBe(BYTES.length);
    expect(await blobs()).toHaveLength(1);
  });

  test.each(['?overwriteMode=OverwriteExisting', '?replace=true'])(
    'is replaced with %s, and its old bytes go',
    async (query) => {
      await push('Hello.1.0.0.zip');
      const again = await push('Hello.1.0.0.zip', query, 'other');
      expect(again.body.PackageSizeBytes).toBe(5);
      expect((await server.get(`${ROOT}/packages/Hello.1.0.0/raw`)).raw.toString()).toBe('other');
      await expect.poll(blobs).toHaveLength(1);
    },
  );

  test('pushed twice at once is stored once', async () => {
    const statuses = (await Promise.all([push('Hello.1.0.0.zip'), push('Hello.1.0.0.zip')])).map(
      ({ status }) => status,
    );
    expect(statuses).toContain(201);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    await expect.poll(blobs).toHaveLength(1);
  });

  test('is gone with its bytes when it is deleted, one or several', async () => {
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) await push(`Hello.${version}.zip`);
    expect((await server.call('DELETE', `${ROOT}/packages/packages-Hello.1.0.0`)).status).toBe(200);
    const bulk = `${ROOT}/packages/bulk?ids=packages-Hello.1.1.0,Nothing.9.9.9`;
    expect((await server.call('DELETE', bulk)).status).toBe(200);
    expect((await server.get(`${ROOT}/packages/Hello.1.0.0`)).status).toBe(404);
    expect((await server.get(`${ROOT}/packages`)).body.TotalResults).toBe(1);
    await expect.poll(blobs).toHaveLength(1);
  });

  test('belongs to its space', async () => {
    await push('Hello.1.0.0.zip');
    const space = await server.call('POST', '/api/spaces', {
      Name: 'Other',
      SpaceManagersTeamMembers: ['Users-1'],
    });
    expect((await server.get(`/api/${space.body.Id}/packages/Hello.1.0.0`)).status).toBe(404);
  });
});

describe('an upload that is no package', () => {
  test.each([
    ['a name without a version', () => push('Hello.zip'), /package id and version/],
    ['a name that is no package', () => push('evil.sh'), /must end in one of/],
    ['no file', () => send(multipart([{ name: 'note', bytes: 'x' }])), /holds no file/],
    [
      'a body that ends early',
      () => send(multipart([{ name: 'f', fileName: 'A.1.0.0.zip', bytes: BYTES }]).subarray(0, 90)),
      /could not be read|holds no file/,
    ],
    ['JSON', () => server.call('POST', `${ROOT}/packages/raw`, { a: 1 }), /multipart\/form-data/],
  ] as [string, () => Promise<Reply>, RegExp][])(
    '(%s) is 400, and leaves nothing',
    async (_name, upload, message) => {
      const refused = await upload();
      expect(refused.body.ErrorMessage).toMatch(message);
      expect(refused.status).toBe(400);
      expect((await server.get(`${ROOT}/packages`)).body.TotalResults).toBe(0);
      expect(await blobs()).toEqual([]);
    },
  );
});

describe('lists', () => {
  beforeEach(async () => {
    for (const name of [
      'Hello.1.9.0',
      'Hello.1.10.0',
      'Hello.1.10.0-rc.1',
      'World.2.0.0',
      'Hello.Extra.1.0.0',
    ]) {
      await push(`${name}.zip`);
    }
  });
  const names = async (query: string) =>
    (await server.get(`${ROOT}/packages?${query}`)).body.Items.map(
      (each: { PackageId: string; Version: string }) => `${each.PackageId} ${each.Version}`,
    );

  test('of packages have the newest version first, not the latest push', async () => {
    expect(await names('nuGetPackageId=hello')).toEqual(['Hello 1.10.0', 'Hello 1.10.0-rc.1', 'Hello 1.9.0']);
    expect(await names('latest=true')).toEqual(['Hello 1.10.0', 'Hello.Extra 1.0.0', 'World 2.0.0']);
    expect(await names('filter=EXTRA')).toEqual(['Hello.Extra 1.0.0']);
    expect(await names('skip=1&take=2')).toEqual(['Hello 1.10.0-rc.1', 'Hello 1.9.0']);
  });

  test('are the same through the feed', async () => {
    const feed = `${ROOT}/feeds/feeds-builtin/packages`;
    const found = await server.get(`${feed}/search?term=hello`);
    expect(found.body.Items.map(({ Id }: { Id: string }) => Id)).toEqual(['Hello', 'Hello.Extra']);
    expect(found.body.Items[0].LatestVersion).toBe('1.10.0');
    const versions = await server.get(`${feed}/versions?packageId=Hello&take=1`);
    expect(versions.body).toMatchObject({
      TotalResults: 3,
      Items: [{ Version: '1.10.0', SizeBytes: BYTES.length }],
    });
    expect(new Date(versions.body.Items[0].Published).getTime()).not.toBeNaN();
    const newest = await server.get(`${feed}?packageIds=Hello,World,None`);
    expect(newest.body.map(({ Version }: { Version: string }) => Version)).toEqual(['1.10.0', '2.0.0']);
    expect((await server.get(`${ROOT}/feeds/stats`)).body).toEqual({ TotalPackages: 5 });
  });

  test('of notes say which package does not exist', async () => {
    const { body } = await server.get(`${ROOT}/packages/notes?packageIds=Hello:1.9.0,None:1.0`);
    expect(body.Packages).toMatchObject([
      { PackageId: 'Hello', Version: '1.9.0', Notes: { Succeeded: true } },
      { PackageId: 'None', Version: '1.0', Notes: { Succeeded: false } },
    ]);
  });
});

describe('build information', () => {
  const told = {
    PackageId: 'Hello',
    Version: '1.0.0',
    OctopusBuildInformation: {
      BuildNumber: '7',
      Branch: 'main',
      VcsType: 'Git',
      Commits: [{ Id: 'abc', Comment: 'a change' }],
    },
  };
  const tell = (query = '', fields: object = {}) =>
    server.call('POST', `${ROOT}/build-information${query}`, { ...told, ...fields });

  test('comes with its package, even when it was told first', async () => {
    const made = await tell();
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      BuildNumber: '7',
      WorkItems: [],
      Commits: [{ Id: 'abc', Comment: 'a change' }],
    });
    const pushed = await push('Hello.1.0.0.zip');
    expect(pushed.body.PackageVersionBuildInformation).toEqual(made.body);
  });

  test('is refused a second time in the words that clients look for, ignored or replaced', async () => {
    await tell();
    const again = await tell();
    expect(again.status).toBe(409);
    expect(again.body.ErrorMessage).toContain(
      'Metadata for the specified Package ID and version already exists.',
    );
    const other = { OctopusBuildInformation: { BuildNumber: '8' } };
    expect((await tell('?overwriteMode=IgnoreIfExists', other)).body.BuildNumber).toBe('7');
    expect((await tell('?overwriteMode=OverwriteExisting', other)).body).toMatchObject({
      BuildNumber: '8',
      Commits: [],
    });
  });

  test('is listed by package, and removed', async () => {
    const { body } = await tell();
    await tell('', { Version: '1.1.0' });
    const list = `${ROOT}/build-information?packageId=hello`;
    expect((await server.get(`${list}&latest=true`)).body.Items).toMatchObject([{ Version: '1.1.0' }]);
    expect(
      (await server.call('DELETE', `${ROOT}/build-information/bulk?ids=${body.Id},BuildInformation-99`))
        .status,
    ).toBe(200);
    expect((await server.get(list)).body.TotalResults).toBe(1);
  });
});
