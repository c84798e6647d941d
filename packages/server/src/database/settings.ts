/** Single facts about the installation, each made once and then kept. */
import { randomUUID } from 'node:crypto';
import type { Database } from './database.ts';

/** The stored value, or the one that `make` gives, which is then stored. Several servers agree on one. */
export async function settingOr(database: Database, name: string, make: () => string): Promise<string> {
  const read = () =>
    database.query.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst();
  const known = await read();
  if (known) return known.value;
  await database.query
    .insertInto('settings')
    .values({ name, value: make() })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  return (await read())?.value ?? make();
}

/** A UUID: the Go client parses it as one. */
export function installationId(database: Database): Promise<string> {
  return settingOr(database, 'installation-id', randomUUID);
}
