/** The command that changes the master key: a start after it, and after a crash in the middle of it, finds the right key. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@argonaut/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openDatabase, openKeyRing } from '../src/database/index.ts';
import { giveNewMasterKey } from '../src/new-master-key.ts';

let directory = '';
const config = () => readConfig({ ARGONAUT_DATA: directory });
const file = (name: string) => join(directory, name);
const key = () => readFileSync(file('master.key'), 'utf8');

/** Opens the database as a server does. */
async function start(from = config()): Promise<string> {
  const database = await openDatabase(from);
  try {
    return (await openKeyRing(database, from)).keyId;
  } finally {
    await database.close();
  }
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'argonaut-key-'));
  await start();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a new master key', () => {
  it('replaces the key file', async () => {
    const before = { key: key(), id: await start() };
    expect(await giveNewMasterKey(config())).toMatchObject({ inKeyFile: true });
    expect(key()).not.toBe(before.key);
    expect(await start()).not.toBe(before.id);
    expect(existsSync(file('master.key.next'))).toBe(false);
  });

  it('is found by the next start when the process died after the commit', async () => {
    copyFileSync(file('master.key'), file('old.key'));
    await giveNewMasterKey(config());
    const changed = await start();
    copyFileSync(file('master.key'), file('master.key.next'));
    copyFileSync(file('old.key'), file('master.key'));
    expect(await start()).toBe(changed);
    expect(existsSync(file('master.key.next'))).toBe(false);
    expect(await start()).toBe(changed);
  });

  it('is forgotten when the process died before the commit', async () => {
    const before = await start();
    writeFileSync(file('master.key.next'), Buffer.alloc(32, 7).toString('base64'));
    expect(await start()).toBe(before);
    expect(existsSync(file('master.key.next'))).toBe(false);
  });

  it('must be given where the old one comes from the settings', async () => {
    const masterKey = new Secret(key());
    await expect(giveNewMasterKey({ ...config(), masterKey })).rejects.toThrow('ARGONAUT_NEW_MASTER_KEY');
    const given = new Secret(Buffer.alloc(32, 5).toString('hex'));
    expect(await giveNewMasterKey({ ...config(), masterKey }, given)).toMatchObject({ inKeyFile: false });
    await expect(start({ ...config(), masterKey })).rejects.toThrow('does not open this database');
    await start({ ...config(), masterKey: given });
  });

  it('is refused while a server has the database', async () => {
    const database = await openDatabase(config());
    try {
      await expect(giveNewMasterKey(config())).rejects.toThrow();
    } finally {
      await database.close();
    }
  });
});
