/** Registry credentials as the engine wants them with each single request. */
import type { RegistryCredentials } from '@argonaut/contracts/attempt';
import { parseReference } from '../images/reference.ts';

/**
 * The `X-Registry-Auth` header: URL-safe base64 **with** padding. Without it engines silently go on without
 * credentials (measured on Docker 20.10 and 29).
 */
export function registryAuth(
  reference: string,
  credentials: RegistryCredentials | undefined,
): Record<string, string> {
  if (!credentials) return {};
  const host = parseReference(reference).registry;
  const json = JSON.stringify({
    username: credentials.username,
    password: credentials.password.reveal(),
    // The hub's index has its historic name in the engine's credential look-up.
    serveraddress: host === 'docker.io' ? 'https://index.docker.io/v1/' : host,
  });
  const base64 = Buffer.from(json, 'utf8').toString('base64');
  return { 'X-Registry-Auth': base64.replaceAll('+', '-').replaceAll('/', '_') };
}
