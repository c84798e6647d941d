/**
 * One HTTP exchange with a registry: a deadline, a bound on the body, redirects followed by our own rules, and
 * every failure below HTTP told apart. It knows nothing of authentication, retries or manifests.
 *
 * Redirects: an `Authorization` header goes only to the origin (scheme, host, port) it was made for; registries
 * send blobs to storage whose signed addresses refuse or leak it. A step down from https to http is refused.
 */

import { InvalidAnswer, type Subject, UnsafeRedirect } from './errors.ts';
import { networkFault, saysTlsIsExpected, TlsFailure, Unreachable } from './network-faults.ts';

/** Time as a port, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `milliseconds`; rejects as soon as the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** The bounds of one public call, shared by all its requests. */
export interface Call {
  readonly subject: Subject;
  /** The caller's own signal: its reason is thrown as it is. */
  readonly caller: AbortSignal | undefined;
  /** Aborts with the caller or when the whole call has taken too long. */
  readonly signal: AbortSignal;
  /** By the clock: no retry begins whose wait would end later. */
  readonly deadline: number;
  /** How long the whole call may take, in milliseconds. */
  readonly timeout: number;
}

export interface Exchange {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly accept?: string | undefined;
  readonly authorization?: string | undefined;
  /** The largest body, in bytes after decompression, that is read. */
  readonly limit: number;
  /** Refuse a redirect to another origin: for token realms, whose credentials must not be lost on the way. */
  readonly stayOnOrigin?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

export interface Transport {
  send(exchange: Exchange, call: Call): Promise<Answer>;
}

const mostRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * @param attemptTimeout milliseconds for one exchange with its redirects and its body
 */
export function createTransport(fetch: typeof globalThis.fetch, attemptTimeout: number): Transport {
  return { send: (exchange, call) => send(fetch, attemptTimeout, exchange, call) };
}

async function send(
  fetch: typeof globalThis.fetch,
  attemptTimeout: number,
  exchange: Exchange,
  call: Call,
): Promise<Answer> {
  call.caller?.throwIfAborted();
  const attempt = AbortSignal.timeout(attemptTimeout);
  const signal = AbortSignal.any([call.signal, attempt]);
  try {
    return await follow(fetch, exchange, call, signal);
  } catch (thrown) {
    throw faultOf(thrown, call, attempt, attemptTimeout);
  }
}

async function follow(
  fetch: typeof globalThis.fetch,
  exchange: Exchange,
  call: Call,
  signal: AbortSignal,
): Promise<Answer> {
  let url = exchange.url;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const headers = new Headers({ 'user-agent': 'argonaut' });
    if (exchange.accept !== undefined) headers.set('accept', exchange.accept);
    if (exchange.authorization !== undefined && url.origin === exchange.url.origin) {
      headers.set('authorization', exchange.authorization);
    }
    const response = await fetch(url, { method: exchange.method, headers, redirect: 'manual', signal });
    const location = response.headers.get('location');
    if (!redirects.has(response.status) || location === null) {
      const body = await readBody(response, exchange.limit, call.subject);
      if (url.protocol === 'http:' && saysTlsIsExpected(response.status, body.toString('latin1'))) {
        throw new TlsFailure(call.subject, 'plain-http-on-tls-port', '');
      }
      return { status: response.status, headers: response.headers, body, url };
    }
    await response.body?.cancel();
    url = checkRedirect(url, location, exchange, call.subject);
  }
  throw new InvalidAnswer(call.subject, `more than ${mostRedirects} redirects in a row`);
}

function checkRedirect(from: URL, location: string, exchange: Exchange, subject: Subject): URL {
  if (!URL.canParse(location, from))
    throw new InvalidAnswer(subject, 'a redirect to an address that cannot be read');
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== 'http:') {
    throw new UnsafeRedirect(
      subject,
      `leads to an address of the kind "${to.protocol}"`,
      'Check the registry.',
    );
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new UnsafeRedirect(
      subject,
      `leads from https to plain http ("${to.host}")`,
      'Let the registry know its public address (behind a proxy: X-Forwarded-Proto).',
    );
  }
  if (exchange.stayOnOrigin === true && to.origin !== exchange.url.origin) {
    throw new UnsafeRedirect(
      subject,
      `has a token service at "${exchange.url.host}" that leads on to "${to.host}"`,
      "Credentials are given only to the service that the registry names; correct the registry's token realm.",
    );
  }
  return to;
}

async function readBody(response: Response, limit: number, subject: Subject): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (response.body !== null) {
    // Leaving the loop by an exception cancels the body, and with it the connection.
    for await (const chunk of response.body) {
      length += chunk.byteLength;
      if (length > limit) throw new InvalidAnswer(subject, `it is longer than ${limit} bytes`);
      chunks.push(chunk);
    }
  }
  return Buffer.concat(chunks, length);
}

function faultOf(thrown: unknown, call: Call, attempt: AbortSignal, attemptTimeout: number): unknown {
  if (call.caller?.aborted) return call.caller.reason;
  if (call.signal.aborted) return new Unreachable(call.subject, 'timeout', seconds(call.timeout), thrown);
  if (attempt.aborted) return new Unreachable(call.subject, 'timeout', seconds(attemptTimeout), thrown);
  return thrown instanceof InvalidAnswer || thrown instanceof UnsafeRedirect || thrown instanceof TlsFailure
    ? thrown
    : networkFault(call.subject, thrown);
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
