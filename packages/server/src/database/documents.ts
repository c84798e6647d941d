/**
 * The store of resources: one generic collection over JSON documents.
 *
 * A `Kind` says how documents of one sort are named, ordered and filtered; a `Collection` reads and writes them. Ids
 * come from one counter per kind for the whole server and are never used again (`Environments-1`). Names are unique
 * within (space, parent) whatever their case. Writes carry the version that was read, so nobody overwrites blindly.
 */
import { Conflict, Invalid, NotFound } from '@argonaut/contracts';
import { type Database, isUniqueViolation } from './database.ts';
import { type Found, type Kind, type NewDocument, numberOf, type Query, type Stored } from './kind.ts';
import { order, type Rows, select } from './selection.ts';
import { refuseOpenSecret } from './sensitive.ts';
import { slugOf } from './slug.ts';

export class Collection<T extends object> {
  readonly kind: Kind<T>;
  readonly #database: Database;

  constructor(database: Database, kind: Kind<T>) {
    this.#database = database;
    this.kind = kind;
  }

  async find(id: string, space?: string): Promise<Stored<T> | undefined> {
    let query = this.#rows().where('id', '=', id);
    if (space !== undefined) query = query.where('space', '=', space);
    const row = await query.executeTakeFirst();
    return row === undefined ? undefined : toStored<T>(row);
  }

  /** @throws NotFound */
  async get(id: string, space?: string): Promise<Stored<T>> {
    const found = await this.find(id, space);
    if (found === undefined) throw this.#missing(id);
    return found;
  }

  async resolveSlug(slug: string, space?: string, parent?: string): Promise<Stored<T> | undefined> {
    return this.#first('slug', slug, space, parent);
  }

