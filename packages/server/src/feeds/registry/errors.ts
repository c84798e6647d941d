/**
 * The base of everything that can be wrong with a feed's registry, and the faults that are about the registry
 * itself; those about an image are in `image-errors.ts`, those below HTTP in `network-faults.ts`. Every message
 * says what happened, why, and what to do next, and names the feed and the image. `kind` serves the edge (HTTP
 * status), `fault` tells the faults apart.
 *
 * No class maps to the edge's kind "Unauthorised": that would tell a client of our API that *its* key is wrong.
 */

import { ArgonautError, type ErrorKind } from '@argonaut/contracts';

/** One word for each fault, for programs. */
export type RegistryFault =
  | 'InvalidReference'
  | 'InvalidFeed'
  | 'Unreachable'
  | 'Tls'
  | 'Unauthorized'
  | 'Forbidden'
  | 'RepositoryNotFound'
  | 'TagNotFound'
  | 'DigestNotFound'
  | 'RateLimited'
  | 'ServerError'
  | 'NotARegistry'
  | 'InvalidAnswer'
  | 'DigestMismatch'
  | 'NotAnImage'
  | 'UnsafeRedirect';

/** What an error is about. */
export interface Subject {
  /** The feed's name, or its address when it has no name. */
  readonly feed: string;
  /** Scheme and host of the registry. */
  readonly address: string;
  /** Image as the user wrote it, when the call was about one. */
  readonly image?: string | undefined;
}

const edgeKinds: Partial<Record<RegistryFault, ErrorKind>> = {
  InvalidReference: 'Invalid',
  InvalidFeed: 'Invalid',
  RepositoryNotFound: 'NotFound',
  TagNotFound: 'NotFound',
  DigestNotFound: 'NotFound',
  RateLimited: 'Unavailable',
  Unreachable: 'Unavailable',
  ServerError: 'Unavailable',
};

export interface FaultOptions {
  readonly transient?: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Base of all faults of this room. */
export class RegistryError extends ArgonautError {
  readonly fault: RegistryFault;
  /** The same request may succeed a little later, without anybody doing anything. */
  readonly transient: boolean;

