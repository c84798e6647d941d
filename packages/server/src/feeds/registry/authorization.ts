/**
 * Who we are to a registry: anonymous, basic, or bearer tokens from the service that the registry names
 * (distribution.github.io/distribution/spec/auth/token).
 *
 * Where credentials go: to the registry's own origin (scheme, host, port), if it asks for basic; and to the token
 * realm that this origin names, if the realm is https, or plain http like the feed itself. Nowhere else: not
 * after a redirect to another origin, and not to a realm named by one.
 *
 * What is asked for: the scope that we compute, never the one in the challenge, so that a registry cannot make us
 * fetch a token for more than we need. Docker does the same.
 *
 * Refused credentials are remembered for a while and not sent again: registries lock accounts.
 */

import { createHash } from 'node:crypto';
import type { Secret } from '@argonaut/contracts';
import { count, jsonOf, saidIn, text } from './answers.ts';
import { parseChallenges } from './challenge.ts';
import { Forbidden, InvalidAnswer, Unauthorized, UnsafeRedirect } from './errors.ts';
import { refuseBusyAnswers } from './retry.ts';
import type { Call, Clock, Transport } from './transport.ts';

/** What a token is for: `repository:<name>:pull`, `registry:catalog:*`, or `''` for signing in alone. */
export type Scope = string;

export type Authentication = 'none' | 'basic' | 'bearer';

export interface Authorizer {
  /** How the registry wanted us to sign in, as far as it has shown. */
  readonly authentication: Authentication;
  /** Whether the feed has a user name and a password. */
  readonly hasCredentials: boolean;
  /** The header to send, if one is known that has not expired. @throws Unauthorized while a refusal is remembered */
  current(scope: Scope, call: Call): string | undefined;
  /**
   * Answers a 401.
   * @param challenge its `WWW-Authenticate`
   * @param used the header that the refused request had
   * @returns the header for one more request
   */
  answer(challenge: string | null, scope: Scope, used: string | undefined, call: Call): Promise<string>;
  /** Takes our password and tokens out of a text that came from outside. */
  readonly redact: (text: string) => string;
}

export interface AuthorizerOptions {
  readonly origin: URL;
  readonly username: string | null;
  readonly password: () => Secret | undefined;
  readonly transport: Transport;
  readonly clock: Clock;
}

interface Token {
  readonly header: string;
  readonly expires: number;
}

interface Refusal {
  readonly until: number;
  /** Their fingerprint: changed credentials are tried at once. */
  readonly credentials: string;
}

/** The specification's life of a token that does not tell its own, in seconds. */
const defaultLife = 60;
/** Not used in its last seconds, so that it does not expire on the way; milliseconds. */
const margin = 5_000;
/** How long refused credentials are not sent again, milliseconds. */
const refusalMemory = 60_000;
const longestToken = 1 << 20;

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  return new RegistryAuthorizer(options);
}

