/** Finds the credential in a request. Whose it is, the users' folder knows. */
import type { IncomingHttpHeaders } from 'node:http';
import { Secret } from '@argonaut/contracts';

export interface Credential {
  /** A session is sent by browsers without their page's doing, so it alone does not prove who asks. */
  readonly kind: 'key' | 'session';
  readonly secret: Secret;
}

/** Cookies of an installation: several servers may share a host's name. Names: Octopus's. */
export function cookieNames(installationId: string): { readonly session: string; readonly csrf: string } {
  return {
    session: `OctopusIdentificationToken_${installationId}`,
    csrf: `Octopus-Csrf-Token_${installationId}`,
  };
}

/**
 * `X-Octopus-ApiKey`, else `Authorization: Bearer`, else the session's cookie. An empty header (the TypeScript client
 * sends one) is none.
 */
export function credentialIn(headers: IncomingHttpHeaders, installationId: string): Credential | undefined {
  const apiKey = headers['x-octopus-apikey'];
  if (typeof apiKey === 'string' && apiKey.trim() !== '')
    return { kind: 'key', secret: new Secret(apiKey.trim()) };
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return { kind: 'key', secret: new Secret(bearer) };
  const token = cookieIn(headers, cookieNames(installationId).session);
  return token === undefined ? undefined : { kind: 'session', secret: new Secret(token) };
}

/** RFC 6265, section 4.2: `name=value; name=value`. */
function cookieIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [key, ...value] = pair.trim().split('=');
    if (key === name && value.length > 0) return value.join('=').replace(/^"|"$/g, '') || undefined;
  }
  return undefined;
}
