/** Packages on the worker: fetched once by their content, whole or not at all, and laid out in a step's directory. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AcquireProgress,
  type PackageRequest,
  packagePath,
  type StepPackage,
} from '@argonaut/contracts/attempt';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLocalFiles } from '../../src/local/index.ts';
import { PackageCache, placePackages } from '../../src/packages/index.ts';
import type { Files } from '../../src/ports/files.ts';
import { tgz, zip } from './archives.ts';

const files = createLocalFiles();
const signal = AbortSignal.timeout(60_000);
const archive = zip([
  { name: 'hello.txt', body: 'hello' },
  { name: 'bin/tool', body: '#!/bin/sh\n', mode: 0o100755 },
]);

let data: string;
let step: string;
let cache: PackageCache;
let transfers: number;
let lines: AcquireProgress[];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'argonaut-cache-'));
  step = join(data, 'step');
  await mkdir(step);
  await chmod(step, 0o777);
  cache = new PackageCache(files, data);
  transfers = 0;
  lines = [];
});
afterEach(() => rm(data, { recursive: true, force: true }));

function request(fields: Partial<PackageRequest> = {}, bytes: Buffer = archive): PackageRequest {
  return {
    packageId: 'Acme.Web',
    version: '1.0.0',
    extension: '.zip',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    extract: true,
    sizeBytes: bytes.length,
    async *content() {
      transfers += 1;
      yield bytes.subarray(0, 10);
      yield bytes.subarray(10);
    },
    ...fields,
  };
}
const acquire = (fields?: Partial<PackageRequest>, bytes?: Buffer, by = cache) =>
  by.acquire(request(fields, bytes), (line) => lines.push(line), signal);
const kept = async () => (await readdir(join(data, 'packages'))).sort();
const tree = async () => (await readdir(step, { recursive: true })).sort();
const place = (packages: readonly StepPackage[]) => placePackages(files, cache, step, packages, signal);

describe('a package on a worker', () => {
  test('is transferred once per content, however many ask for it, and is there for the next process', async () => {
    const both = await Promise.all([acquire(), acquire({ packageId: 'Same.Content' })]);
    expect(both.map(({ packageId }) => packageId)).toEqual(['Acme.Web', 'Same.Content']);
    await acquire({}, archive, new PackageCache(files, data));
    expect(transfers).toBe(1);
    expect(await kept()).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.tree$/)]);
    expect(lines[0]).toEqual({
      level: 'Info',
      message: expect.stringMatching(/^Transferring package Acme\.Web 1\.0\.0 \(\d+ bytes\)/),
    });
  });

  test('that is there as a file is unpacked without another transfer', async () => {
    await acquire({ extract: false });
    await acquire();
    expect(transfers).toBe(1);
    expect((await kept()).map((name) => name.slice(65))).toEqual(['file', 'tree']);
  });

  test.each([
    ['other bytes', { sha256: '0'.repeat(64) }],
    ['fewer bytes than it has', { sizeBytes: archive.length + 1 }],
    ['more bytes than it has', { sizeBytes: archive.length - 1 }],
  ])('that brings %s is an infrastructure failure, and leaves nothing', async (_, fields) => {
    await expect(acquire(fields)).rejects.toMatchObject({
      kind: 'InfrastructureFailure',
      message: expect.stringContaining('Acme.Web 1.0.0 arrived damaged'),
    });
    expect(await kept()).toEqual([]);
  });

  test('that cannot be unpacked leaves nothing, and may be taken as the file that it is', async () => {
    const evil = zip([{ name: '../victim', body: 'x' }]);
    await expect(acquire({}, evil)).rejects.toMatchObject({ kind: 'Invalid' });
    expect(await kept()).toEqual([]);
    await acquire({ extract: false }, evil);
    expect((await kept()).length).toBe(1);
  });

  test('of which an earlier process left half is fetched anew', async () => {
    await mkdir(join(data, 'packages/arriving-0011223344556677/tree'), { recursive: true });
    await acquire();
    expect(await kept()).toEqual([expect.stringMatching(/\.tree$/)]);
  });

  test('makes room by the oldest of the others, and says what it needs when that is not enough', async () => {
    const older = await tgz([{ name: 'a', body: 'older', type: 'file' }]);
    await acquire({}, older);
    let free = 0;
    const full: Files = Object.assign(Object.create(files) as Files, {
      space: async () => {
        free += 1;
        return { freeBytes: free < 2 ? 0 : 10 ** 12, totalBytes: 10 ** 12 };
      },
    });
    await acquire({}, archive, new PackageCache(full, data));
    expect(await kept()).toEqual([`${createHash('sha256').update(archive).digest('hex')}.tree`]);
    const never: Files = Object.assign(Object.create(files) as Files, {
      space: async () => ({ freeBytes: 0, totalBytes: 10 ** 12 }),
    });
    await expect(acquire({}, older, new PackageCache(never, data))).rejects.toThrow(
      /no room for package Acme\.Web 1\.0\.0/,
    );
  });
});

describe('room for another package', () => {
  let free: number;
  const full = (more: Partial<Files> = {}): Files =>
    Object.assign(Object.create(files) as Files, {
      space: async () => ({ freeBytes: free++ < 1 ? 0 : 10 ** 12, totalBytes: 10 ** 12 }),
      ...more,
    });
  const other = () => tgz([{ name: 'a', body: 'another', type: 'file' }]);
  beforeEach(() => {
    free = 0;
  });

  test('is made so that what is half removed is no package any more, and goes when the next process begins', async () => {
    await acquire();
    const breaking = full({
      remove: async (path, until) => {
        if (!path.includes('leaving-')) return files.remove(path, until);
        await files.remove(`${path}/hello.txt`, until);
        throw new Error('the process ends here');
      },
    });
    await expect(acquire({}, await other(), new PackageCache(breaking, data))).rejects.toThrow('ends here');
    expect(await kept()).toEqual([expect.stringMatching(/^leaving-/)]);
    const next = new PackageCache(files, data);
    const acquired = await acquire({}, archive, next);
    expect(await readFile(join(next.pathOf(acquired), 'hello.txt'), 'utf8')).toBe('hello');
    expect(transfers).toBe(2);
    expect(await kept()).toEqual([expect.stringMatching(/\.tree$/)]);
  });

  test('may be made by two at once', async () => {
    await acquire();
    const raced = full({
      rename: async (from, to, until) => {
        if (to.includes('leaving-')) await files.remove(from, until);
        return files.rename(from, to, until);
      },
    });
    await acquire({}, await other(), new PackageCache(raced, data));
    expect((await kept()).length).toBe(1);
  });

  test('is made ready for all who wait, also when the first of them is cancelled', async () => {
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slow: Files = Object.assign(Object.create(files) as Files, {
      list: async (path: string, until: AbortSignal) => {
        begun.resolve();
        await goOn.promise;
        until.throwIfAborted();
        return files.list(path, until);
      },
    });
    const shared = new PackageCache(slow, data);
    const leaves = new AbortController();
    const first = shared.acquire(request(), () => {}, leaves.signal);
    await begun.promise;
    const second = acquire({}, await other(), shared);
    leaves.abort(new Error('cancelled'));
    await expect(first).rejects.toThrow('cancelled');
    goOn.resolve();
    await second;
    expect((await kept()).length).toBe(1);
  });
});

describe('the directory of a step', () => {
  const named = async (name: string, fields: Partial<PackageRequest> = {}, bytes?: Buffer) => ({
    name,
    ...(await acquire(fields, bytes)),
  });

  test('has references as directories or files of their name, and its own package as itself', async () => {
    const docs = zip([{ name: 'readme', body: 'r' }]);
    const packages = [await named('docs', {}, docs), await named('raw', { extract: false }), await named('')];
    await place(packages);
    expect(await tree()).toEqual(['bin', 'bin/tool', 'docs', 'docs/readme', 'hello.txt', 'raw.zip']);
    expect(await readFile(join(step, 'raw.zip'))).toEqual(archive);
    // Another user of the image can use everything, and run what is a program.
    for (const path of ['docs', 'bin', 'bin/tool'])
      expect((await stat(join(step, path))).mode & 0o777).toBe(0o777);
    expect((await stat(join(step, 'hello.txt'))).mode & 0o777).toBe(0o666);
    expect((await stat(step)).mode & 0o777).toBe(0o777);
  });

  test('has copies: what a step does to them is gone with it', async () => {
    const one = await named('web');
    await place([one]);
    await writeFile(join(step, 'web/hello.txt'), 'changed');
    expect(await readFile(join(cache.pathOf(one), 'hello.txt'), 'utf8')).toBe('hello');
  });

  test('has its own package as a file of its name and version, when it is not unpacked', async () => {
    const one = await named('', { extract: false });
    expect(packagePath(one)).toBe('Acme.Web.1.0.0.zip');
    await place([one]);
    expect(await tree()).toEqual(['Acme.Web.1.0.0.zip']);
  });

  test('cannot have two things of one name', async () => {
    await expect(place([await named(''), await named('bin')])).rejects.toMatchObject({
      kind: 'Invalid',
      message: expect.stringContaining('reference "bin"'),
    });
  });

  test('says which package is not there any more', async () => {
    const one = await named('web');
    await rm(join(data, 'packages'), { recursive: true });
    await expect(place([one])).rejects.toMatchObject({
      kind: 'NotFound',
      message: expect.stringContaining('Acme.Web 1.0.0'),
    });
  });

  test.each(['../web', 'a/b', '..', '.', 'a\0b'])('cannot have the name %j in it', async (name) => {
    await expect(place([await named(name)])).rejects.toMatchObject({ kind: 'Invalid' });
  });
});
