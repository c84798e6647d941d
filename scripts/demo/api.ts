/** The few calls that the demonstration makes: Octopus's REST API, JSON in and out. */
import type { Secret } from '@argonaut/contracts';

export interface Api {
  get(path: string): Promise<Resource>;
  post(path: string, body: object): Promise<Resource>;
  put(path: string, body: object): Promise<Resource>;
}

/** A resource as it came: the demonstration reads a handful of fields by name. */
export type Resource = Readonly<Record<string, unknown>> & { readonly Id: string };

const DEADLINE_MS = 30_000;

export function createApi(server: string, apiKey: Secret): Api {
  const call = async (method: string, path: string, body?: object): Promise<Resource> => {
    const answer = await fetch(new URL(`/api/Spaces-1${path}`, server), {
      method,
      headers: { 'x-octopus-apikey': apiKey.reveal(), 'content-type': 'application/json' },
      signal: AbortSignal.timeout(DEADLINE_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text) as Resource;
  };
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    put: (path, body) => call('PUT', path, body),
  };
}
