/**
 * A registry that plays faults which a real one cannot be made to show. Each test scripts it with a handler; it
 * records what it was sent, so that a test can say what must not have been sent.
 */

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Secret } from '@argonaut/contracts';
import {
  type Clock,
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
} from '../../src/feeds/registry/index.ts';

export interface Sent {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export type Handler = (sent: Sent, response: ServerResponse, request: IncomingMessage) => void;

export interface Stub extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  /** Everything it was sent, in order. */
  readonly sent: Sent[];
  handler: Handler;
}

export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
}

/** Listens on a loopback port of the system's choice until it is disposed of. */
export async function startStub(handler: Handler, tls?: TlsFiles): Promise<Stub> {
  const sent: Sent[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers };
    sent.push(one);
    stub.handler(one, response, request);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stub: Stub = {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    sent,
    handler,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return stub;
}

/** Answers with JSON. */
export function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A registry's error document. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message = code,
  headers: Record<string, string> = {},
): void {
  reply(response, status, { errors: [{ code, message }] }, headers);
}

/** Time that passes only by sleeping, and remembers for how long. */
export class FakeClock implements Clock {
  time = Date.UTC(2030, 0, 1);
  readonly slept: number[] = [];

  now(): number {
    return this.time;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    await turn();
    signal.throwIfAborted();
    this.slept.push(milliseconds);
    this.time += milliseconds;
  }
}

/** A client for a stub; waits cost no time and chance always says one half. */
export function clientFor(
  stub: { readonly origin: string },
  options: Partial<RegistryClientOptions> & { readonly secret?: string } = {},
): { client: RegistryClient; clock: FakeClock } {
  const { secret, ...rest } = options;
  const clock = new FakeClock();
  const client = createRegistryClient({
    feedName: 'Our registry',
    feedUri: stub.origin,
    clock,
    random: () => 0.5,
    ...(secret === undefined ? {} : { password: () => new Secret(secret) }),
    ...rest,
  });
  return { client, clock };
}

/** The error that a promise fails with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error('it should have failed');
}
