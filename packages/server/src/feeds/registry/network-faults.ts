/**
 * Tells the faults below HTTP apart: names, connections, time-outs, TLS. `fetch` hides them all behind
 * "fetch failed"; the codes are Node's (errno names, `node:tls` and OpenSSL codes) and undici's (`UND_ERR_…`).
 */

import { OutboundRefused } from '../../outbound/index.ts';
import { InvalidFeed, RegistryError, type Subject, where } from './errors.ts';

export type UnreachableReason = 'dns' | 'refused' | 'no-route' | 'timeout' | 'closed' | 'other';

/** No answer at all. */
export class Unreachable extends RegistryError {
  readonly reason: UnreachableReason;
  constructor(subject: Subject, reason: UnreachableReason, detail: string, cause?: unknown) {
    super('Unreachable', [`${where(subject)} cannot be reached.`, ...unreachable(subject, reason, detail)], {
      transient: true,
      details: { reason, image: subject.image },
      cause,
    });
    this.reason = reason;
  }
}

function unreachable({ address }: Subject, reason: UnreachableReason, detail: string): string[] {
  const host = hostOf(address);
  switch (reason) {
    case 'dns':
      return [
        `The name "${host}" is not known to the server's DNS.`,
        'Check the address, and the DNS of the machine that runs this server.',
      ];
    case 'refused':
      return [
        `Nothing listens at "${host}": the connection was refused.`,
        'Check the port, and whether the registry runs.',
      ];
    case 'no-route':
      return [
        `No route leads to "${host}".`,
        'Check the network and the firewalls between this server and the registry.',
      ];
    case 'timeout':
      return [
        `It did not answer in time (${detail}).`,
        "Check the firewalls between this server and the registry, and the registry's load.",
      ];
    case 'closed':
      return [
        `It closed the connection without an answer (${detail}).`,
        address.startsWith('http:')
          ? 'If it speaks TLS, write "https://" in the feed\'s address.'
          : 'Look into the log of the registry or of the proxy before it.',
      ];
    case 'other':
      return [`The connection failed (${detail}).`, 'Check the address and the network.'];
  }
}

export type TlsProblem =
  | 'self-signed'
  | 'unknown-issuer'
  | 'expired'
  | 'not-yet-valid'
  | 'revoked'
  | 'wrong-host'
  /** We spoke plain HTTP, as the address says, to a port with TLS. */
  | 'plain-http-on-tls-port'
  /** We spoke TLS, as the address says, to a port without. */
  | 'tls-on-plain-http-port'
  | 'handshake';

/** The connection is there, but it is not, or must not be, trusted. Never retried: it does not get better. */
export class TlsFailure extends RegistryError {
  readonly problem: TlsProblem;
  constructor(subject: Subject, problem: TlsProblem, detail: string, cause?: unknown) {
    super('Tls', [`${where(subject)} cannot be talked to safely.`, ...tls(subject, problem, detail)], {
      details: { problem, image: subject.image },
      cause,
    });
    this.problem = problem;
  }
}

const trustIt =
  'start this server with NODE_EXTRA_CA_CERTS naming a file with the certificate of its authority.';

function tls({ address }: Subject, problem: TlsProblem, detail: string): string[] {
  switch (problem) {
    case 'self-signed':
      return [
        'Its certificate is signed by itself, so nobody vouches for it.',
        `Give the registry a certificate of a known authority, or ${trustIt}`,
      ];
    case 'unknown-issuer':
      return [
        'Its certificate comes from an authority that this server does not know,',
        'or the registry does not send the certificates in between.',
        `Let it send the whole chain, or ${trustIt}`,
      ];
    case 'expired':
      return ['Its certificate has expired. Renew it; if it is new, check the clock of this machine.'];
    case 'not-yet-valid':
      return ['Its certificate is not valid yet. Check the clocks of this machine and of the registry.'];
    case 'revoked':
      return ['Its certificate was revoked. Give the registry a new one.'];
    case 'wrong-host':
      return [
        `Its certificate is for another name than "${hostOf(address)}" (${detail}).`,
        "Write the name of the certificate in the feed's address, or get a certificate for this name.",
      ];
    case 'plain-http-on-tls-port':
      return ['The address says "http://" and the port speaks TLS. Write "https://".'];
    case 'tls-on-plain-http-port':
      return [
        'The address says "https://" and the port does not speak TLS. Check the port.',
        'Write "http://" only if the registry has no TLS at all: passwords then travel readable.',
      ];
    case 'handshake':
      return [
        `The two sides found no common way to encrypt (${detail}).`,
        'Check the TLS versions of the registry, and whether it asks for a client certificate.',
      ];
  }
}

