/**
 * The way of one request: who calls → which space → may they (all before a byte of the body is read) → what do they
 * say → (transaction →) handler → answer.
 */
import { timingSafeEqual } from 'node:crypto';
import { ArgonautError, NotFound, type Secret } from '@argonaut/contracts';
import type { WebSocket } from '@fastify/websocket';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { recordEvent } from '../events/record.ts';
import type { Services } from '../services.ts';
import { type Answer, isStream, written } from './answers.ts';
import { eventOfRequest } from './audit.ts';
import { type Credential, credentialIn } from './authentication.ts';
import { errorAnswer } from './errors.ts';
import { once } from './idempotency.ts';
import { type Principal, permits } from './permissions.ts';
import { readBody, readQuery } from './read.ts';
import { askAgain } from './reauthentication.ts';
import type { Call, Route, Scope, SocketCall } from './route.ts';
import { DEFAULT_SPACE } from './urls.ts';

/** What the server asks the folders that know users and spaces. */
export interface Gatekeeper {
  /** Whose credential it is; undefined for an unknown, expired or disabled one. */
  authenticate(credential: Credential): Promise<Principal | undefined>;
  /** What requests of this session carry in `X-Octopus-Csrf-Token` when they change something. */
  csrfTokenOf(session: Secret): string;
  /** Names the cookies. */
  readonly installationId: string;
  /** The id of the space that a URL names by id or slug; `DEFAULT_SPACE` names the default one. */
  resolveSpace(key: string): Promise<string | undefined>;
  /** False while the server starts or stops: everything under `/api` answers 503. */
  isReady(): boolean;
}

/** RFC 6455, section 7.4.1; from 4000 on they are for applications. */
const NORMAL_CLOSE = 1000;
const SERVER_ERROR_CLOSE = 1011;
const REFUSED_CLOSE = 4000;

const ANONYMOUS: Principal = { id: '', username: 'anonymous', isAdministrator: false, managedSpaces: [] };

/** Kept of a `User-Agent`, which is anything that a client likes to send; characters. */
const LONGEST_USER_AGENT = 300;

/** What is known about a request once it is let in. */
interface Admission {
  readonly user: Principal;
  readonly space: string | undefined;
}

const admissions = new WeakMap<FastifyRequest, Admission>();

/** Lets a request in, before its body is read. @throws Unauthorised, NotFound (the space), Forbidden */
export async function admit(gate: Gatekeeper, route: Route, request: FastifyRequest): Promise<void> {
  const user = await callerOf(gate, route, request);
  const space = await spaceOf(gate, parametersOf(request).space);
  if (!permits(user, route.permission, space)) {
    const where = space === undefined ? '' : ` in the space ${space}`;
    throw new ArgonautError(
      'Forbidden',
      `${user.username} lacks the permission ${route.permission}${where}. An administrator can grant it.`,
    );
  }
  if (route.converse !== undefined) refuseOtherOrigin(request, user);
  admissions.set(request, { user, space });
}

/**
 * Browsers let any page open a WebSocket to anywhere, and send cookies along; they always say where the page comes from.
 * @throws Forbidden unless that is here, or it is no browser
 */
function refuseOtherOrigin(request: FastifyRequest, { isSession }: Principal): void {
  const { origin } = request.headers;
  if (origin === undefined && isSession !== true) return;
  if (origin !== undefined && URL.parse(origin)?.host === request.host) return;
  throw new ArgonautError(
    'Forbidden',
    `A page of ${origin ?? 'an unknown place'} may not open a connection to this server.`,
  );
}

/**
 * Talks over an admitted WebSocket, for as long as its owner may; what goes wrong is told in a last message,
 * `{type: "error", message}`.
 */
export async function converse(
  services: Services,
  gate: Gatekeeper,
  route: Route,
  request: FastifyRequest,
  socket: WebSocket,
): Promise<void> {
  const closed = new AbortController();
  socket.once('close', () => closed.abort(new Error('The connection was closed.')));
  // A connection that breaks is closed, which is all that anybody needs to know.
  socket.on('error', () => {});
  using admitted = askAgain(
    () => admit(gate, route, request),
    (error) => request.log.warn({ err: error }, 'whether a socket may stay open'),
  );
  try {
    const admission = admissions.get(request);
    if (admission === undefined || route.converse === undefined)
      throw new Error(`${route.path} was reached without admission`);
    const { user, space } = admission;
    const call: SocketCall<Scope, string, unknown> = {
      params: parametersOf(request),
      query: route.query ? readQuery(route.query, request.query as Readonly<Record<string, unknown>>) : {},
      space,
      user,
      signal: AbortSignal.any([closed.signal, services.stopping, admitted.signal]),
      record: (happening) => recordEvent(services, { space, ...happening, by: user }),
    };
    await route.converse(call, socket);
    admitted.signal.throwIfAborted();
    socket.close(NORMAL_CLOSE);
  } catch (error) {
    if (closed.signal.aborted) return;
    const { status, body } = errorAnswer(error);
    if (status >= 500) request.log.error({ err: error, url: request.url.split('?')[0] }, 'socket failed');
    socket.send(JSON.stringify({ type: 'error', message: body.ErrorMessage }));
    socket.close(status >= 500 ? SERVER_ERROR_CLOSE : REFUSED_CLOSE);
  }
}

