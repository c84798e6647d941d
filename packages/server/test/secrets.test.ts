/** Secrets at rest: sealed to their place, unreadable elsewhere, and a server with the wrong key does not start. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Secret } from '@argonaut/contracts';
import { describe, expect, it } from 'vitest';
import {
  checkMasterKey,
  KeyRing,
  loadKeyRing,
  memoryDatabase,
  openSensitive,
  sealSensitive,
  showSensitive,
} from '../src/database/index.ts';
import { testServer } from './support.ts';

const keys = new KeyRing(Buffer.alloc(32, 1));
const place = { kind: 'Feeds', id: 'Feeds-1', field: 'Password' };

/** In a field of a library set that only clients know. */
async function saveTemplate(DefaultValue: unknown) {
  await using server = await testServer();
  const Templates = [{ Name: 'T', DefaultValue }];
  return await server.call('POST', '/api/libraryvariablesets', { Name: 'Shared', Templates });
}

describe('a secret in a field that nobody seals', () => {
  it('is refused, with the name of the field', async () => {
    const { status, body } = await saveTemplate({ HasValue: true, NewValue: 'hunter2' });
    expect(status).toBe(400);
    expect(body.ErrorMessage).toMatch(
      /^The library variable set "Shared" has a secret in Templates\.0\.DefaultValue,/,
    );
    expect(JSON.stringify(body)).not.toContain('hunter2');
  });

  it.each([
    ['one that keeps what is stored', { HasValue: true, NewValue: null }],
    ['one without a text', { HasValue: false, NewValue: '' }],
    ['a text that quotes one', '{"HasValue":true,"NewValue":"x"}'],
    ['a thing that has more fields', { NewValue: 'x', Scale: 3 }],
  ])('and nothing else is: %s', async (_, value) => {
    const { status, body } = await saveTemplate(value);
    expect(status).toBe(201);
    expect(body.Templates).toEqual([{ Name: 'T', DefaultValue: value }]);
  });
});

describe('a sealed value', () => {
  it('opens at its place, and never looks the same twice', () => {
    const first = keys.seal(new Secret('hunter2 🐙'), place);
    const second = keys.seal(new Secret('hunter2 🐙'), place);
    expect(first).not.toBe(second);
    expect(first).not.toContain('hunter2');
    expect(keys.open(first, place).reveal()).toBe('hunter2 🐙');
  });

  it.each([
    ['another record', { ...place, id: 'Feeds-2' }],
    ['another field', { ...place, field: 'Username' }],
    ['another kind', { ...place, kind: 'Accounts' }],
    // Joined without a separator, these two places would be the same text.
    ['a place that only looks alike', { kind: 'Feeds', id: 'Feeds-', field: '1Password' }],
  ])('does not open at %s', (_, elsewhere) => {
    const sealed = keys.seal(new Secret('x'), place);
    expect(() => keys.open(sealed, elsewhere)).toThrow('cannot be read');
  });

  it('does not open when one bit of it has changed, or under another master key', () => {
    const sealed = keys.seal(new Secret('secret text'), place);
    const [format, id, text = ''] = sealed.split('.');
    const bytes = Buffer.from(text, 'base64');
    for (let bit = 0; bit < bytes.length * 8; bit += 37) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => keys.open(`${format}.${id}.${changed.toString('base64')}`, place)).toThrow('damaged');
    }
    const other = new KeyRing(Buffer.alloc(32, 2));
    expect(() => other.open(sealed, place)).toThrow(`sealed with the master key ${keys.keyId}`);
  });

  it('is no text that a log could show', () => {
    const opened = keys.open(keys.seal(new Secret('hunter2'), place), place);
    expect(`${opened} ${JSON.stringify({ opened })} ${inspect({ opened })}`).not.toContain('hunter2');
  });
});

describe('a sensitive field', () => {
  const stored = sealSensitive(keys, place, { NewValue: 'first' }, undefined);
  const reveal = (value: typeof stored) => openSensitive(keys, place, value)?.reveal();

  it('is written with NewValue and kept without one', () => {
    expect(reveal(stored)).toBe('first');
    for (const kept of [
      undefined,
      null,
      {},
      { HasValue: true, NewValue: null },
      { NewValue: '' },
      { HasValue: false },
    ]) {
      expect(reveal(sealSensitive(keys, place, kept, stored))).toBe('first');
    }
    expect(reveal(sealSensitive(keys, place, { HasValue: true, NewValue: 'second' }, stored))).toBe('second');
    expect(reveal(sealSensitive(keys, place, 'plain text', stored))).toBe('plain text');
  });

  it('is removed when the client says that it has no value', () => {
    expect(sealSensitive(keys, place, { HasValue: false, NewValue: null }, stored)).toBeUndefined();
  });

  it('shows only whether there is one', () => {
    expect(showSensitive(stored)).toEqual({ HasValue: true, NewValue: null, Hint: null });
    expect(showSensitive(undefined)).toEqual({ HasValue: false, NewValue: null, Hint: null });
  });
});

describe('the master key', () => {
  it('is made at the first start, for its owner only, and stays the same', () => {
    const directory = mkdtempSync(join(tmpdir(), 'argonaut-key-'));
    try {
      const first = loadKeyRing({ dataDirectory: directory });
      const file = join(directory, 'master.key');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(loadKeyRing({ dataDirectory: directory }).keyId).toBe(first.keyId);
      const masterKey = new Secret(readFileSync(file, 'utf8'));
      expect(loadKeyRing({ dataDirectory: '/nonexistent', masterKey }).keyId).toBe(first.keyId);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('must be 32 bytes as base64 or hex', () => {
    const load = (text: string) =>
      loadKeyRing({ dataDirectory: '/nonexistent', masterKey: new Secret(text) });
    expect(load('07'.repeat(32)).keyId).toBe(load(Buffer.alloc(32, 7).toString('base64')).keyId);
    expect(() => load('short')).toThrow('ARGONAUT_MASTER_KEY must hold 32 bytes');
  });

  it('that does not fit the database stops the start', async () => {
    const database = await memoryDatabase();
    await checkMasterKey(database, keys);
    await checkMasterKey(database, keys);
    const wrong = checkMasterKey(database, new KeyRing(Buffer.alloc(32, 9)));
    await expect(wrong).rejects.toThrow('The master key does not open this database');
    await database.query.updateTable('settings').set({ value: 'v1.garbage' }).execute();
    await expect(checkMasterKey(database, keys)).rejects.toThrow('does not open this database');
    await database.close();
  });
});