const unreachableCodes: Record<string, UnreachableReason> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'no-route',
  ENETUNREACH: 'no-route',
  EHOSTDOWN: 'no-route',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  UND_ERR_SOCKET: 'closed',
};

const tlsCodes: Record<string, TlsProblem> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown-issuer',
  UNABLE_TO_GET_ISSUER_CERT: 'unknown-issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown-issuer',
  CERT_UNTRUSTED: 'unknown-issuer',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  CERT_REVOKED: 'revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'wrong-host',
  HOSTNAME_MISMATCH: 'wrong-host',
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls-on-plain-http-port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'tls-on-plain-http-port',
  ERR_SSL_HTTP_REQUEST: 'tls-on-plain-http-port',
  EPROTO: 'handshake',
};

/** Turns what `fetch` or the reading of its body threw into one of our errors. */
export function networkFault(subject: Subject, thrown: unknown): RegistryError {
  const chain = causes(thrown);
  if (chain.some((error) => error instanceof OutboundRefused)) {
    return new InvalidFeed(
      `the server may not connect to ${hostOf(subject.address)} or to where it leads, because its address is internal`,
      'An administrator can allow it with ARGONAUT_OUTBOUND_ALLOW.',
      subject.feed,
    );
  }
  const code = chain.map(codeOf).find((found) => found !== null) ?? '';
  const detail = lastMessage(chain);
  const problem =
    tlsCodes[code] ?? (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') ? 'handshake' : undefined);
  if (problem !== undefined) return new TlsFailure(subject, problem, detail, thrown);
  const reason = unreachableCodes[code];
  if (reason !== undefined) return new Unreachable(subject, reason, detail, thrown);
  if (chain.some((error) => error.message === 'bad port')) {
    // The fetch standard blocks ports of other protocols (https://fetch.spec.whatwg.org/#port-blocking).
    return new InvalidFeed(
      `the port of ${hostOf(subject.address)} is reserved for another protocol`,
      'Let the registry listen on another port.',
      subject.feed,
    );
  }
  if (isNotHttp(chain) && subject.address.startsWith('http:')) {
    return new TlsFailure(subject, 'plain-http-on-tls-port', detail, thrown);
  }
  return new Unreachable(subject, 'other', detail, thrown);
}

/** TLS servers that are spoken to in plain HTTP often say so in a plain 400: Go, nginx, Apache, HAProxy. */
export function saysTlsIsExpected(status: number, body: string): boolean {
  return (
    status === 400 &&
    /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled/i.test(
      body,
    )
  );
}

/** The answer's first bytes were no HTTP; to a plain request that is a TLS alert. */
function isNotHttp(chain: readonly Error[]): boolean {
  return chain.some(
    (error) =>
      error.name === 'HTTPParserError' ||
      /^HPE_/.test(codeOf(error) ?? '') ||
      /does not match the HTTP/.test(error.message),
  );
}

/** The error, its causes, and the first of several when an address family after the other failed. */
function causes(thrown: unknown): Error[] {
  const chain: Error[] = [];
  let next: unknown = thrown;
  while (next instanceof Error && chain.length < 8) {
    chain.push(next);
    next = next instanceof AggregateError && next.errors.length > 0 ? next.errors[0] : next.cause;
  }
  return chain;
}

function codeOf(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function lastMessage(chain: readonly Error[]): string {
  const message = chain.at(-1)?.message ?? '';
  return message.split('\n')[0]?.slice(0, 200) || 'no reason given';
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address;
}
