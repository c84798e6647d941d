/**
 * The HTTP server: Fastify with the wire rules of the API, each in one place. Routes come in as declarations; every
 * request walks the same pipeline: who calls → which space → may they → what do they say → (transaction →) handler →
 * answer.
 */
import { readFileSync } from 'node:fs';
import { ArgonautError, NotFound, type Secret } from '@argonaut/contracts';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { TSchema } from 'typebox';
import type { Services } from '../services.ts';
import { Answer } from './answers.ts';
import { credentialIn } from './authentication.ts';
import { addCompression } from './compression.ts';
import { answerFor, errorAnswer } from './errors.ts';
import { once } from './idempotency.ts';
import { type Principal, permits } from './permissions.ts';
import { readBody, readQuery } from './read.ts';
import type { Call, Route, RouteTable, Scope } from './route.ts';
import { DEFAULT_SPACE, methodsFor, patternsOf, urlRewriter } from './urls.ts';

/** What the server asks the folders that know users and spaces. */
export interface Gatekeeper {
  /** Whose credential it is; undefined for an unknown, expired or disabled one. */
  authenticate(credential: Secret): Promise<Principal | undefined>;
  /** The id of the space that a URL names by id or slug; `DEFAULT_SPACE` names the default one. */
  resolveSpace(key: string): Promise<string | undefined>;
  /** False while the server starts or stops: everything under `/api` answers 503. */
  isReady(): boolean;
}

/** Longest path segment; Git references and package ids are long. */
const MAXIMUM_PARAMETER = 500;

const ANONYMOUS: Principal = { id: '', username: 'anonymous', isAdministrator: false, managedSpaces: [] };

/** A Fastify instance that serves the table's routes; it does not listen yet. */
export function createHttpServer(services: Services, table: RouteTable, gate: Gatekeeper): FastifyInstance {
  const { config } = services;
  const rewrite = urlRewriter(table.routes);
  const app = Fastify({
    loggerInstance: services.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.bodyLimit,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    ...(config.tls
      ? { https: { cert: readFileSync(config.tls.certificateFile), key: readFileSync(config.tls.keyFile) } }
      : {}),
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: MAXIMUM_PARAMETER,
    },
    // .NET sends every PUT and DELETE as a POST with this header; routing must see the real method.
    rewriteUrl: (request) => {
      const override = request.headers['x-http-method-override'];
      if (request.method === 'POST' && typeof override === 'string' && /^(PUT|DELETE)$/i.test(override)) {
        request.method = override.toUpperCase();
      }
      return rewrite(request.url ?? '/');
    },
    // What is not HTTP never becomes a request; the answer has the same shape all the same.
    clientErrorHandler: (error, socket) => {
      if (!socket.writable) return socket.destroy();
      const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
      const body = JSON.stringify(
        answerFor(status, `This is not a request that can be read: ${error.message}`).body,
      );
      socket.end(
        `HTTP/1.1 ${status} Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    },
    frameworkErrors: (error, _request, reply) => {
      sendError(reply, answerFor(error.statusCode ?? 400, error.message));
    },
  }) as unknown as FastifyInstance;

  addParsers(app);
  addCompression(app);
  addHeaders(app, config.tls !== undefined);
  // Otherwise a client that keeps its connection open would hold up the stop.
  app.addHook('onSend', async (_request, reply) => {
    if (services.stopping.aborted) reply.header('connection', 'close');
  });
  app.addHook('onRequest', async (request, reply) => {
    if (gate.isReady() || !request.url.toLowerCase().startsWith('/api')) return;
    reply.header('retry-after', '2');
    return sendError(reply, answerFor(503, 'The server is starting or stopping. Try again in a moment.'));
  });
  for (const route of table.routes) {
    for (const url of patternsOf(route)) {
      app.route({
        method: route.method,
        url,
        ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
        handler: (request, reply) => serve(services, gate, route, request, reply),
      });
    }
  }
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsFor(table.routes, request.url);
    if (methods.length === 0) {
      return sendError(reply, answerFor(404, `There is nothing at ${request.originalUrl.split('?')[0]}.`));
    }
    reply.header('allow', methods.join(', '));
    return sendError(
      reply,
      answerFor(405, `${request.method} is not possible here; ${methods.join(', ')} is.`),
    );
  });
  app.setErrorHandler((error, request, reply) => {
    const answer = errorAnswer(error);
    if (answer.status >= 500)
      request.log.error({ err: error, url: request.url.split('?')[0] }, 'request failed');
    return sendError(reply, answer);
  });
  const requests = services.metrics.counter(
    'argonaut_http_requests_total',
    'Answered requests by method and status.',
  );
  app.addHook('onResponse', async (request, reply) => {
    requests({ method: request.method, status: reply.statusCode });
  });
  return app;
}

/** The pipeline of one request. */
async function serve(
  services: Services,
  gate: Gatekeeper,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const user = await callerOf(gate, route, request);
  const params = request.params as Readonly<Record<string, string>>;
  const space = await spaceOf(gate, params.space);
  if (!permits(user, route.permission, space)) {
    throw new ArgonautError(
      'Forbidden',
      `${user.username} lacks the permission ${route.permission}${space === undefined ? '' : ` in the space ${space}`}. An administrator can grant it.`,
    );
  }
  const call: Call<Scope, string, unknown, unknown> = {
    params,
    query: route.query ? readQuery(route.query, request.query as Readonly<Record<string, unknown>>) : {},
    body: route.body ? readJson(route.body, request) : undefined,
    space,
    user,
    request,
    reply,
    get signal() {
      return signalOf(reply);
    },
  };
  const work = () => route.handle(call);
  const key = request.headers['idempotency-key'];
  if (route.idempotent && typeof key === 'string') {
    const repeated = { key, userId: user.id, method: request.method, url: request.url, body: request.body };
    return send(reply, await once(services.database, repeated, services.now(), work));
  }
  return send(reply, await (route.transaction ? services.database.transaction(work) : work()));
}

async function callerOf(gate: Gatekeeper, route: Route, request: FastifyRequest): Promise<Principal> {
  const credential = credentialIn(request.headers);
  const principal = credential && (await gate.authenticate(credential));
  if (principal) return principal;
  if (route.permission === 'Anonymous') return ANONYMOUS;
  throw new ArgonautError(
    'Unauthorised',
    credential
      ? 'The API key is unknown, has expired, or its owner is disabled.'
      : 'This needs an API key in the header X-Octopus-ApiKey.',
  );
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
  const isStream = typeof request.body === 'object' && request.body !== null && 'pipe' in request.body;
  if (isStream)
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

function send(reply: FastifyReply, result: unknown): FastifyReply {
  const answer = result instanceof Answer ? result : new Answer(200, result);
  reply.code(answer.status).headers(answer.headers);
  const isRaw = typeof answer.body === 'string' || Buffer.isBuffer(answer.body) || isStream(answer.body);
  if (isRaw) return reply.send(answer.body);
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer.body ?? null));
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'pipe' in body;
}

function sendError(reply: FastifyReply, answer: ReturnType<typeof answerFor>): FastifyReply {
  return reply.code(answer.status).type('application/json; charset=utf-8').send(JSON.stringify(answer.body));
}

/** JSON by our rules (an empty body is none); everything else stays a stream for the handler. */
function addParsers(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(/^application\/(.+\+)?json/, { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else parseJson(request, String(body), done);
  });
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
}

/** Nothing that we answer may be framed, sniffed or kept by a cache; pages override the policy themselves. */
function addHeaders(app: FastifyInstance, isTls: boolean): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      ...(isTls ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    });
  });
}