  /** By id, else by slug, else by name, as the executions API allows ("…IdOrName"). */
  async resolve(key: string, space?: string, parent?: string): Promise<Stored<T> | undefined> {
    const byId = await this.find(key, space);
    if (byId && (parent === undefined || (this.kind.parentOf?.(byId.document) ?? '') === parent)) return byId;
    return (
      (await this.#first('slug', key, space, parent)) ?? (await this.#first('name_key', key, space, parent))
    );
  }

  async list(query: Query): Promise<Found<T>> {
    const filtered = select(this.#rows(), this.kind.name, query);
    const skip = Math.max(0, query.skip ?? 0);
    const take = Math.max(0, query.take ?? Number.MAX_SAFE_INTEGER);
    const ordered = order(filtered, query.order ?? this.kind.order ?? 'name');
    const rows = await ordered.limit(Math.min(take, 2_147_483_647)).offset(skip).execute();
    const complete = rows.length < take && (rows.length > 0 || skip === 0);
    const total = complete ? skip + rows.length : await this.#count(filtered);
    return { items: rows.map((row) => toStored<T>(row)), total };
  }

  async all(query: Query = {}): Promise<readonly Stored<T>[]> {
    return (await this.list(query)).items;
  }

  async count(query: Query = {}): Promise<number> {
    return this.#count(select(this.#rows(), this.kind.name, query));
  }

  /** The next id, for documents that must know their own id before they are written (secrets). */
  async allocate(): Promise<string> {
    const row = await this.#database.query
      .insertInto('sequences')
      .values({ name: this.kind.name, last: 1 })
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet((now) => ({ last: now('sequences.last', '+', 1) })),
      )
      .returning('last')
      .executeTakeFirstOrThrow();
    return `${this.kind.name}-${row.last}`;
  }

  /** @throws Invalid when the name (or a slug that was asked for) is taken. */
  async insert(input: NewDocument<T>): Promise<Stored<T>> {
    return this.#database.transaction(async () => {
      const space = input.space ?? '';
      const id = input.id ?? (await this.allocate());
      await this.#refuseTakenName(input.document, space, undefined);
      const slug = this.kind.slugs ? await this.#freeSlug(input.document, space, id, input.slug) : null;
      const columns = this.#columns(input.document, space);
      await this.#guardUnique(input.document, () =>
        this.#database.query
          .insertInto('documents')
          .values({ kind: this.kind.name, id, number: numberOf(id), version: 1, slug, ...columns })
          .execute(),
      );
      await this.#writeIndex(id, input.document);
      return { id, spaceId: space, slug: slug ?? '', version: 1, document: input.document };
    });
  }

  /**
   * Writes what `stored` has become.
   * @throws Conflict when somebody else wrote it since it was read; Invalid when the new name is taken.
   */
  async update(stored: Stored<T>, document: T, wishedSlug?: string): Promise<Stored<T>> {
    return this.#database.transaction(async () => {
      const { id, spaceId } = stored;
      await this.#refuseTakenName(document, spaceId, id);
      const keeps = !wishedSlug || wishedSlug === stored.slug;
      const slug = this.kind.slugs
        ? keeps
          ? stored.slug
          : await this.#freeSlug(document, spaceId, id, wishedSlug)
        : null;
      const result = await this.#guardUnique(document, () =>
        this.#database.query
          .updateTable('documents')
          .set({ ...this.#columns(document, spaceId), slug, version: stored.version + 1 })
          .where('kind', '=', this.kind.name)
          .where('id', '=', id)
          .where('version', '=', stored.version)
          .executeTakeFirst(),
      );
      if (result.numUpdatedRows === 0n) {
        if ((await this.find(id)) === undefined) throw this.#missing(id);
        throw new Conflict(
          `The ${this.kind.title} "${this.kind.nameOf(document)}" (${id}) was changed by somebody else since it was read. Read it again and repeat the change.`,
        );
      }
      await this.#database.query
        .deleteFrom('document_index')
        .where('kind', '=', this.kind.name)
        .where('id', '=', id)
        .execute();
      await this.#writeIndex(id, document);
      return { id, spaceId, slug: slug ?? '', version: stored.version + 1, document };
    });
  }

  /** @throws NotFound */
  async remove(id: string): Promise<void> {
    await this.#database.transaction(async () => {
      for (const table of ['document_index', 'documents'] as const) {
        const result = await this.#database.query
          .deleteFrom(table)
          .where('kind', '=', this.kind.name)
          .where('id', '=', id)
          .executeTakeFirst();
        if (table === 'documents' && result.numDeletedRows === 0n) throw this.#missing(id);
      }
    });
  }

  async #first(
    column: 'slug' | 'name_key',
    value: string,
    space: string | undefined,
    parent: string | undefined,
  ): Promise<Stored<T> | undefined> {
    let query = this.#rows().where(column, '=', value.toLowerCase());
    if (space !== undefined) query = query.where('space', '=', space);
    if (parent !== undefined) query = query.where('parent', '=', parent);
    const row = await query.orderBy('number').limit(1).executeTakeFirst();
    return row === undefined ? undefined : toStored<T>(row);
  }

  #rows() {
    return this.#database.query.selectFrom('documents').selectAll().where('kind', '=', this.kind.name);
  }

  async #count(rows: Rows): Promise<number> {
    const row = await rows
      .clearSelect()
      .select((select) => select.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    return Number(row.total);
  }

  #columns(document: T, space: string) {
    const name = this.kind.nameOf(document);
    const key = name.toLowerCase();
    const json = JSON.stringify(document);
    refuseOpenSecret(`The ${this.kind.title} "${name}"`, document, json);
    return {
      space,
      parent: this.kind.parentOf?.(document) ?? '',
      name,
      name_key: key,
      unique_key: this.kind.uniqueNames === false ? null : key,
      sort: this.kind.sortOf?.(document) ?? 0,
      document: json,
    };
  }

  async #writeIndex(id: string, document: T): Promise<void> {
    const rows = Object.entries(this.kind.index?.(document) ?? {}).flatMap(([field, value]) =>
      [...new Set(typeof value === 'string' ? [value] : (value ?? []))]
        .filter((entry) => entry !== '')
        .map((entry) => ({ kind: this.kind.name, field, value: entry, id })),
    );
    if (rows.length > 0) await this.#database.query.insertInto('document_index').values(rows).execute();
  }

  /** Asked before the write, because PostgreSQL ends a transaction at its first error. */
  async #refuseTakenName(document: T, space: string, ownId: string | undefined): Promise<void> {
    if (this.kind.uniqueNames === false) return;
    const { parent, unique_key } = this.#columns(document, space);
    const taken = await this.#database.query
      .selectFrom('documents')
      .select('id')
      .where('kind', '=', this.kind.name)
      .where('space', '=', space)
      .where('parent', '=', parent)
      .where('unique_key', '=', unique_key)
      .executeTakeFirst();
    if (taken && taken.id !== ownId) throw this.#taken(document);
  }

  /** Two requests at the same instant: the index decides. */
  async #guardUnique<R>(document: T, write: () => Promise<R>): Promise<R> {
    try {
      return await write();
    } catch (error) {
      throw isUniqueViolation(error) ? this.#taken(document) : error;
    }
  }

  /** A slug that was asked for is kept or refused; a generated one gets a number when it is taken. */
  async #freeSlug(document: T, space: string, ownId: string, wish: string | undefined): Promise<string> {
    const base = slugOf(wish || this.kind.nameOf(document)) || ownId.toLowerCase();
    const taken = await this.#database.query
      .selectFrom('documents')
      .select(['id', 'slug'])
      .where('kind', '=', this.kind.name)
      .where('space', '=', space)
      .where('parent', '=', this.kind.parentOf?.(document) ?? '')
      .where('slug', 'like', `${base}%`)
      .execute();
    const slugs = new Set(taken.filter((row) => row.id !== ownId).map((row) => row.slug));
    if (!slugs.has(base)) return base;
    if (wish) {
      throw new Invalid(
        `The slug "${base}" is already used by another ${this.kind.title}. Choose a different one.`,
      );
    }
    for (let suffix = 1; ; suffix += 1) if (!slugs.has(`${base}-${suffix}`)) return `${base}-${suffix}`;
  }

  #taken(document: T): Invalid {
    return new Invalid(
      `Another ${this.kind.title} named "${this.kind.nameOf(document)}" already exists. Choose a different name.`,
    );
  }

  #missing(id: string): NotFound {
    return new NotFound(`The ${this.kind.title} "${id}" was not found.`);
  }
}

type Row = { id: string; space: string; slug: string | null; version: number; document: string };

function toStored<T extends object>(row: Row): Stored<T> {
  return {
    id: row.id,
    spaceId: row.space,
    slug: row.slug ?? '',
    version: row.version,
    document: JSON.parse(row.document) as T,
  };
}

export { numberOf };
