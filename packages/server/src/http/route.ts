/**
 * The one way to declare a route. A declaration says who may call it, what it takes and what it gives; the request is
 * checked, authorised and (when it writes) put into a transaction before the handler runs, and the OpenAPI document is
 * made from the same declaration.
 */

import { Invalid } from '@argonaut/contracts';
import type { WebSocket } from '@fastify/websocket';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { Happening } from '../events/record.ts';
import { PERMISSIONS, type Permission, type Principal } from './permissions.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/**
 * Where a route lives. `space`: `/api/{S}/x`, with the aliases `/api/spaces/{S}/x` and `/api/x` (default space).
 * `server`: `/api/x` only. `both`: `/api/x` means every space (tasks). `root`: the path as it is (`/livez`).
 */
export type Scope = 'space' | 'server' | 'both' | 'root';

export interface Call<S extends Scope, P extends string, Q, B> {
  readonly params: Readonly<Record<ParameterOf<P>, string>>;
  readonly query: Q;
  readonly body: B;
  /** The space of the URL; undefined where the scope has none. */
  readonly space: S extends 'space' ? string : S extends 'both' ? string | undefined : undefined;
  readonly user: Principal;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** Tells the audit trail what was done, in the handler's transaction; the caller and the space are added. */
  readonly record: (happening: Omit<Happening, 'by'>) => Promise<void>;
}

type ParameterOf<P extends string> = P extends `${infer _}:${infer Name}/${infer Rest}`
  ? Name | ParameterOf<`/${Rest}`>
  : P extends `${infer _}:${infer Name}`
    ? Name
    : never;

export interface Declaration<S extends Scope, P extends string, Q extends TSchema, B extends TSchema> {
  readonly method: Method;
  readonly scope: S;
  /** After `/api/{S}` or `/api`; parameters are `:name`. Matched whatever its case. */
  readonly path: P;
  readonly permission: Permission;
  /** One line for the API's documentation. */
  readonly summary: string;
  readonly query?: Q;
  /** Absent: the body is not read (uploads read `request.raw` themselves). */
  readonly body?: B;
  /** For the documentation; answers are not checked. */
  readonly response?: TSchema;
  /** Default: POST, PUT and DELETE run in one transaction. False for handlers that wait for a network or a stream. */
  readonly transaction?: boolean;
  /** POSTs that start something: a repeated `Idempotency-Key` gets the first answer again. */
  readonly idempotent?: boolean;
  /** Default: POST, PUT and DELETE leave an event in the audit trail. False for those that change nothing. */
  readonly audited?: boolean;
  /** Largest body in bytes, where it differs from the server's. */
  readonly bodyLimit?: number;
  readonly handle: (call: Call<S, P, Static<Q>, Static<B>>) => Promise<unknown>;
}

/**
 * What a handler of a WebSocket knows. Its work is done when the promise resolves; the connection is then closed. The
 * signal is aborted when the client goes away, the server stops, or, with an `ArgonautError`, the client's owner may no more.
 */
export type SocketCall<S extends Scope, P extends string, Q> = Pick<
  Call<S, P, Q, undefined>,
  'params' | 'query' | 'space' | 'user' | 'signal' | 'record'
>;

export interface SocketDeclaration<S extends Scope, P extends string, Q extends TSchema>
  extends Pick<Declaration<S, P, Q, TSchema>, 'scope' | 'path' | 'permission' | 'summary' | 'query'> {
  readonly converse: (call: SocketCall<S, P, Static<Q>>, socket: WebSocket) => Promise<void>;
}

/** A declaration whose types have done their work. */
export interface Route {
  readonly method: Method;
  readonly scope: Scope;
  readonly path: string;
  readonly permission: Permission;
  readonly summary: string;
  readonly feature: string;
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly response?: TSchema;
  readonly transaction: boolean;
  readonly idempotent: boolean;
  readonly audited: boolean;
  readonly bodyLimit?: number;
  readonly handle: (call: Call<Scope, string, unknown, unknown>) => Promise<unknown>;
  /** Of a WebSocket: what happens once it is open. */
  readonly converse?: (call: SocketCall<Scope, string, unknown>, socket: WebSocket) => Promise<void>;
}

export class RouteTable {
  readonly #routes: Route[] = [];
  #feature = '';

  /** Everything that is declared next belongs to this folder; for the documentation. */
  beginFeature(name: string): void {
    this.#feature = name;
  }

  /** @throws Error at start-up when the route names no known permission, or exists already. */
  add<S extends Scope, const P extends string, Q extends TSchema, B extends TSchema>(
    declaration: Declaration<S, P, Q, B>,
  ): void {
    const name = `${declaration.method} ${declaration.path}`;
    if (!PERMISSIONS.includes(declaration.permission)) {
      throw new Error(
        `The route ${name} must declare a permission. Without one it would be open to everybody.`,
      );
    }
    const overlaps = (scope: Scope) =>
      scope === declaration.scope || scope === 'both' || declaration.scope === 'both';
    if (this.#routes.some((route) => `${route.method} ${route.path}` === name && overlaps(route.scope))) {
      throw new Error(`The route ${name} is declared twice.`);
    }
    this.#routes.push({
      ...declaration,
      feature: this.#feature,
      transaction: declaration.transaction ?? declaration.method !== 'GET',
      idempotent: declaration.idempotent ?? false,
      audited: declaration.audited ?? declaration.method !== 'GET',
      handle: declaration.handle as Route['handle'],
    });
  }

  /** A WebSocket. Who may open it is decided before it is. */
  addSocket<S extends Scope, const P extends string, Q extends TSchema>(
    declaration: SocketDeclaration<S, P, Q>,
  ): void {
    const { converse, ...rest } = declaration;
    this.add({
      ...rest,
      method: 'GET',
      handle: async () => {
        throw new Invalid(`${declaration.path} is a WebSocket: connect with the scheme ws or wss.`);
      },
    });
    const last = this.#routes.pop();
    if (last !== undefined)
      this.#routes.push({ ...last, converse: converse as NonNullable<Route['converse']> });
  }

  get routes(): readonly Route[] {
    return this.#routes;
  }
}
