/** Packages: what is unpacked how, and that no archive writes outside of its directory or fills the disk. */
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLocalFiles } from '../../src/local/index.ts';
import { DEFAULT_LIMITS, PackageRefused, unpackPackage } from '../../src/packages/index.ts';
import { type TarEntry, tarball, tgz, type ZipEntry, zip } from './archives.ts';

/** `outer` is watched; packages are unpacked into `outer/step/into`. */
let outer: string;
let step: string;
let into: string;
const never = new AbortController().signal;
const files = createLocalFiles();

beforeEach(async () => {
  outer = await mkdtemp(join(tmpdir(), 'argonaut-packages-'));
  step = join(outer, 'step');
  into = join(step, 'into');
  await mkdir(step);
  await writeFile(join(outer, 'victim'), 'untouched');
});
afterEach(() => rm(outer, { recursive: true, force: true }));

async function unpack(archive: Buffer, options: object = {}) {
  const file = join(step, 'archive');
  await writeFile(file, archive);
  return unpackPackage({
    files,
    packageName: 'Evil 1.0.0',
    file,
    extension: '.zip',
    into,
    signal: never,
    ...options,
  });
}

/** Names below a directory, links not followed. */
async function tree(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).sort();
}

async function expectNothingHappened() {
  expect(await tree(outer)).toEqual(['step', 'step/archive', 'victim']);
  expect(await readFile(join(outer, 'victim'), 'utf8')).toBe('untouched');
}

describe('an honest archive', () => {
  const contents = [
    { name: 'bin/run.sh', body: '#!/bin/sh\n', mode: 0o755 },
    { name: 'docs/', mode: 0o755 },
    { name: 'docs/read me.txt', body: 'hello', mode: 0o644 },
    { name: 'ünïcode', body: '', mode: 0o600 },
  ];
  const expected = ['bin', 'bin/run.sh', 'docs', 'docs/read me.txt', 'ünïcode'];
  const kinds: [string, () => Promise<Buffer> | Buffer][] = [
    ['zip', () => zip(contents.map((each) => ({ ...each, mode: 0o100000 | each.mode })))],
    ['tar', () => tarball(contents.map(asTar))],
    ['tar.gz', () => tgz(contents.map(asTar))],
  ];

  test.each(kinds)('%s is unpacked with its bytes and what may be executed', async (_kind, make) => {
    expect(await unpack(await make())).toEqual({ files: 3, bytes: 15 });
    expect(await tree(into)).toEqual(expected);
    expect(await readFile(join(into, 'docs/read me.txt'), 'utf8')).toBe('hello');
    expect((await stat(join(into, 'bin/run.sh'))).mode & 0o777).toBe(0o777);
    expect((await stat(join(into, 'docs/read me.txt'))).mode & 0o111).toBe(0);
  });

  test('nupkg has names that are percent-encoded', async () => {
    await unpack(zip([{ name: 'content/a%20b.txt', body: 'x' }]), { extension: '.nupkg' });
    expect(await tree(into)).toEqual(['content', 'content/a b.txt']);
  });

  test('keeps links that stay inside, wherever they stand in it', async () => {
    const entries: TarEntry[] = [
      { name: 'lib/current', type: 'symlink', linkname: '../versions/2' },
      { name: 'versions/2/file', body: 'two' },
      { name: 'same', type: 'link', linkname: 'versions/2/file' },
    ];
    await unpack(await tarball(entries));
    expect(await readlink(join(into, 'lib/current'))).toBe('../versions/2');
    expect(await readFile(join(into, 'lib/current/file'), 'utf8')).toBe('two');
    expect(await readFile(join(into, 'same'), 'utf8')).toBe('two');
  });

  test('loses set-user-id and other special bits', async () => {
    await unpack(await tarball([{ name: 'su', mode: 0o6777, body: 'x' }]));
    expect((await stat(join(into, 'su'))).mode & 0o7777).toBe(0o777);
  });

  test('may be empty', async () => {
    expect(await unpack(zip([]))).toEqual({ files: 0, bytes: 0 });
  });
});

function asTar({ name, body, mode }: { name: string; body?: string; mode: number }): TarEntry {
  return name.endsWith('/')
    ? { name, mode, type: 'directory' }
    : { name, mode, type: 'file', ...(body === undefined ? {} : { body }) };
}

