/** Filters and orders of lists, as SQL. */
import { Invalid } from '@argonaut/contracts';
import { type Selectable, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import type { Order, Query } from './kind.ts';
import type { Tables } from './schema.ts';

export type Rows = SelectQueryBuilder<Tables, 'documents', Selectable<Tables['documents']>>;

/** Values in one `in (…)` list; SQLite allows 32,766 parameters in a statement, PostgreSQL 65,535. */
const IN_LIST_LIMIT = 10_000;

/** The rows of a kind that a query asks for, in no order yet. */
export function select(all: Rows, kind: string, query: Query): Rows {
  let rows = all;
  if (query.space !== undefined) rows = rows.where('space', '=', query.space);
  if (query.parent !== undefined) rows = rows.where('parent', '=', query.parent);
  if (query.ids?.length) rows = rows.where('id', 'in', withinLimit(query.ids));
  if (query.name) rows = rows.where('name_key', '=', query.name.toLowerCase());
  if (query.partialName) {
    const pattern = `%${query.partialName.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
    rows = rows.where(sql<SqlBool>`name_key like ${pattern} escape '\\'`);
  }
  for (const [field, value] of Object.entries(query.where ?? {})) {
    const values = typeof value === 'string' ? [value] : (value ?? []);
    if (values.length === 0) continue;
    rows = rows.where('id', 'in', (select) =>
      select
        .selectFrom('document_index')
        .select('document_index.id')
        .where('kind', '=', kind)
        .where('field', '=', field)
        .where('value', 'in', withinLimit(values)),
    );
  }
  return rows;
}

export function order(rows: Rows, by: Order): Rows {
  if (by === 'newest') return rows.orderBy('number', 'desc').orderBy('id', 'desc');
  if (by === 'oldest') return rows.orderBy('number').orderBy('id');
  return rows.orderBy('sort').orderBy('name_key').orderBy('number').orderBy('id');
}

function withinLimit(values: readonly string[]): readonly string[] {
  if (values.length <= IN_LIST_LIMIT) return values;
  throw new Invalid(
    `A filter may name at most ${IN_LIST_LIMIT} values, not ${values.length}. Ask in several requests.`,
  );
}
