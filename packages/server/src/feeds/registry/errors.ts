/**
 * What can be wrong with a feed's registry or an image in it. Every message says what happened, why, and what to
 * do next, and names the feed and the image. `kind` serves the edge (HTTP status), `fault` tells the faults apart.
 *
 * No class here maps to the edge's "unauthorised": that would tell a client of our API that *its* key is wrong.
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

/** Base of all faults of this room. */
export class RegistryError extends ArgonautError {
  readonly fault: RegistryFault;
  /** The same request may succeed a little later, without anybody doing anything. */
  readonly transient: boolean;

  constructor(
    fault: RegistryFault,
    message: string,
    options: { transient?: boolean; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(edgeKinds[fault] ?? 'InfrastructureFailure', message, {
      details: { fault, ...options.details },
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    });
    this.name = fault;
    this.fault = fault;
    this.transient = options.transient ?? false;
  }
}

/** The text of an image name cannot be read. */
export class InvalidReference extends RegistryError {
  readonly reason: string;
  constructor(text: string, reason: string) {
    super('InvalidReference', `The image name "${clip(text, 300)}" cannot be used: ${reason}.`);
    this.reason = reason;
  }
}

/** The feed's own fields are wrong: nothing was sent. */
export class InvalidFeed extends RegistryError {
  constructor(reason: string, next: string) {
    super('InvalidFeed', `The feed cannot be used: ${reason}. ${next}`);
  }
}

/** `required`: no credentials were given; `rejected`: they are wrong; `insufficient`: right, but not enough. */
export type UnauthorizedReason = 'required' | 'rejected' | 'insufficient' | 'scheme';

/** The registry wants (other) credentials. */
export class Unauthorized extends RegistryError {
  readonly reason: UnauthorizedReason;
  constructor(subject: Subject, reason: UnauthorizedReason, detail = '') {
    const image = imageOf(subject);
    const texts: Record<UnauthorizedReason, string> = {
      required: `${where(subject)} wants credentials${image === '' ? '' : ` for ${image}`} and the feed has none. Give the feed a user name and a password or token.`,
      rejected: `${where(subject)} rejected the credentials of the feed${image === '' ? '' : ` when asked for ${image}`}. The user name, password or token is wrong or has expired. Correct it in the feed; the same credentials are not sent again at once, so that the account is not locked.`,
      insufficient: `${where(subject)} does not let this feed read ${image === '' ? 'what was asked for' : image}: it does not exist, or the feed's user may not see it. Check the name, and give the feed credentials that may pull it.`,
      scheme: `${where(subject)} asks for a kind of authentication that a Docker client does not speak. Put the registry, not a sign-in page or a proxy, into the feed's address.`,
    };
    super('Unauthorized', texts[reason] + said(detail), { details: { reason, image: subject.image } });
    this.reason = reason;
  }
}

/** Known to the registry, and refused. */
export class Forbidden extends RegistryError {
  constructor(subject: Subject, detail = '') {
    super(
      'Forbidden',
      `${where(subject)} refused access${subject.image === undefined ? '' : ` to ${imageOf(subject)}`} (403). The feed's user is known or none is needed, but the right to pull is missing. Grant it in the registry, or use other credentials.${said(detail)}`,
      { details: { image: subject.image } },
    );
  }
}

/** No image of this name. */
export class RepositoryNotFound extends RegistryError {
  constructor(subject: Subject, detail = '') {
    super(
      'RepositoryNotFound',
      `${where(subject)} has no image "${subject.image}". Check the spelling and the path before the name; some registries answer so for images that the feed's user may not see.${said(detail)}`,
      { details: { image: subject.image } },
    );
  }
}

/** The image exists, the tag does not. */
export class TagNotFound extends RegistryError {
  /** At most five, nearest spelling first; empty when the tags cannot be listed. */
  readonly nearestTags: readonly string[];
  constructor(subject: Subject, tag: string, nearestTags: readonly string[], tagsKnown: boolean) {
    const name = subject.image?.replace(/:[^:/]*$/, '') ?? '';
    const found = tagsKnown
      ? `has the image "${name}", but not its tag "${tag}"`
      : `has no "${subject.image}"; its tags cannot be listed, so it may be the image or the tag that is missing`;
    const next =
      nearestTags.length > 0
        ? `The nearest tags are ${nearestTags.join(', ')}. Choose one of them, or push "${tag}".`
        : tagsKnown
          ? `The image has no tags at all. Push "${tag}".`
          : 'Check the spelling of both.';
    super('TagNotFound', `${where(subject)} ${found}. ${next}`, {
      details: { image: subject.image, tag, nearestTags },
    });
    this.nearestTags = nearestTags;
  }
}

/** The image exists, the content does not: it was deleted, or never was in this repository. */
export class DigestNotFound extends RegistryError {
  constructor(subject: Subject, digest: string) {
    super(
      'DigestNotFound',
      `${where(subject)} no longer has ${digest} of ${imageOf(subject)}. It was deleted or cleaned up in the registry, or it belongs to another image. Push it again, or create a new release that resolves the tag anew.`,
      { details: { image: subject.image, digest } },
    );
  }
}

/** Too many requests (429). */
export class RateLimited extends RegistryError {
  /** When the registry lets us ask again; `null` when it did not say. */
  readonly until: Date | null;
  constructor(subject: Subject, until: Date | null, anonymous: boolean, detail = '') {
    const wait =
      until === null ? 'The registry did not say until when.' : `It is limited until ${until.toISOString()}.`;
    const advice = anonymous
      ? 'Wait, or give the feed credentials: signed-in users may ask more often.'
      : 'Wait, or use an account with a higher limit.';
    super(
      'RateLimited',
      `${where(subject)} is limiting our requests${subject.image === undefined ? '' : ` for ${imageOf(subject)}`} (429). ${wait} ${advice}${said(detail)}`,
      {
        transient: true,
        details: { until: until?.toISOString() ?? null, image: subject.image },
      },
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
      `${where(subject)} failed with status ${status}${subject.image === undefined ? '' : ` when asked for ${imageOf(subject)}`}. The fault is the registry's or of a proxy before it. Look into its log, or try again later.${said(detail)}`,
      { transient: status !== 501, details: { status, image: subject.image } },
    );
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Something answers there, but not a Docker registry of API version 2. */
export class NotARegistry extends RegistryError {
  constructor(subject: Subject, observed: string) {
    super(
      'NotARegistry',
      `${where(subject)} does not answer like a Docker registry: ${observed}. Put the registry's own address into the feed; "/v2/" below it must answer.`,
    );
  }
}

/** An answer that breaks the protocol or a bound. */
export class InvalidAnswer extends RegistryError {
  constructor(subject: Subject, observed: string) {
    super(
      'InvalidAnswer',
      `${where(subject)} gave an answer that cannot be used${subject.image === undefined ? '' : ` for ${imageOf(subject)}`}: ${observed}. Look into the registry's log, or for a proxy that changes answers.`,
      { details: { image: subject.image } },
    );
  }
}

/** The bytes are not the ones that the digest names. Nothing of them is used. */
export class DigestMismatch extends RegistryError {
  constructor(subject: Subject, expected: string, actual: string) {
    super(
      'DigestMismatch',
      `${where(subject)} delivered other content than it was asked for: ${imageOf(subject)} should be ${expected} and is ${actual}. The content is refused. Look for a proxy or a mirror that changes answers, or push the image again.`,
      { details: { image: subject.image, expected, actual } },
    );
  }
}

/** It exists and is not a container image that an engine can run. */
export class NotAnImage extends RegistryError {
  constructor(subject: Subject, observed: string, next: string) {
    super(
      'NotAnImage',
      `${where(subject)} has ${imageOf(subject)}, but it cannot be run: ${observed}. ${next}`,
      {
        details: { image: subject.image },
      },
    );
  }
}

/** The registry leads somewhere that credentials must not go. */
export class UnsafeRedirect extends RegistryError {
  constructor(subject: Subject, observed: string, next: string) {
    super('UnsafeRedirect', `${where(subject)} ${observed}. Nothing was sent there. ${next}`);
  }
}

/** `The feed "X" (https://host)`: how every message begins. */
export function where(subject: Subject): string {
  return subject.feed === subject.address
    ? `The registry ${subject.address}`
    : `The feed "${subject.feed}" (${subject.address})`;
}

function imageOf(subject: Subject): string {
  return subject.image === undefined ? '' : `the image "${subject.image}"`;
}

function said(detail: string): string {
  return detail === '' ? '' : ` The registry says: "${detail}".`;
}

function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
