/**
 * A conversation with one registry: requests with the right authorization, asked again when that helps, and the
 * statuses that mean the same for every request turned into errors.
 */

import type { Secret } from '@argonaut/contracts';
import { saidIn } from './answers.ts';
import { type Authorizer, createAuthorizer, type Scope } from './authorization.ts';
import type { RegistryEndpoint } from './endpoint.ts';
import { Forbidden, RateLimited, type Subject, Unauthorized, UnsafeRedirect } from './errors.ts';
import { type RetryPolicy, refuseBusyAnswers, withRetries } from './retry.ts';
import type { Answer, Call, Exchange, Transport } from './transport.ts';

export interface Question {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly scope: Scope;
  readonly accept?: string;
  /** Bound of the body in bytes. */
  readonly limit: number;
}

export interface Session {
  readonly endpoint: RegistryEndpoint;
  readonly authorizer: Authorizer;
  /**
   * Opens the bounds of one public call.
   * @param image as the user wrote it, for messages
   * @param timeout milliseconds, where it differs from the session's
   */
  begin(signal: AbortSignal | undefined, image?: string, timeout?: number): Call;
  /** An address below `/v2/`. */
  url(path: string): URL;
  /**
   * Asks the registry. What comes back is a success or a status that the caller must judge (400, 404, 405, …);
   * 401, 403, 429 and 5xx are thrown.
   */
  ask(question: Question, call: Call): Promise<Answer>;
  /** Asks another service, without any authorization. Every status comes back but 429 and 5xx. */
  askElsewhere(exchange: Exchange, call: Call): Promise<Answer>;
}

export interface SessionOptions {
  readonly endpoint: RegistryEndpoint;
  readonly feedName: string | undefined;
  readonly username: string | null;
  readonly password: () => Secret | undefined;
  readonly transport: Transport;
  readonly policy: RetryPolicy;
  /** Milliseconds for one public call with all its requests and waits. */
  readonly callTimeout: number;
}

export function createSession(options: SessionOptions): Session {
  const { endpoint, transport, policy } = options;
  const { clock } = policy;
  const authorizer = createAuthorizer({
    origin: endpoint.api,
    username: options.username,
    password: options.password,
    transport,
    clock,
  });
  /** When the registry will let us ask again; holds for every request of this client. */
  let limitedUntil: Date | null = null;

  function refuseWhileLimited(subject: Subject): void {
    if (limitedUntil === null) return;
    if (limitedUntil.getTime() > clock.now())
      throw new RateLimited(subject, limitedUntil, !authorizer.hasCredentials);
    limitedUntil = null;
  }

  async function askOnce(question: Question, call: Call): Promise<Answer> {
    refuseWhileLimited(call.subject);
    const known = authorizer.current(question.scope, call);
    const first = await transport.send({ ...question, authorization: known }, call);
    if (first.status !== 401) return checked(first, question, call.subject);
    refuseForeignChallenge(first, question, call.subject);
    const challenge = first.headers.get('www-authenticate');
    const fresh = await authorizer.answer(challenge, question.scope, known, call);
    const second = await transport.send({ ...question, authorization: fresh }, call);
    if (second.status !== 401) return checked(second, question, call.subject);
    refuseForeignChallenge(second, question, call.subject);
    if (fresh.startsWith('Basic ')) await authorizer.answer(challenge, question.scope, fresh, call);
    throw new Unauthorized(call.subject, 'insufficient', saidIn(second, authorizer.redact));
  }

  function checked(answer: Answer, question: Question, subject: Subject): Answer {
    const said = saidIn(answer, authorizer.redact);
    // Some registries do not know HEAD here; the caller then asks by GET.
    if (question.method === 'HEAD' && answer.status === 501) return answer;
    if (answer.status === 403) throw new Forbidden(subject, said);
    try {
      refuseBusyAnswers(answer, subject, clock.now(), !authorizer.hasCredentials, said);
    } catch (error) {
      if (error instanceof RateLimited && error.until !== null) limitedUntil = error.until;
      throw error;
    }
    return answer;
  }

  return {
    endpoint,
    authorizer,
    begin: (signal, image, timeout) => beginCall(options, signal, image, timeout),
    url: (path) => new URL(path, endpoint.api),
    ask: (question, call) => withRetries(policy, call, () => askOnce(question, call)),
    askElsewhere: (exchange, call) =>
      withRetries(policy, call, async () => {
        const answer = await transport.send(exchange, call);
        refuseBusyAnswers(answer, call.subject, clock.now(), true, saidIn(answer, authorizer.redact));
        return answer;
      }),
  };
}

function beginCall(
  options: SessionOptions,
  signal: AbortSignal | undefined,
  image: string | undefined,
  timeout = options.callTimeout,
): Call {
  const address = options.endpoint.api.origin;
  const end = AbortSignal.timeout(timeout);
  return {
    subject: { feed: options.feedName ?? address, address, image },
    caller: signal,
    signal: signal === undefined ? end : AbortSignal.any([signal, end]),
    deadline: options.policy.clock.now() + timeout,
    timeout,
  };
}

/** A host that we were led to may not ask for the feed's credentials. */
function refuseForeignChallenge(answer: Answer, question: Question, subject: Subject): void {
  if (answer.url.origin === question.url.origin) return;
  throw new UnsafeRedirect(
    subject,
    `leads to "${answer.url.origin}", which wants credentials`,
    `If that is the registry, write "${answer.url.origin}" in the feed's address.`,
  );
}
