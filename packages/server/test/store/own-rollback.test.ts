/** SQLite undoes a transaction by itself when the disk is full: whoever asked must hear of the disk, not of the undoing. */
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { memoryDatabase } from '../../src/database/index.ts';

it('a transaction that the database has undone itself ends with the error that was its cause', async () => {
  const database = await memoryDatabase();
  try {
    const full = database.transaction(async () => {
      await sql`rollback`.execute(database.query);
      throw new Error('database or disk is full');
    });
    await expect(full).rejects.toThrow('disk is full');
    // The connection is as good as before.
    await database.transaction(async () => {
      await database.query.insertInto('settings').values({ name: 'a', value: 'b' }).execute();
    });
    const { value } = await database.query
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'a')
      .executeTakeFirstOrThrow();
    expect(value).toBe('b');
  } finally {
    await database.close();
  }
});
