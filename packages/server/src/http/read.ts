/**
 * Reads what clients send, by its schema: property names in any case become the declared ones (keys of dictionaries
 * are data and keep theirs), nulls and missing fields take the default, and everything that is wrong is said at once.
 */
import { Invalid } from '@argonaut/contracts';
import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { type Complaint, describe, folded } from './complaints.ts';

/**
 * A request is told everything that is wrong with it, and not the first 8 things, which is the validator's default. Each
 * branch of a union counts there, so it finds more than people are told.
 */
const MOST_COMPLAINTS = 100;
Settings.Set({ maxErrors: 10 * MOST_COMPLAINTS });

/** The parts of JSON Schema that our schemas use. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  /** Ours: space around the text means nothing. */
  readonly 'x-trimmed'?: boolean;
}

/** Compiled at the first request that needs it: hundreds of schemas at start-up would cost a second. */
const validators = new WeakMap<TSchema, Validator>();

/** @throws Invalid with every complaint. */
export function readBody(schema: TSchema, body: unknown): unknown {
  if (body === undefined && (schema as Schema).type === 'object') body = {};
  const value = settle(schema as Schema, body);
  check(schema, value, 'The request');
  return value;
}

/** Query parameters are text; the schema says what they mean. @throws Invalid with every complaint. */
export function readQuery(schema: TSchema, query: Readonly<Record<string, unknown>>): unknown {
  const result: Record<string, unknown> = {};
  for (const [name, property] of Object.entries((schema as Schema).properties ?? {})) {
    const texts = Object.entries(query)
      .filter(([key]) => key.toLowerCase() === name.toLowerCase())
      .flatMap(([, value]) => (Array.isArray(value) ? value : [value]))
      .map(String);
    const value = fromText(property, texts);
    if (value !== undefined) result[name] = value;
    else if (property.default !== undefined) result[name] = structuredClone(property.default);
  }
  check(schema, result, 'The query');
  return result;
}

function fromText(schema: Schema, texts: readonly string[]): unknown {
  if (schema.type === 'array') {
    const values = texts.flatMap((entry) => entry.split(',')).map((entry) => entry.trim());
    return values.filter((entry) => entry !== '');
  }
  const last = texts.at(-1);
  if (last === undefined || last === '') return undefined;
  if (schema.type === 'integer') return /^-?\d+$/.test(last) ? Number(last) : last;
  if (schema.type === 'boolean') {
    const lower = last.toLowerCase();
    return lower === 'true' ? true : lower === 'false' ? false : last;
  }
  const known = schema.enum?.find((entry) => String(entry).toLowerCase() === last.toLowerCase());
  return known ?? last;
}

/** The value with declared names and defaults. */
function settle(schema: Schema, value: unknown): unknown {
  if (schema.anyOf) {
    if (value === null && schema.anyOf.some((branch) => branch.type === 'null')) return null;
    const branch = schema.anyOf.find((candidate) => suits(candidate, value));
    return branch ? settle(branch, value) : value;
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((entry) => settle(items, entry)) : value;
  }
  if (typeof value === 'string' && schema['x-trimmed']) return value.trim();
  if (typeof value === 'string' && schema.enum) {
    return schema.enum.find((entry) => String(entry).toLowerCase() === value.toLowerCase()) ?? value;
  }
  if (!isObject(value)) return value;
  const entries = Object.values(schema.patternProperties ?? {})[0];
  if (entries) {
    // `Properties: {x: null}` means that x is not set; the Go client would read a null as a secret.
    const set = Object.entries(value).filter(([, entry]) => entry !== null || acceptsNull(entries));
    return Object.fromEntries(set.map(([key, entry]) => [key, settle(entries, entry)]));
  }
  return schema.properties ? settleObject(schema, schema.properties, value) : value;
}

function settleObject(
  schema: Schema,
  properties: Readonly<Record<string, Schema>>,
  value: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const declared = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]));
  const result: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    const name = declared.get(key.toLowerCase());
    if (name === undefined) result[key] = entry;
    // A client may send both spellings (`SpaceId`, `spaceId`): the exact one counts.
    else if (key === name || !(name in result)) result[name] = entry;
  }
  for (const [name, property] of Object.entries(properties)) {
    if (result[name] === null && !acceptsNull(property)) delete result[name];
    if (result[name] === undefined && property.default !== undefined) {
      result[name] = structuredClone(property.default);
    } else if (result[name] !== undefined) result[name] = settle(property, result[name]);
    if (result[name] === undefined && !schema.required?.includes(name)) delete result[name];
  }
  return result;
}

function acceptsNull(schema: Schema): boolean {
  if (schema.anyOf) return schema.anyOf.some(acceptsNull);
  return schema.type === 'null' || (schema.type === undefined && schema.enum === undefined);
}

function suits(schema: Schema, value: unknown): boolean {
  switch (schema.type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return typeof value === 'number';
    case undefined:
      return schema.enum === undefined || typeof value === 'string';
    default:
      return typeof value === schema.type;
  }
}

function check(schema: TSchema, value: unknown, subject: string): void {
  let validator = validators.get(schema);
  if (!validator) {
    validator = Compile(schema) as Validator;
    validators.set(schema, validator);
  }
  if (validator.Check(value)) return;
  const complaints = [
    ...new Set(folded(validator.Errors(value) as unknown as Complaint[]).flatMap(describe)),
  ];
  const told = complaints.slice(0, MOST_COMPLAINTS);
  if (complaints.length > told.length) told.push('There are more problems; these are the first of them.');
  const count = complaints.length > MOST_COMPLAINTS ? `more than ${MOST_COMPLAINTS}` : complaints.length;
  throw new Invalid(complaints.length === 1 ? `${complaints[0]}` : `${subject} has ${count} problems.`, {
    errors: told,
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A document made by the server itself, with the schema's defaults filled in and checked like a client's. */
export function withDefaults<S extends TSchema>(schema: S, value: Static<S>): Static<S> {
  return readBody(schema, value) as Static<S>;
}