class RegistryAuthorizer implements Authorizer {
  authentication: Authentication = 'none';
  readonly #options: AuthorizerOptions;
  readonly #tokens = new Map<Scope, Token>();
  readonly #fetching = new Map<Scope, Promise<Token>>();
  #refusal: Refusal | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  get hasCredentials(): boolean {
    return this.#basic() !== undefined;
  }

  current(scope: Scope, call: Call): string | undefined {
    this.#refuseAgain(call);
    if (this.authentication === 'basic') return this.#basic();
    const token = this.#tokens.get(scope);
    return token !== undefined && token.expires > this.#options.clock.now() ? token.header : undefined;
  }

  async answer(
    challenge: string | null,
    scope: Scope,
    used: string | undefined,
    call: Call,
  ): Promise<string> {
    this.#refuseAgain(call);
    const challenges = parseChallenges(challenge ?? '');
    const bearer = challenges.find((offered) => offered.scheme === 'bearer');
    if (bearer !== undefined) {
      this.authentication = 'bearer';
      const arrived = this.current(scope, call);
      if (arrived !== undefined && arrived !== used) return arrived;
      this.#tokens.delete(scope);
      const realm = this.#realm(bearer.parameters.get('realm') ?? '', call);
      return await this.#token(realm, bearer.parameters.get('service') ?? null, scope, call);
    }
    if (!challenges.some((offered) => offered.scheme === 'basic'))
      throw new Unauthorized(call.subject, 'scheme');
    this.authentication = 'basic';
    const header = this.#basic();
    if (header === undefined) throw new Unauthorized(call.subject, 'required');
    if (used === header) throw this.#refused('', call);
    return header;
  }

  readonly redact = (said: string): string => {
    const password = this.#options.password()?.reveal() ?? '';
    const headers = [this.#basic(), ...[...this.#tokens.values()].map(({ header }) => header)];
    const secrets = [password, ...headers.map((header) => header?.replace(/^\w+ /, '') ?? '')];
    return secrets
      .filter((secret) => secret !== '')
      .reduce((clean, secret) => clean.replaceAll(secret, '********'), said);
  };

  #basic(): string | undefined {
    const { username, password } = this.#options;
    const secret = password()?.reveal() ?? '';
    if (username === null || username === '' || secret === '') return undefined;
    return `Basic ${Buffer.from(`${username}:${secret}`, 'utf8').toString('base64')}`;
  }

  #realm(realm: string, call: Call): URL {
    if (!URL.canParse(realm))
      throw new InvalidAnswer(call.subject, 'it names no readable address for tokens');
    const url = new URL(realm);
    const { origin } = this.#options;
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && origin.protocol === 'http:')) {
      throw new UnsafeRedirect(
        call.subject,
        `wants passwords sent to "${url.host}" without encryption`,
        "Correct the token realm in the registry's configuration to an https address.",
      );
    }
    url.username = '';
    url.password = '';
    return url;
  }

  /** One request per scope at a time; it ends by its own deadline, not with the caller who happened to be first. */
  async #token(realm: URL, service: string | null, scope: Scope, call: Call): Promise<string> {
    const running = this.#fetching.get(scope);
    const fetching = running ?? this.#fetchToken(realm, service, scope, { ...call, caller: undefined });
    if (running === undefined) {
      this.#fetching.set(scope, fetching);
      const forget = () => this.#fetching.delete(scope);
      fetching.then(forget, forget);
    }
    const token = await untilAborted(fetching, call.caller);
    return token.header;
  }

  async #fetchToken(realm: URL, service: string | null, scope: Scope, call: Call): Promise<Token> {
    const { transport, clock, username } = this.#options;
    const authorization = this.#basic();
    if (service !== null) realm.searchParams.set('service', service);
    if (scope !== '') realm.searchParams.set('scope', scope);
    if (authorization !== undefined && username !== null) realm.searchParams.set('account', username);
    const asked = clock.now();
    const own = { ...call, signal: AbortSignal.timeout(call.timeout) };
    const answer = await transport.send(
      {
        method: 'GET',
        url: realm,
        accept: 'application/json',
        authorization,
        limit: longestToken,
        stayOnOrigin: true,
      },
      own,
    );
    const said = saidIn(answer, this.redact);
    refuseBusyAnswers(answer, call.subject, clock.now(), authorization === undefined, said);
    if (answer.status === 401) {
      if (authorization === undefined) throw new Unauthorized(call.subject, 'required', said);
      throw this.#refused(said, call);
    }
    if (answer.status === 403) {
      if (authorization === undefined) throw new Unauthorized(call.subject, 'insufficient', said);
      throw new Forbidden(call.subject, said);
    }
    const json = jsonOf(answer.body);
    const value = text(json?.token) || text(json?.access_token);
    if (answer.status !== 200 || !value || !/^[\x21-\x7e]+$/.test(value)) {
      throw new InvalidAnswer(
        call.subject,
        `its token service "${realm.host}" gave no token (status ${answer.status})`,
      );
    }
    const life = (count(json?.expires_in) ?? defaultLife) * 1000;
    const token = { header: `Bearer ${value}`, expires: asked + life - Math.min(margin, life / 2) };
    this.#keep(scope, token);
    return token;
  }

  #refused(said: string, call: Call): Unauthorized {
    const until = this.#options.clock.now() + refusalMemory;
    this.#refusal = { until, credentials: fingerprint(this.#basic()) };
    return new Unauthorized(call.subject, 'rejected', said);
  }

  #refuseAgain(call: Call): void {
    if (this.#refusal === undefined) return;
    const { until, credentials } = this.#refusal;
    if (until > this.#options.clock.now() && credentials === fingerprint(this.#basic())) {
      throw new Unauthorized(call.subject, 'rejected');
    }
    this.#refusal = undefined;
  }

  #keep(scope: Scope, token: Token): void {
    const now = this.#options.clock.now();
    for (const [known, { expires }] of this.#tokens) if (expires <= now) this.#tokens.delete(known);
    this.#tokens.set(scope, token);
  }
}

/** Tells credentials apart without keeping them. */
function fingerprint(header: string | undefined): string {
  return createHash('sha256')
    .update(header ?? '')
    .digest('base64');
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
