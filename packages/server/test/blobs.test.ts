/** Blobs in a directory: whole or not at all, appended in order, and nowhere else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { InfrastructureFailure, Invalid, NotFound } from '@argonaut/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryBlobStore } from '../src/blobs/index.ts';

describe('blobs in a directory', () => {
  let directory: string;
  let blobs: DirectoryBlobStore;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'argonaut-blobs-'));
    blobs = new DirectoryBlobStore(directory);
  });
  afterEach(async () => {
    await blobs.close();
    await rm(directory, { recursive: true, force: true });
  });
  const content = async (key: string, range?: { start?: number; end?: number }) =>
    text(await blobs.get(key, range));

  it('are given back whole or in ranges', async () => {
    expect(await blobs.put('packages/a.zip', Buffer.from('0123456789'))).toBe(10);
    expect(await content('packages/a.zip')).toBe('0123456789');
    expect(await content('packages/a.zip', { start: 3, end: 6 })).toBe('345');
    expect(await content('packages/a.zip', { start: 8 })).toBe('89');
    expect(await content('packages/a.zip', { start: 10 })).toBe('');
    expect(await content('packages/a.zip', { start: 0, end: 99 })).toBe('0123456789');
    expect(await blobs.size('packages/a.zip')).toBe(10);
    expect(await blobs.size('packages/b.zip')).toBeUndefined();
    await expect(blobs.get('packages/b.zip')).rejects.toThrow(NotFound);
  });

  it('appear only when they are complete: a broken upload leaves nothing and harms nothing', async () => {
    await blobs.put('p/x', Buffer.from('old'));
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half');
        throw new Error('connection lost');
      })(),
    );
    await expect(blobs.put('p/x', broken)).rejects.toThrow('connection lost');
    expect(await content('p/x')).toBe('old');
    expect(await readdir(join(directory, 'p'))).toEqual(['x']);
  });

  it('grow in the order of the calls, and each call learns where its bytes end', async () => {
    const parts = Array.from({ length: 50 }, (_, n) => `line ${n}\n`);
    const ends = await Promise.all(parts.map((part) => blobs.append('logs/T-1', Buffer.from(part))));
    let position = 0;
    expect(ends).toEqual(
      parts.map((part) => {
        position += part.length;
        return position;
      }),
    );
    expect(await content('logs/T-1')).toBe(parts.join(''));
  });

  it('go on growing after the store was opened again, or more files were open than it keeps', async () => {
    await blobs.append('logs/T-1', Buffer.from('one '));
    await blobs.close();
    blobs = new DirectoryBlobStore(directory);
    expect(await blobs.append('logs/T-1', Buffer.from('two '))).toBe(8);
    for (let n = 0; n < 80; n += 1) await blobs.append(`logs/other-${n}`, Buffer.from('x'));
    expect(await blobs.append('logs/T-1', Buffer.from('three'))).toBe(13);
    expect(await content('logs/T-1')).toBe('one two three');
  });

  it('can be cut back to what was stored elsewhere, and say when bytes are missing', async () => {
    await blobs.append('logs/T-1', Buffer.from('committed, not committed'));
    await blobs.truncate('logs/T-1', 9);
    expect(await blobs.append('logs/T-1', Buffer.from('!'))).toBe(10);
    expect(await content('logs/T-1')).toBe('committed!');
    await expect(blobs.truncate('logs/T-1', 11)).rejects.toThrow('has 10 bytes, but 11 were stored');
    await blobs.truncate('logs/new', 0);
    await expect(blobs.truncate('logs/new', 1)).rejects.toThrow(InfrastructureFailure);
  });

  it('hold every acknowledged byte after the server was killed in the middle of an append', async () => {
    const module = new URL('../src/blobs/index.ts', import.meta.url).href;
    const script = `
      const { DirectoryBlobStore } = await import(${JSON.stringify(module)});
      const blobs = new DirectoryBlobStore(${JSON.stringify(directory)});
      for (let n = 0; ; n += 1) {
        const ends = await Promise.all([0, 1, 2].map((m) => blobs.append('logs/T-1', Buffer.from(n + '.' + m + ';'))));
        process.stdout.write(ends.join(' ') + '\\n');
      }`;
    const writer = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged = text(writer.stdout);
    await once(writer.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, 100));
    writer.kill('SIGKILL');
    const ends = (await acknowledged).trim().split(/\s+/).map(Number);
    const last = Math.max(...ends);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
    const stored = await content('logs/T-1');
    expect(stored.length).toBeGreaterThanOrEqual(last);
    const expected = Array.from({ length: ends.length }, (_, n) => `${Math.floor(n / 3)}.${n % 3};`).join('');
    expect(stored.slice(0, last)).toBe(expected.slice(0, last));
  });

  it('are listed and deleted by what their key begins with', async () => {
    for (const key of ['logs/T-1/1', 'logs/T-1/2', 'logs/T-10/1']) await blobs.append(key, Buffer.from('x'));
    expect(await blobs.list('logs/T-1')).toEqual(['logs/T-1/1', 'logs/T-1/2']);
    await blobs.delete('logs/T-1');
    expect(await blobs.list('logs')).toEqual(['logs/T-10/1']);
    await blobs.delete('logs/T-1');
    expect(await blobs.list('nothing')).toEqual([]);
    expect(await blobs.append('logs/T-1/1', Buffer.from('new'))).toBe(3);
    expect((await buffer(await blobs.get('logs/T-1/1'))).length).toBe(3);
  });

  it.each([
    '../outside',
    'a/../../b',
    '/etc/passwd',
    'a//b',
    '',
    '.hidden',
    'a/.',
    'a\\b',
    'a\0b',
    'ä',
    'x'.repeat(300),
  ])('refuse the key %j', async (key) => {
    await expect(blobs.put(key, Buffer.from('x'))).rejects.toThrow(Invalid);
    await expect(blobs.append(key, Buffer.from('x'))).rejects.toThrow(Invalid);
    await expect(blobs.delete(key)).rejects.toThrow(Invalid);
  });
});
