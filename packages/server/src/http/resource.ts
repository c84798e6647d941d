/**
 * The six routes that every ordinary resource has: list, `/all`, get, create, change, delete. A folder says what is
 * its own (schema, rules, links) and gets the rest of the wire's rules from here.
 */
import { Optional, PageOf, PageQuery } from '@argonaut/contracts/rest';
import { type Static, type TSchema, Type } from 'typebox';
import type { Collection, Query, Stored } from '../database/index.ts';
import { documentEvent } from '../events/document.ts';
import { created, empty } from './answers.ts';
import { page } from './paging.ts';
import type { Permission, Principal } from './permissions.ts';
import type { RouteTable } from './route.ts';

/** What a rule may look at. */
export interface Occasion {
  /** Of the resource, also of one that is only about to be made: secrets are sealed to it. */
  readonly id: string;
  /** Empty for server resources. */
  readonly space: string;
  readonly user: Principal;
  /** What a new one shall become a copy of: the id or slug that `?clone=` named. */
  readonly clone?: string;
}

export interface ResourceDeclaration<T extends object, B extends TSchema, Q extends TSchema> {
  /** Below `/api/{S}` (`space`) or `/api` (`server`). */
  readonly path: string;
  readonly scope: 'space' | 'server';
  /** The name of one of them in pages: `Environment`. */
  readonly itemType: string;
  readonly collection: Collection<T>;
  /** New ones may be copies: `POST …?clone=`. What that means is up to `accept` and `afterCreate`. */
  readonly cloneable?: boolean;
  /** What a client may write. */
  readonly writable: B;
  /** What it reads, for the documentation. */
  readonly resource: TSchema;
  readonly permissions: {
    readonly view: Permission;
    readonly create: Permission;
    readonly edit: Permission;
    readonly delete: Permission;
  };
  /** Further query parameters of the list, and how they filter. */
  readonly filter?: { readonly query: Q; readonly toQuery: (query: Static<Q>) => Query };
  /** The codec's way in, with the rules: what is stored for this body. `stored` is there when it changes one. */
  readonly accept: (body: Static<B>, occasion: Occasion, stored?: Stored<T>) => Promise<T> | T;
  /** The codec's way out. */
  readonly present: (stored: Stored<T>) => object;
  /** In the same transaction, after the resource exists: what belongs to it. */
  readonly afterCreate?: (stored: Stored<T>, occasion: Occasion) => Promise<unknown>;
  /** In the same transaction, before it goes: refuses by throwing, or removes what belongs to it. */
  readonly beforeDelete?: (stored: Stored<T>, occasion: Occasion) => Promise<unknown>;
}

const CloneQuery = Type.Object({
  clone: Optional(Type.String({ description: 'The id or slug of one that shall be copied.' })),
});

