import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { testImageNames, testImages } from './catalogue.ts';
import { EPOCH, Layer } from './layer.ts';

async function list(tar: Buffer) {
  const reader = extract();
  reader.end(tar);
  const entries = [];
  for await (const entry of reader) {
    const { name, type, mode, uid, mtime } = entry.header;
    entries.push({ name, type, mode, uid, mtime, content: (await buffer(entry)).toString() });
  }
  return entries;
}

describe('a layer', () => {
  test('has the same bytes whatever the order in which it was filled', async () => {
    const one = new Layer().file('/a/x', 'x').symlink('/b', 'a').directory('/tmp', 0o1777);
    const other = new Layer().directory('/tmp', 0o1777).symlink('/b', 'a').file('/a/x', 'x');
    expect((await one.tar()).equals(await other.tar())).toBe(true);
  });

  test('lists parents before what is in them, also those that nobody named', async () => {
    const names = (await list(await new Layer().file('/a/b/c', '').file('/a.txt', '').tar())).map(
      (e) => e.name,
    );
    expect(names).toEqual(['a/', 'a.txt', 'a/b/', 'a/b/c']);
  });

  test('keeps mode and owner, and gives every file the same time', async () => {
    const layer = new Layer().extra([
      { path: '/run.sh', mode: 0o755, content: 'exit 0' },
      { path: '/home/app/', uid: 1000, gid: 1000 },
    ]);
    const entries = await list(await layer.tar());
    expect(entries).toContainEqual(
      expect.objectContaining({ name: 'run.sh', mode: 0o755, uid: 0, mtime: EPOCH, content: 'exit 0' }),
    );
    expect(entries).toContainEqual(
      expect.objectContaining({ name: 'home/app/', type: 'directory', mode: 0o755, uid: 1000, mtime: EPOCH }),
    );
  });
});

test('every image of the catalogue has a reference of its own', () => {
  expect(testImages.busybox).toBe('argonaut-test/busybox:1');
  expect(new Set(Object.values(testImages)).size).toBe(testImageNames.length);
});