/** Names that lead, or might lead, elsewhere. */
const NAMES = [
  '../victim',
  'a/../../victim',
  'a/b/../../../victim',
  './../victim',
  '..',
  'a/..',
  '/etc/argonaut-victim',
  '//victim',
  'C:/victim',
  'c:victim',
  '..\\victim',
  'a\\..\\..\\victim',
  '\\\\host\\share',
  'nul\0byte',
  `${'d/'.repeat(80)}deep`,
  'n'.repeat(300),
];

const LINKS = [
  '/etc/passwd',
  '..',
  '../victim',
  '../../victim',
  'a/../../victim',
  './../victim',
  'x/..',
  '..\\victim',
  '',
];

interface Evil {
  readonly name: string;
  readonly make: () => Promise<Buffer> | Buffer;
}

const zipOf = (name: string, entries: readonly ZipEntry[]): Evil => ({
  name: `zip: ${name}`,
  make: () => zip(entries),
});
const tarOf = (name: string, entries: readonly TarEntry[]): Evil[] => [
  { name: `tar: ${name}`, make: () => tarball(entries) },
  { name: `tgz: ${name}`, make: () => tgz(entries) },
];
const nameShown = (name: string) => JSON.stringify(name.slice(0, 30));

const CORPUS: readonly Evil[] = [
  ...NAMES.flatMap((name) => [
    zipOf(`name ${nameShown(name)}`, [
      { name: 'good', body: 'x' },
      { name, body: 'evil' },
    ]),
    // A tar header ends a name at its first NUL, so that one cannot be said there.
    ...(name.includes('\0') ? [] : tarOf(`name ${nameShown(name)}`, [{ name, body: 'evil', type: 'file' }])),
  ]),
  ...LINKS.flatMap((target) => [
    zipOf(`link to ${nameShown(target)}`, [{ name: 'link', body: target, mode: 0o120777 }]),
    ...(target === ''
      ? []
      : tarOf(`link to ${nameShown(target)}`, [{ name: 'link', type: 'symlink', linkname: target }])),
  ]),
  ...tarOf('hard link to a file outside', [{ name: 'link', type: 'link', linkname: '../../victim' }]),
  ...tarOf('hard link to an absolute path', [{ name: 'link', type: 'link', linkname: '/etc/passwd' }]),
  ...tarOf('hard link to a link', [
    { name: 'a', type: 'symlink', linkname: 'b' },
    { name: 'c', type: 'link', linkname: 'a' },
  ]),
  ...tarOf('a file through a link', [
    { name: 'd', type: 'symlink', linkname: 'e' },
    { name: 'd/file', body: 'evil' },
  ]),
  ...tarOf('a file over a link', [
    { name: 'f', type: 'symlink', linkname: 'g' },
    { name: 'f', body: 'evil' },
  ]),
  ...tarOf('links that climb through each other', [
    { name: 'a/b/up', type: 'symlink', linkname: '../..' },
    { name: 'out', type: 'symlink', linkname: 'a/b/up/../victim' },
  ]),
  ...tarOf('a device', [{ name: 'null', type: 'character-device', devmajor: 1, devminor: 3 }]),
  ...tarOf('a block device', [{ name: 'disk', type: 'block-device', devmajor: 8, devminor: 0 }]),
  ...tarOf('a pipe', [{ name: 'pipe', type: 'fifo' }]),
  ...tarOf('one name twice', [
    { name: 'twice', body: '1' },
    { name: 'twice', body: '2' },
  ]),
  ...tarOf('a file as directory', [
    { name: 'a', body: '1' },
    { name: 'a/b', body: '2' },
  ]),
  zipOf('a device', [{ name: 'null', mode: 0o020666 }]),
  zipOf('one name twice', [
    { name: 'twice', body: '1' },
    { name: './twice', body: '2' },
  ]),
  zipOf('encrypted', [{ name: 'secret', body: 'x', encrypted: true }]),
  zipOf('more bytes than claimed', [{ name: 'liar', body: 'x'.repeat(1000), claimedSize: 10 }]),
  zipOf('fewer bytes than claimed', [{ name: 'liar', body: 'x', claimedSize: 1000 }]),
  zipOf('shared bytes', [
    { name: 'one', body: 'x'.repeat(1000) },
    { name: 'two', sharesBytes: true },
    { name: 'three', sharesBytes: true },
  ]),
  { name: 'zip: cut', make: () => zip([{ name: 'a', body: 'x'.repeat(100) }]).subarray(0, 60) },
  { name: 'zip: 23 bytes', make: () => Buffer.concat([zip([]), Buffer.from('\n')]).fill(0xff, 10, 14) },
  {
    name: 'tgz: cut',
    make: async () => (await tgz([{ name: 'a', body: 'x'.repeat(5000) }])).subarray(0, 60),
  },
  { name: 'tgz: no tar inside', make: () => gzipSync(Buffer.alloc(2000, 'no tar at all. ')) },
  { name: '7z', make: () => Buffer.from('377abcaf271c0004', 'hex') },
  { name: 'rar', make: () => Buffer.from('Rar!\x1a\x07\x01\x00') },
  { name: 'bzip2', make: () => Buffer.from('BZh91AY&SY') },
  { name: 'nothing', make: () => Buffer.alloc(0) },
  { name: 'text', make: () => Buffer.from('<html>not found</html>') },
];

