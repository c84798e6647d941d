/** How one kind of document is named, ordered and filtered, and what the store says about a document. */

export interface Kind<T extends object> {
  /** Plural, the id's prefix: `Environments` gives `Environments-1`. */
  readonly name: string;
  /** What a person calls one of them, for messages: `environment`. */
  readonly title: string;
  readonly nameOf: (document: T) => string;
  /** Default true. Nameless kinds (deployments) say false. */
  readonly uniqueNames?: boolean;
  /** Default false: no slug is kept. */
  readonly slugs?: boolean;
  /** The owner within the space; default none. */
  readonly parentOf?: (document: T) => string;
  /** Comes before the name in the default order. */
  readonly sortOf?: (document: T) => number;
  /** The fields that lists can filter by (`where`). Empty values are not indexed. */
  readonly index?: (document: T) => Readonly<Record<string, string | readonly string[] | null | undefined>>;
  /** Default `name`: by sort, then by name. */
  readonly order?: Order;
}

export type Order = 'name' | 'newest' | 'oldest';

/** A document with what the store knows about it. */
export interface Stored<T extends object> {
  readonly id: string;
  /** Empty for things that belong to no space. */
  readonly spaceId: string;
  readonly slug: string;
  readonly version: number;
  readonly document: T;
}

export interface Query {
  readonly space?: string | undefined;
  readonly parent?: string | undefined;
  readonly skip?: number | undefined;
  readonly take?: number | undefined;
  /** Empty or absent: no filter. Ids that do not exist are passed over. */
  readonly ids?: readonly string[] | undefined;
  /** Part of the name, whatever its case. */
  readonly partialName?: string | undefined;
  /** The whole name, whatever its case. */
  readonly name?: string | undefined;
  /** Per indexed field: one of these values. Empty or absent lists do not filter. */
  readonly where?: Readonly<Record<string, readonly string[] | string | undefined>> | undefined;
  readonly order?: Order | undefined;
}

export interface Found<T extends object> {
  readonly items: readonly Stored<T>[];
  /** How many there are without `skip` and `take`. */
  readonly total: number;
}

export interface NewDocument<T extends object> {
  readonly space?: string;
  readonly document: T;
  /** Only for ids with a fixed form (`feeds-builtin`) or taken from `allocate()` before. */
  readonly id?: string;
  /** A wish; empty or absent: made from the name. */
  readonly slug?: string | undefined;
}

/** The number in an id: 12 for `Environments-12`, 0 for `feeds-builtin`. */
export function numberOf(id: string): number {
  return Number(/-(\d+)$/.exec(id)?.[1] ?? 0);
}
