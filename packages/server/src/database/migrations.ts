/**
 * The schema, step by step. A step that has been released is never changed: what comes later is a new step. Each runs
 * in a transaction, and a database that is newer than this program is refused rather than damaged.
 */
import { Conflict } from '@argonaut/contracts';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Tables } from './schema.ts';

type Step = (tx: Transaction<Tables>, isPostgres: boolean) => Promise<void>;

/** Step n is the entry n - 1. */
const STEPS: readonly Step[] = [
  async (tx) => {
    await sql`create table documents (
      kind text not null, id text not null, number bigint not null, space text not null, parent text not null,
      name text not null, name_key text not null, unique_key text, slug text, sort bigint not null,
      version bigint not null, document text not null, primary key (kind, id))`.execute(tx);
    await sql`create unique index documents_unique_name on documents (kind, space, parent, unique_key)`.execute(
      tx,
    );
    await sql`create unique index documents_unique_slug on documents (kind, space, parent, slug)`.execute(tx);
    await sql`create index documents_order_name on documents (kind, space, sort, name_key)`.execute(tx);
    await sql`create index documents_order_number on documents (kind, space, number)`.execute(tx);
    await sql`create index documents_parent on documents (kind, parent, number)`.execute(tx);
    await sql`create table document_index (
      kind text not null, field text not null, value text not null, id text not null,
      primary key (kind, field, value, id))`.execute(tx);
    await sql`create index document_index_id on document_index (kind, id)`.execute(tx);
    await sql`create table sequences (name text primary key, last bigint not null)`.execute(tx);
    await sql`create table settings (name text primary key, value text not null)`.execute(tx);
    await sql`create table idempotency (
      key text primary key, fingerprint text not null, status bigint not null, response text not null,
      created text not null)`.execute(tx);
    await sql`create index idempotency_created on idempotency (created)`.execute(tx);
    await sql`create table queue (
      task text primary key, space text not null, state text not null, queue_time text not null, tag text, epoch bigint not null,
      owner text, lease_until text)`.execute(tx);
    await sql`create index queue_order on queue (state, queue_time)`.execute(tx);
    await sql`create unique index queue_one_per_tag on queue (tag) where state = 'leased'`.execute(tx);
    await sql`create table leaders (role text primary key, owner text not null, lease_until text not null)`.execute(
      tx,
    );
  },
  async (tx) => {
    await sql`create table runs (
      task text primary key, plan text not null, state text not null, segments text not null)`.execute(tx);
    await sql`create table run_entries (
      task text not null, kind text not null, id text not null, seq bigint not null, body text not null,
      primary key (task, kind, id))`.execute(tx);
    await sql`create table task_events (
      id text primary key, task text not null, created text not null, body text not null)`.execute(tx);
    await sql`create index task_events_task on task_events (task)`.execute(tx);
    await sql`create table worker_leases (
      task text not null, pool text not null, generation bigint not null, worker text not null,
      primary key (task, pool, generation))`.execute(tx);
    await sql`create index worker_leases_worker on worker_leases (worker)`.execute(tx);
    await sql`create table attempt_journal (
      worker text not null, attempt text not null, entry text not null, primary key (worker, attempt))`.execute(
      tx,
    );
  },
  async (tx) => {
    await sql`create table image_locks (
      owner text not null, feed text not null, image text not null, digest text, locked text not null,
      locked_by text not null, actor text not null, previous text, problem text,
      primary key (owner, feed, image))`.execute(tx);
  },
  async (tx, isPostgres) => {
    // Numbered by the database itself: the counters in `sequences` would make all writers wait for each other.
    const number = isPostgres
      ? sql`bigint generated always as identity primary key`
      : sql`integer primary key autoincrement`;
    await sql`create table events (
      number ${number}, space text not null, occurred text not null, category text not null, user_id text not null,
      body text not null)`.execute(tx);
    await sql`create index events_space on events (space, number)`.execute(tx);
    await sql`create index events_category on events (category, number)`.execute(tx);
    await sql`create index events_user on events (user_id, number)`.execute(tx);
    await sql`create index events_occurred on events (occurred)`.execute(tx);
    await sql`create table event_documents (
      document text not null, event bigint not null, primary key (document, event))`.execute(tx);
    await sql`create index event_documents_event on event_documents (event)`.execute(tx);
    await refuseChanges(tx, isPostgres, ['events', 'event_documents']);
  },
];

/** What is written into these tables stays as it is, whoever asks: the database itself refuses. */
async function refuseChanges(
  tx: Transaction<Tables>,
  isPostgres: boolean,
  tables: readonly string[],
): Promise<void> {
  const refusal = 'The audit trail is append-only.';
  if (isPostgres) {
    await sql`create function refuse_change() returns trigger language plpgsql as ${sql.lit(
      `begin raise exception '${refusal}'; end`,
    )}`.execute(tx);
  }
  for (const table of tables) {
    if (isPostgres) {
      await sql`create trigger ${sql.id(`${table}_stay`)} before update or delete or truncate on ${sql.id(table)}
        for each statement execute function refuse_change()`.execute(tx);
      continue;
    }
    for (const verb of ['update', 'delete']) {
      await sql`create trigger ${sql.id(`${table}_${verb}`)} before ${sql.raw(verb)} on ${sql.id(table)}
        begin select raise(abort, ${sql.lit(refusal)}); end`.execute(tx);
    }
  }
}

/** The schema that this program writes. */
export const SCHEMA_VERSION = STEPS.length;

/**
 * Brings the database up to this program's schema; several servers may start at once.
 * @throws Conflict when the database belongs to a newer program.
 */
export async function migrate(database: Kysely<Tables>, isPostgres: boolean): Promise<void> {
  await database.transaction().execute(async (tx) => {
    // Any constant will do: it only has to be the same in every server. Ends with the transaction.
    if (isPostgres) await sql`select pg_advisory_xact_lock(727203)`.execute(tx);
    await sql`create table if not exists schema_version (version bigint not null)`.execute(tx);
    const found = await sql<{ version: number }>`select version from schema_version`.execute(tx);
    const current = found.rows[0]?.version ?? 0;
    if (current > SCHEMA_VERSION) {
      throw new Conflict(
        `The database has schema ${current}, this version of Argonaut knows ${SCHEMA_VERSION}. ` +
          'Start the newer version again, or restore a backup that this one made.',
      );
    }
    for (const step of STEPS.slice(current)) await step(tx, isPostgres);
    if (found.rows.length === 0)
      await sql`insert into schema_version (version) values (${SCHEMA_VERSION})`.execute(tx);
    else await sql`update schema_version set version = ${SCHEMA_VERSION}`.execute(tx);
  });
}