/** Declares all six. `{id}` takes an id or a slug. */
export function addResource<T extends object, B extends TSchema, Q extends TSchema>(
  routes: RouteTable,
  resource: ResourceDeclaration<T, B, Q>,
): void {
  const { collection, path, scope, permissions, present } = resource;
  const name = collection.kind.title;
  const one = `${path}/:id` as const;
  const inSpace = (space: string | undefined) => (scope === 'space' ? { space: space ?? '' } : {});
  const query = resource.filter
    ? Type.Object({
        ...PageQuery.properties,
        ...(resource.filter.query as unknown as { properties: object }).properties,
      })
    : PageQuery;
  const found = async (id: string | undefined, space: string | undefined): Promise<Stored<T>> =>
    (await collection.find(id ?? '', space)) ??
    (collection.kind.slugs ? await collection.resolveSlug(id ?? '', space) : undefined) ??
    collection.get(id ?? '', space);
  const list = (asked: PageQuery, space: string | undefined, everything: boolean) =>
    collection.list({
      ...(everything ? { ids: asked.ids, name: asked.name, partialName: asked.partialName } : asked),
      ...resource.filter?.toQuery(asked as Static<Q>),
      ...inSpace(space),
    });

  routes.add({
    method: 'GET',
    path,
    scope,
    permission: permissions.view,
    summary: `Lists ${path.slice(1)}`,
    query,
    response: PageOf(resource.resource),
    handle: async ({ request, query, space }) => {
      const asked = query as PageQuery;
      const { items, total } = await list(asked, space, false);
      return page(request, asked, resource.itemType, { items: items.map(present), total });
    },
  });
  routes.add({
    method: 'GET',
    path: `${path}/all`,
    scope,
    permission: permissions.view,
    summary: `All ${path.slice(1)}, as an array`,
    query,
    response: Type.Array(resource.resource),
    handle: async ({ query, space }) => (await list(query as PageQuery, space, true)).items.map(present),
  });
  routes.add({
    method: 'GET',
    path: one,
    scope,
    permission: permissions.view,
    summary: `One ${name}, by id or slug`,
    response: resource.resource,
    handle: async ({ params, space }) => present(await found(params.id, space)),
  });
  routes.add({
    method: 'POST',
    path,
    scope,
    permission: permissions.create,
    summary: `Creates ${article(name)}${resource.cloneable ? ', also as a copy of another' : ''}`,
    ...(resource.cloneable ? { query: CloneQuery } : {}),
    body: resource.writable,
    response: resource.resource,
    idempotent: true,
    handle: async ({ body, query, space, user, record }) => {
      const id = await collection.allocate();
      const { clone } = (resource.cloneable ? query : {}) as Static<typeof CloneQuery>;
      const occasion = { id, space: space ?? '', user, ...(clone ? { clone } : {}) };
      const document = await resource.accept(body as Static<B>, occasion);
      let stored = await collection.insert({ id, ...inSpace(space), document, slug: slugIn(body) });
      if (resource.afterCreate !== undefined) {
        await resource.afterCreate(stored, occasion);
        // What belongs to it may have changed it.
        stored = await collection.get(id);
      }
      await record(documentEvent('Created', collection.kind, stored));
      return created(present(stored));
    },
  });
  routes.add({
    method: 'PUT',
    path: one,
    scope,
    permission: permissions.edit,
    summary: `Changes ${article(name)}`,
    body: resource.writable,
    response: resource.resource,
    handle: async ({ params, body, space, user, record }) => {
      const stored = await found(params.id, space);
      const occasion = { id: stored.id, space: space ?? '', user };
      const document = await resource.accept(body as Static<B>, occasion, stored);
      const changed = await collection.update(stored, document, slugIn(body));
      await record(documentEvent('Modified', collection.kind, changed));
      return present(changed);
    },
  });
  routes.add({
    method: 'DELETE',
    path: one,
    scope,
    permission: permissions.delete,
    summary: `Deletes ${article(name)}`,
    handle: async ({ params, space, user, record }) => {
      const stored = await found(params.id, space);
      await resource.beforeDelete?.(stored, { id: stored.id, space: space ?? '', user });
      await collection.remove(stored.id);
      await record(documentEvent('Deleted', collection.kind, stored));
      return empty();
    },
  });
}

/** What clients send beside the fields of a resource: what only the server decides, and the client's own notes. */
const NOT_STORED = new Set([
  'Id',
  'SpaceId',
  'Slug',
  'Links',
  'LastModifiedOn',
  'LastModifiedBy',
  'spaceId',
  'spaceIdOrName',
  'spaceName',
  'gitRef',
  'id',
  'links',
]);

/** The fields of a body that belong into its document: the declared ones, and unknown ones as they came. */
export function fieldsOf<T extends object>(body: T): T {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !NOT_STORED.has(key))) as T;
}

/** A document as a resource: its fields, what the store knows, and its links (`Self` first). */
export function resourceOf<T extends object>(
  stored: Stored<T>,
  path: string,
  links: Readonly<Record<string, string>> = {},
): { Id: string; Links: Record<string, string> } & T {
  return {
    Id: stored.id,
    ...(stored.spaceId === '' ? {} : { SpaceId: stored.spaceId }),
    ...stored.document,
    ...(stored.slug === '' ? {} : { Slug: stored.slug }),
    Links: { Self: path, ...links },
  };
}

function slugIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('Slug' in body)) return undefined;
  return typeof body.Slug === 'string' && body.Slug !== '' ? body.Slug : undefined;
}

function article(name: string): string {
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}