/** Reads what an admitted request says, runs the handler, and sends its answer. */
export async function serve(
  services: Services,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const admission = admissions.get(request);
  if (admission === undefined) throw new Error(`${route.method} ${route.path} was reached without admission`);
  const { user, space } = admission;
  let isRecorded = false;
  const call: Call<Scope, string, unknown, unknown> = {
    params: parametersOf(request),
    query: route.query ? readQuery(route.query, request.query as Readonly<Record<string, unknown>>) : {},
    body: route.body ? readJson(route.body, request) : undefined,
    space,
    user,
    request,
    reply,
    get signal() {
      return signalOf(reply);
    },
    record: (happening) => {
      isRecorded = true;
      return recordEvent(services, { space, ...happening, by: user });
    },
  };
  const work = async () => {
    const result = await route.handle(call);
    const happening = isRecorded ? undefined : eventOfRequest(route, call.params, result);
    if (happening !== undefined) await call.record(happening);
    return result;
  };
  const key = request.headers['idempotency-key'];
  if (route.idempotent && typeof key === 'string') {
    const repeated = { key, userId: user.id, method: request.method, url: request.url, body: request.body };
    return send(reply, written(await once(services.database, repeated, services.now(), work)));
  }
  // Written before the commit: what cannot be told is not stored either.
  const told = async () => written(await work());
  return send(reply, await (route.transaction ? services.database.transaction(told) : told()));
}

function parametersOf(request: FastifyRequest): Readonly<Record<string, string>> {
  return request.params as Readonly<Record<string, string>>;
}

const REFUSALS = {
  key: 'The API key is unknown, has expired, or its owner is disabled.',
  session: 'The session is over, or its owner is disabled. Sign in again.',
  none: 'This needs an API key in the header X-Octopus-ApiKey.',
} as const;

/** Another site's page can make a browser send our cookies, but cannot read them: reading is safe, changing needs proof. */
function isOfOwnPage(gate: Gatekeeper, { secret }: Credential, { method, headers }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  const given = Buffer.from(String(headers['x-octopus-csrf-token'] ?? ''));
  const expected = Buffer.from(gate.csrfTokenOf(secret));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function callerOf(gate: Gatekeeper, route: Route, request: FastifyRequest): Promise<Principal> {
  const credential = credentialIn(request.headers, gate.installationId);
  const principal = credential && (await gate.authenticate(credential));
  if (principal && credential.kind === 'key') return { ...principal, client: clientOf(request) };
  if (principal && isOfOwnPage(gate, credential, request))
    return { ...principal, client: clientOf(request), isSession: true };
  if (route.permission === 'Anonymous') return { ...ANONYMOUS, client: clientOf(request) };
  if (principal) {
    throw new ArgonautError(
      'Forbidden',
      'A request of a session that changes something needs the value of the cookie Octopus-Csrf-Token in the header X-Octopus-Csrf-Token.',
    );
  }
  throw new ArgonautError('Unauthorised', REFUSALS[credential?.kind ?? 'none']);
}

function clientOf(request: FastifyRequest): NonNullable<Principal['client']> {
  return {
    address: request.ip,
    userAgent: (request.headers['user-agent'] ?? '').slice(0, LONGEST_USER_AGENT),
  };
}

async function spaceOf(gate: Gatekeeper, key: string | undefined): Promise<string | undefined> {
  if (key === undefined) return undefined;
  const space = await gate.resolveSpace(key);
  if (space === undefined) {
    throw new NotFound(
      key === DEFAULT_SPACE
        ? 'No default space is set; name a space in the URL.'
        : `The space "${key}" was not found.`,
    );
  }
  return space;
}

function readJson(schema: TSchema, request: FastifyRequest): unknown {
  if (isStream(request.body))
    throw new ArgonautError('Invalid', 'Send the body as JSON, with Content-Type: application/json.');
  return readBody(schema, request.body ?? undefined);
}

/** Aborts when the connection ends before the answer was complete. */
function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(answer.status).headers(answer.headers).send(answer.body);
}