  /** @param sentences empty ones are left out */
  constructor(fault: RegistryFault, sentences: readonly string[], options: FaultOptions = {}) {
    super(
      edgeKinds[fault] ?? 'InfrastructureFailure',
      sentences.filter((sentence) => sentence !== '').join(' '),
      {
        details: { fault, ...options.details },
        ...(options.cause === undefined ? {} : { cause: options.cause }),
      },
    );
    this.name = fault;
    this.fault = fault;
    this.transient = options.transient ?? false;
  }
}

/** The text of an image name cannot be read, or does not belong to its feed. */
export class InvalidReference extends RegistryError {
  /** A clause, without a full stop. */
  readonly reason: string;
  constructor(text: string, reason: string) {
    const shown = text.length > 300 ? `${text.slice(0, 299)}…` : text;
    super('InvalidReference', [`The image name "${shown}" cannot be used: ${reason}.`]);
    this.reason = reason;
  }
}

/** The feed's own fields are wrong: nothing was sent. */
export class InvalidFeed extends RegistryError {
  /** `feed` is its name; empty where it is not known. */
  constructor(reason: string, next: string, feed = '') {
    super('InvalidFeed', [`The feed ${feed === '' ? '' : `"${feed}" `}cannot be used: ${reason}.`, next]);
  }
}

/**
 * - `required`: no credentials were given
 * - `rejected`: they are wrong
 * - `insufficient`: they are right, or none are needed, but not enough for this
 * - `scheme`: the registry wants a kind of sign-in that we do not have
 */
export type UnauthorizedReason = 'required' | 'rejected' | 'insufficient' | 'scheme';

/** The registry wants (other) credentials. */
export class Unauthorized extends RegistryError {
  readonly reason: UnauthorizedReason;
  constructor(subject: Subject, reason: UnauthorizedReason, detail = '') {
    super('Unauthorized', [...unauthorized(subject, reason), said(detail)], {
      details: { reason, image: subject.image },
    });
    this.reason = reason;
  }
}

function unauthorized(subject: Subject, reason: UnauthorizedReason): string[] {
  const feed = where(subject);
  const image = subject.image === undefined ? '' : ` the image "${subject.image}"`;
  switch (reason) {
    case 'required':
      return [
        `${feed} wants credentials${image && ` for${image}`}, and the feed has none.`,
        'Give the feed a user name and a password or token.',
      ];
    case 'rejected':
      return [
        `${feed} rejected the credentials of the feed${image && ` when asked for${image}`}.`,
        'The user name, password or token is wrong or has expired. Correct it in the feed.',
        'The same credentials are not sent again at once, so that the account is not locked.',
      ];
    case 'insufficient':
      return [
        `${feed} does not let this feed read${image || ' what was asked for'}:`,
        "it does not exist, or the feed's user may not see it.",
        'Check the name, and give the feed credentials that may pull it.',
      ];
    case 'scheme':
      return [
        `${feed} asks for a kind of sign-in that Docker registries do not use.`,
        "Put the registry itself, not a sign-in page or a proxy, into the feed's address.",
      ];
  }
}

/** Known to the registry, and refused. */
export class Forbidden extends RegistryError {
  constructor(subject: Subject, detail = '') {
    super(
      'Forbidden',
      [
        `${where(subject)} refused access${to(subject)} (403).`,
        "The right to pull is missing: grant it to the feed's user in the registry, or use other credentials.",
        said(detail),
      ],
      { details: { image: subject.image } },
    );
  }
}

/** Too many requests (429). */
export class RateLimited extends RegistryError {
  /** When the registry lets us ask again; `null` when it did not say. */
  readonly until: Date | null;
  constructor(subject: Subject, until: Date | null, anonymous: boolean, detail = '') {
    super(
      'RateLimited',
      [
        `${where(subject)} is limiting our requests${to(subject)} (429).`,
        until === null ? 'It did not say until when.' : `It is limited until ${until.toISOString()}.`,
        anonymous
          ? 'Wait, or give the feed credentials: signed-in users may ask more often.'
          : 'Wait, or use an account with a higher limit.',
        said(detail),
      ],
      { transient: true, details: { until: until?.toISOString() ?? null, image: subject.image } },
    );
    this.until = until;
  }
}

/** The registry itself failed (5xx). */
export class ServerError extends RegistryError {
  readonly status: number;
  /** Milliseconds that the registry asked us to wait, if it did. */
  readonly retryAfter: number | null;
  constructor(subject: Subject, status: number, retryAfter: number | null, detail = '') {
    super(
      'ServerError',
      [
        `${where(subject)} failed with status ${status}${to(subject)}.`,
        "The fault is the registry's, or of a proxy before it. Look into its log, or try again later.",
        said(detail),
      ],
      { transient: status !== 501, details: { status, image: subject.image } },
    );
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Something answers there, but not a Docker registry of API version 2. */
export class NotARegistry extends RegistryError {
  constructor(subject: Subject, observed: string) {
    super('NotARegistry', [
      `${where(subject)} does not answer like a Docker registry: ${observed}.`,
      'Put the registry\'s own address into the feed; "/v2/" below it must answer.',
    ]);
  }
}

/** An answer that breaks the protocol or a bound. */
export class InvalidAnswer extends RegistryError {
  constructor(subject: Subject, observed: string) {
    super(
      'InvalidAnswer',
      [
        `${where(subject)} gave an answer that cannot be used${to(subject)}: ${observed}.`,
        "Look into the registry's log, or for a proxy that changes answers.",
      ],
      { details: { image: subject.image } },
    );
  }
}

/** The registry leads somewhere that credentials, or we, must not go. */
export class UnsafeRedirect extends RegistryError {
  constructor(subject: Subject, observed: string, next: string) {
    super('UnsafeRedirect', [`${where(subject)} ${observed}.`, 'That was not followed.', next]);
  }
}

/** `The registry of the feed "X" (https://host)`: how every message begins. */
export function where({ feed, address }: Subject): string {
  return feed === address ? `The registry ${address}` : `The registry of the feed "${feed}" (${address})`;
}

/** The registry's own words, as a sentence. */
export function said(detail: string): string {
  return detail === '' ? '' : `The registry says: "${detail}".`;
}

function to({ image }: Subject): string {
  return image === undefined ? '' : ` for the image "${image}"`;
}
