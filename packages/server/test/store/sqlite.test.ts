/** The store's contract on SQLite, and what only a file has: one owner, and a schema that may be too new. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryDatabase, openDatabase } from '../../src/database/index.ts';
import { storeContract } from './contract.ts';
import { coordinationContract } from './coordination.contract.ts';
import { eventsContract } from './events.contract.ts';
import { imageLocksContract } from './image-locks.contract.ts';
import { variablesContract } from './variables.contract.ts';

storeContract('SQLite', memoryDatabase);
coordinationContract('SQLite', memoryDatabase);
imageLocksContract('SQLite', memoryDatabase);
variablesContract('SQLite', memoryDatabase);
eventsContract('SQLite', memoryDatabase);

describe('a transaction that does not end', () => {
  it('is undone at its deadline, frees the database, and cannot write any more', async () => {
    const database = await memoryDatabase(20);
    const put = (name: string) =>
      database.query.insertInto('settings').values({ name, value: 'x' }).execute();
    let goOn = () => {};
    const hanging = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let late: Promise<unknown> = Promise.resolve();
    const stuck = database.transaction(async () => {
      await put('early');
      await hanging;
      late = (async () => put('late'))();
      await late;
    });
    await expect(stuck).rejects.toThrow('was undone');
    goOn();
    await put('other');
    await expect(late).rejects.toThrow('was undone');
    const names = await database.query.selectFrom('settings').select('name').execute();
    expect(names).toEqual([{ name: 'other' }]);
    await database.close();
  });
});

describe('a data directory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'argonaut-sqlite-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const open = () => openDatabase({ dataDirectory: directory });

  it('belongs to one server; a second one refuses and says what to do', async () => {
    const first = await open();
    await expect(open()).rejects.toThrow('Another server already uses');
    await first.close();
    await (await open()).close();
  });

  it('is free at once when its server was killed, with everything that was committed', async () => {
    const module = new URL('../../src/database/index.ts', import.meta.url).href;
    const script = `
      const { openDatabase } = await import(${JSON.stringify(module)});
      const database = await openDatabase({ dataDirectory: ${JSON.stringify(directory)} });
      await database.query.insertInto('settings').values({ name: 'written', value: 'yes' }).execute();
      console.log('ready');
      setInterval(() => {}, 1000);`;
    const server = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(server.stdout, 'data');
    await expect(open()).rejects.toThrow('Another server already uses');
    server.kill('SIGKILL');
    await once(server, 'exit');
    const next = await open();
    const row = await next.query
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'written')
      .executeTakeFirst();
    expect(row?.value).toBe('yes');
    await next.close();
  });

  it('of a newer version is refused, unharmed', async () => {
    await (await open()).close();
    const file = new DatabaseSync(join(directory, 'argonaut.db'));
    file.exec('update schema_version set version = 999');
    file.close();
    await expect(open()).rejects.toThrow('has schema 999');
  });

  it('is for the eyes of its owner', async () => {
    const nested = join(directory, 'data');
    await (await openDatabase({ dataDirectory: nested })).close();
    expect(statSync(nested).mode & 0o077).toBe(0);
  });
});
