/** The OpenAPI 3.1 document, made from the declarations of the routes. */
import { ErrorResponse } from '@argonaut/contracts/rest';
import type { TSchema } from 'typebox';
import type { Route } from '../http/route.ts';
import { OCTOPUS_VERSION } from './version.ts';

interface SchemaObject {
  readonly title?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
}

export function openApi(routes: readonly Route[]): object {
  const components = new Components();
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    for (const path of publicPaths(route)) {
      paths[path] ??= {};
      paths[path][route.method.toLowerCase()] = operation(route, path, components);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Argonaut',
      version: OCTOPUS_VERSION,
      description: 'The REST API of Argonaut. It speaks the protocol of Octopus Deploy.',
    },
    paths,
    components: {
      schemas: components.all,
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Octopus-ApiKey' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A new value for each thing to do, such as a UUID. Sent again with the same request, the first answer comes again, with the header Idempotency-Replayed, and nothing is done twice. Kept for seven days.',
  schema: { type: 'string', pattern: '^[!-~]{1,200}$' },
};

function publicPaths(route: Route): string[] {
  const path = route.path.replace(/:([A-Za-z]+)/g, '{$1}');
  switch (route.scope) {
    case 'root':
      return [path];
    case 'server':
      return [`/api${path}`];
    case 'space':
      return [`/api/{spaceId}${path}`];
    case 'both':
      return [`/api${path}`, `/api/{spaceId}${path}`];
  }
}

function operation(route: Route, path: string, components: Components): object {
  const isOpen = route.permission === 'Anonymous';
  const content = (schema: TSchema) => ({
    content: { 'application/json': { schema: components.refer(schema) } },
  });
  return {
    tags: [route.feature],
    summary: route.summary,
    'x-permission': route.permission,
    security: isOpen ? [] : [{ apiKey: [] }, { bearer: [] }],
    parameters: [
      ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      ...queryParameters(route.query),
      ...(route.idempotent ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(route.body ? { requestBody: { required: true, ...content(route.body) } } : {}),
    responses: {
      [route.method === 'POST' && route.response ? '201' : '200']: {
        description: 'Done',
        ...(route.response ? content(route.response) : {}),
      },
      default: { description: 'What went wrong', ...content(ErrorResponse) },
    },
  };
}

function queryParameters(query: TSchema | undefined): object[] {
  return Object.entries((query as SchemaObject | undefined)?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema,
  }));
}

/** Schemas with a title are described once and referred to; the others stand where they are used. */
class Components {
  readonly all: Record<string, unknown> = {};

  refer(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map((entry) => this.refer(entry));
    if (typeof schema !== 'object' || schema === null) return schema;
    const { title } = schema as SchemaObject;
    const copy = () =>
      Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, this.refer(value)]));
    if (typeof title !== 'string') return copy();
    if (!(title in this.all)) {
      this.all[title] = {};
      this.all[title] = copy();
    }
    return { $ref: `#/components/schemas/${title}` };
  }
}
