/** Finds the credential in a request. Whose it is, the users' folder knows. */
import type { IncomingHttpHeaders } from 'node:http';
import { Secret } from '@argonaut/contracts';

/** `X-Octopus-ApiKey`, else `Authorization: Bearer`. An empty header (the TypeScript client sends one) is none. */
export function credentialIn(headers: IncomingHttpHeaders): Secret | undefined {
  const apiKey = headers['x-octopus-apikey'];
  if (typeof apiKey === 'string' && apiKey.trim() !== '') return new Secret(apiKey.trim());
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer === undefined ? undefined : new Secret(bearer);
}
