/** The journal of a worker that keeps none itself, in the database: an entry is durable before its effect. */
import type { Journal, JournalEntry } from '@argonaut/runner/ports';
import type { Database } from '../database/index.ts';

export function databaseJournal(database: Database, worker: string): Journal {
  const entries = () =>
    database.query.selectFrom('attempt_journal').select('entry').where('worker', '=', worker);
  const read = (row: { entry: string }): JournalEntry => JSON.parse(row.entry) as JournalEntry;
  return {
    async put(entry) {
      const row = { worker, attempt: entry.spec.attempt, entry: JSON.stringify(entry) };
      await database.query
        .insertInto('attempt_journal')
        .values(row)
        .onConflict((conflict) => conflict.columns(['worker', 'attempt']).doUpdateSet({ entry: row.entry }))
        .execute();
    },
    async get(attempt) {
      const row = await entries().where('attempt', '=', attempt).executeTakeFirst();
      return row === undefined ? undefined : read(row);
    },
    async list() {
      return (await entries().orderBy('attempt').execute()).map(read);
    },
    async remove(attempt) {
      await database.query
        .deleteFrom('attempt_journal')
        .where('worker', '=', worker)
        .where('attempt', '=', attempt)
        .execute();
    },
  };
}
