/**
 * The HTTP server: Fastify with the wire rules of the API, each in one place. Routes come in as declarations, and every
 * request walks the same pipeline.
 */
import { readFileSync } from 'node:fs';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance, type FastifyReply, LogController } from 'fastify';
import type { Services } from '../services.ts';
import { addCompression } from './compression.ts';
import { answerFor, errorAnswer } from './errors.ts';
import { parseJson } from './json.ts';
import { admit, converse, type Gatekeeper, serve } from './pipeline.ts';
import type { RouteTable } from './route.ts';
import { methodsFor, patternsOf, urlRewriter } from './urls.ts';

/** Longest path segment; Git references and package ids are long. */
const MAXIMUM_PARAMETER = 500;

/** Largest message of a WebSocket in bytes: what somebody pastes into a terminal comes in pieces. */
const MAXIMUM_MESSAGE = 1024 * 1024;

/** What is wrong with an address that does not get as far as a route. The router's own words quote our inner form of it. */
const ADDRESS_FAULTS: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL:
    'The address cannot be read: after each % two hexadecimal digits must follow. Write a percent sign as %25.',
  FST_ERR_MAX_PARAM_LENGTH: `A part of the address is longer than ${MAXIMUM_PARAMETER} characters, and nothing here has so long a name.`,
};

/** HTTP/1.1 demands the header Host, and Node's own refusal has no body: ours is below. With and without TLS. */
const NODE_OPTIONS = { requireHostHeader: false };

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
      ? {
          https: {
            ...NODE_OPTIONS,
            cert: readFileSync(config.tls.certificateFile),
            key: readFileSync(config.tls.keyFile),
          },
        }
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
      sendError(reply, answerFor(error.statusCode ?? 400, ADDRESS_FAULTS[error.code] ?? error.message));
    },
    http: NODE_OPTIONS,
  }) as unknown as FastifyInstance;

  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.host !== undefined || request.raw.httpVersion === '1.0') return;
    reply.header('connection', 'close');
    return sendError(
      reply,
      answerFor(400, 'The request has no header Host, which HTTP/1.1 demands. Send it.'),
    );
  });
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
  addSockets(app, services, table, gate);
  for (const route of table.routes) {
    if (route.converse !== undefined) continue;
    for (const url of patternsOf(route)) {
      app.route({
        method: route.method,
        url,
        ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
        onRequest: (request) => admit(gate, route, request),
        handler: (request, reply) => serve(services, route, request, reply),
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
    const answer = errorAnswer(error, request.routeOptions.bodyLimit ?? config.bodyLimit);
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

function sendError(reply: FastifyReply, answer: ReturnType<typeof answerFor>): FastifyReply {
  return reply.code(answer.status).type('application/json; charset=utf-8').send(JSON.stringify(answer.body));
}

/** In a scope of their own, so that it is loaded after the plugin which they need. */
function addSockets(app: FastifyInstance, services: Services, table: RouteTable, gate: Gatekeeper): void {
  app.register(websocket, { options: { maxPayload: MAXIMUM_MESSAGE } });
  app.register(async (scope) => {
    for (const route of table.routes) {
      if (route.converse === undefined) continue;
      for (const url of patternsOf(route)) {
        scope.route({
          method: 'GET',
          url,
          onRequest: (request) => admit(gate, route, request),
          handler: (request, reply) => serve(services, route, request, reply),
          wsHandler: (socket, request) => converse(services, gate, route, request, socket),
        });
      }
    }
  });
}

/** JSON by our rules (an empty body is none); everything else stays a stream for the handler. */
function addParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    /^application\/(.+\+)?json/,
    { parseAs: 'string' },
    async (_request: unknown, body: unknown) => (body === '' ? undefined : parseJson(String(body))),
  );
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
