/** Reads the audit trail: newest first, filtered by what, who, when and about which documents. */
import { NotFound } from '@argonaut/contracts';
import { type SqlBool, sql } from 'kysely';
import type { Database } from '../database/index.ts';
import type { EventCategory } from './categories.ts';

/** The part of an event that nothing is filtered by, as it is stored. */
export interface EventBody {
  readonly Message: string;
  readonly MessageReferences: readonly {
    readonly ReferencedDocumentId: string;
    readonly StartIndex: number;
    readonly Length: number;
  }[];
  readonly RelatedDocumentIds: readonly string[];
  readonly Username: string;
  readonly IsService: boolean;
  readonly IdentityEstablishedWith: string;
  readonly UserAgent: string;
  readonly IpAddress: string;
  readonly Details: string;
}

export interface StoredEvent {
  readonly number: number;
  readonly spaceId: string;
  readonly occurred: string;
  readonly category: EventCategory;
  readonly userId: string;
  readonly body: EventBody;
}

export interface EventFilter {
  /** Absent: those of every space, and of none. */
  readonly spaces?: readonly string[] | undefined;
  readonly numbers?: readonly number[] | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly users?: readonly string[] | undefined;
  /** Each of these lists: about at least one of them. Empty lists do not filter. */
  readonly about?: readonly (readonly string[])[];
  /** About documents of one of these kinds (`Environments`). */
  readonly kinds?: readonly string[] | undefined;
  /** ISO 8601 in UTC; both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly fromNumber?: number | undefined;
  readonly toNumber?: number | undefined;
}

export async function findEvents(
  database: Database,
  filter: EventFilter,
  { skip, take }: { readonly skip: number; readonly take: number },
): Promise<{ readonly items: readonly StoredEvent[]; readonly total: number }> {
  const rows = matching(database, filter);
  const found = await rows
    .selectAll()
    .orderBy('number', 'desc')
    .limit(Math.min(take, 2_147_483_647))
    .offset(skip)
    .execute();
  const { total } = await rows
    .select((select) => select.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return { items: found.map(toEvent), total: Number(total) };
}

/** @throws NotFound, also when it belongs to another space */
export async function eventOf(
  database: Database,
  id: string,
  spaces: readonly string[] | undefined,
): Promise<StoredEvent> {
  const numbers = numbersOf([id]);
  const row =
    numbers.length === 0
      ? undefined
      : await matching(database, { numbers, spaces }).selectAll().executeTakeFirst();
  if (row === undefined) throw new NotFound(`The event "${id}" was not found.`);
  return toEvent(row);
}

/** The numbers in ids such as `Events-12`; what is no such id is left out. */
export function numbersOf(ids: readonly string[]): number[] {
  return ids.flatMap((id) => {
    const number = Number(/^Events-(\d{1,15})$/i.exec(id)?.[1] ?? Number.NaN);
    return Number.isNaN(number) ? [] : [number];
  });
}

function matching(database: Database, filter: EventFilter) {
  let rows = database.query.selectFrom('events');
  const { spaces, numbers, categories, users, about = [], kinds, from, to, fromNumber, toNumber } = filter;
  if (spaces !== undefined) rows = rows.where('space', 'in', nonEmpty(spaces));
  if (numbers !== undefined) rows = rows.where('number', 'in', numbers.length > 0 ? numbers : [0]);
  if (categories?.length) rows = rows.where('category', 'in', categories);
  if (users?.length) rows = rows.where('user_id', 'in', users);
  if (from !== undefined) rows = rows.where('occurred', '>=', from);
  if (to !== undefined) rows = rows.where('occurred', '<=', to);
  if (fromNumber !== undefined) rows = rows.where('number', '>=', fromNumber);
  if (toNumber !== undefined) rows = rows.where('number', '<=', toNumber);
  for (const documents of about) {
    if (documents.length === 0) continue;
    rows = rows.where('number', 'in', (select) =>
      select.selectFrom('event_documents').select('event').where('document', 'in', documents),
    );
  }
  if (kinds?.length) {
    // A range, which an index can answer, by bytes: "." is next to "-". PostgreSQL would compare by its language otherwise.
    const document = database.kind === 'postgres' ? sql`document collate "C"` : sql`document`;
    const isOfKind = kinds.map(
      (kind) => sql<SqlBool>`(${document} >= ${`${kind}-`} and ${document} < ${`${kind}.`})`,
    );
    rows = rows.where('number', 'in', (select) =>
      select
        .selectFrom('event_documents')
        .select('event')
        .where((where) => where.or(isOfKind)),
    );
  }
  return rows;
}

/** An empty `in ()` is no SQL; no space has this id. */
function nonEmpty(values: readonly string[]): readonly string[] {
  return values.length > 0 ? values : ['-'];
}

interface Row {
  readonly number: number;
  readonly space: string;
  readonly occurred: string;
  readonly category: string;
  readonly user_id: string;
  readonly body: string;
}

function toEvent({ number, space, occurred, category, user_id, body }: Row): StoredEvent {
  return {
    number,
    spaceId: space,
    occurred,
    category: category as EventCategory,
    userId: user_id,
    body: JSON.parse(body) as EventBody,
  };
}
