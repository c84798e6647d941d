/**
 * Is there a registry, and does it take our credentials? `GET /v2/` is made for this question; on Docker Hub it
 * means a token request with the feed's user, so a wrong password shows although public images could be read.
 */

import { jsonOf } from './answers.ts';
import type { Authentication } from './authorization.ts';
import { NotARegistry, RegistryError } from './errors.ts';
import type { Session } from './session.ts';
import type { Call } from './transport.ts';

export interface PingResult {
  /** How the registry let us in. */
  readonly authentication: Authentication;
  /** The user that the registry accepted; `null` when we were let in without being asked. */
  readonly user: string | null;
}

const smallBody = 1 << 20;

/** @throws any fault of this room; `NotARegistry` when something else answers there */
export async function pingRegistry(
  session: Session,
  call: Call,
  username: string | null,
): Promise<PingResult> {
  const { api } = session.endpoint;
  const answer = await session.ask(
    { method: 'GET', url: api, scope: '', accept: 'application/json', limit: smallBody },
    call,
  );
  if (answer.status === 404 && (await speaksOnlyVersion1(session, call))) {
    throw new NotARegistry(
      call.subject,
      'it speaks only version 1 of the registry API, which current engines do not',
    );
  }
  if (answer.status !== 200)
    throw new NotARegistry(call.subject, `"/v2/" answers with status ${answer.status}`);
  const isRegistry = answer.headers.has('docker-distribution-api-version') || jsonOf(answer.body) !== null;
  if (!isRegistry && answer.body.length > 0) {
    const type = answer.headers.get('content-type') ?? 'no content type';
    throw new NotARegistry(call.subject, `"/v2/" answers with something else (${type})`);
  }
  const { authentication, hasCredentials } = session.authorizer;
  return { authentication, user: authentication !== 'none' && hasCredentials ? username : null };
}

async function speaksOnlyVersion1(session: Session, call: Call): Promise<boolean> {
  try {
    const url = new URL('/v1/_ping', session.endpoint.api);
    const answer = await session.askElsewhere({ method: 'GET', url, limit: smallBody }, call);
    return answer.status === 200 && answer.headers.has('x-docker-registry-version');
  } catch (error) {
    if (error instanceof RegistryError) return false;
    throw error;
  }
}
