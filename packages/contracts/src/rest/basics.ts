/**
 * What all resources share on the wire. One TypeBox schema gives the TypeScript type, the validation of requests and
 * the OpenAPI document. Objects are open: fields that we do not know are kept and given back as they came.
 */
import { type Static, type TProperties, type TSchema, Type } from 'typebox';

/** A name that people give: not empty, without control characters, at most 200 characters. Space around it goes. */
export const Name = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[^\\u0000-\\u001f]*$',
  'x-trimmed': true,
});

export const Text = Type.String({ default: '' });

/** The id of another resource, such as `Environments-1`. */
export const Reference = Type.String({ maxLength: 200 });

/** The same where there must be one: an empty text is none. */
export const RequiredReference = Type.String({ minLength: 1, maxLength: 200, 'x-trimmed': true });

export const References = Type.Array(Reference, { default: [] });

/** ISO 8601 with offset. Unset is null, never an empty text. */
export const Timestamp = Type.Unsafe<string>({ type: 'string', format: 'date-time' });

export function Nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

/** A text, or null where there is none; always there on reading. */
export const NullableText = Type.Union([Type.String(), Type.Null()], { default: null });

/** A field that may be left out of a request; the default (if the schema has one) then stands. */
export const Optional = Type.Optional;

/** `enum` of texts. */
export function OneOf<const T extends string[]>(values: [...T], options: { default?: T[number] } = {}) {
  return Type.Enum(values, options);
}

/** A dictionary: its keys are data and keep their case. */
export function Dictionary<T extends TSchema>(value: T, options: object = {}) {
  return Type.Record(Type.String(), value, { default: {}, ...options });
}

export const Links = Dictionary(Type.String());

/** A secret on the wire. Reading gives `HasValue` only; writing without `NewValue` keeps what is stored. */
export const SensitiveValue = Type.Object(
  {
    HasValue: Optional(Type.Boolean()),
    NewValue: Optional(Nullable(Type.String())),
    Hint: Optional(Nullable(Type.String())),
  },
  { title: 'SensitiveValue' },
);
export type SensitiveValue = Static<typeof SensitiveValue>;

/** A value of a property bag: text, or a secret. Null is never given out: the Go client reads it as a secret. */
export const PropertyValue = Type.Union([Type.String(), SensitiveValue]);
export type PropertyValue = Static<typeof PropertyValue>;

/** What a client may write of a resource. `title` names it in the OpenAPI document. */
export function Writable<P extends TProperties>(title: string, properties: P) {
  return Type.Object(properties, { title });
}

/** The resource as it is read: what was written, and what the server adds. */
export function Resource<P extends TProperties, E extends TProperties>(title: string, written: P, added: E) {
  return Type.Object(
    {
      Id: Type.String(),
      ...written,
      ...added,
      Links,
    },
    { title },
  );
}

/** One page of a list. */
export function PageOf<T extends TSchema>(item: T) {
  return Type.Object({
    ItemType: Type.String(),
    TotalResults: Type.Integer(),
    ItemsPerPage: Type.Integer(),
    NumberOfPages: Type.Integer(),
    LastPageNumber: Type.Integer({ description: 'Counted from zero.' }),
    IsStale: Type.Boolean(),
    Items: Type.Array(item),
    Links,
  });
}

/** Lists in a query arrive as `ids=A,B`, `ids=A%2CB` and `ids=A&ids=B`; empty means no filter. */
export const QueryList = Optional(Type.Array(Type.String()));

/** What every list understands. */
export const PageQuery = Type.Object({
  skip: Type.Integer({ minimum: 0, default: 0 }),
  take: Type.Integer({ minimum: 0, default: 30, description: '2147483647 means everything.' }),
  ids: QueryList,
  partialName: Optional(Type.String({ description: 'Part of the name, whatever its case.' })),
  name: Optional(Type.String({ description: 'The whole name, whatever its case.' })),
});
export type PageQuery = Static<typeof PageQuery>;

/** Every status from 400 upwards carries one of these. */
export const ErrorResponse = Type.Object(
  {
    ErrorMessage: Type.String(),
    Errors: Optional(Type.Array(Type.String({ description: 'Every complaint. Absent in a 404.' }))),
    Details: Optional(Type.Unknown()),
  },
  { title: 'Error' },
);