describe('an evil archive is refused, and nothing of it is left', () => {
  test(`there are ${CORPUS.length} of them`, () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(80);
    expect(new Set(CORPUS.map(({ name }) => name)).size).toBe(CORPUS.length);
  });

  test.each(CORPUS)('$name', async ({ make }) => {
    await expect(unpack(await make())).rejects.toThrow(PackageRefused);
    await expectNothingHappened();
  });
});

describe('a bomb', () => {
  const limits = { ...DEFAULT_LIMITS, freeBytes: 1_000_000 };
  const zeros = Buffer.alloc(8_000_000);

  test('is refused by what a zip claims, before a byte is unpacked', async () => {
    await expect(unpack(zip([{ name: 'zeros', body: zeros }]), { limits })).rejects.toThrow(/fill disks/);
    await expectNothingHappened();
  });

  test('is refused while a tar.gz unpacks', async () => {
    const bomb = await tgz([{ name: 'zeros', body: zeros.toString('latin1') }]);
    await expect(unpack(bomb, { limits })).rejects.toThrow(/fill disks/);
    await expectNothingHappened();
  });

  test('may also be one file under many names', async () => {
    const names = Array.from({ length: 20 }, (_, number) => ({
      name: `again${number}`,
      type: 'link' as const,
      linkname: 'file',
    }));
    const bomb = await tgz([{ name: 'file', body: 'x'.repeat(900_000) }, ...names]);
    await expect(unpack(bomb, { limits })).rejects.toThrow(/fill disks/);
    await expectNothingHappened();
  });

  test('may also be of many entries, or too large for the limit', async () => {
    const many = Array.from({ length: 11 }, (_, number) => ({ name: `f${number}`, body: '' }));
    const few = { ...DEFAULT_LIMITS, entries: 10 };
    await expect(unpack(zip(many), { limits: few })).rejects.toThrow(/more than 10 entries/);
    await expect(unpack(await tarball(many), { limits: few })).rejects.toThrow(/more than 10 entries/);
    const small = { ...DEFAULT_LIMITS, bytes: 1000 };
    await expect(
      unpack(await tarball([{ name: 'a', body: 'x'.repeat(2000) }]), { limits: small }),
    ).rejects.toThrow(/more than 1000 bytes/);
  });
});

test('a cancelled unpacking throws the reason and leaves nothing', async () => {
  const archive = zip([{ name: 'a', body: 'x' }]);
  await expect(unpack(archive, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  await expectNothingHappened();
});

test('a link that was kept never leads outside', async () => {
  await unpack(
    await tarball([
      { name: 'a/b/root', type: 'symlink', linkname: '../..' },
      { name: 'through', type: 'symlink', linkname: 'a/b/root/a' },
    ]),
  );
  for (const name of ['a/b/root', 'through']) {
    expect((await realpath(join(into, name))).startsWith(await realpath(into))).toBe(true);
  }
});
