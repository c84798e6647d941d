/** Follows every link of every document, from the root down, as a client does that knows nothing but links. */
import type { TestServer } from '../support.ts';

export interface Visited {
  readonly path: string;
  readonly status: number;
  /** Of a 405: what the path knows instead. */
  readonly allow: string;
  readonly body: unknown;
  /** The document and the name by which it was found. */
  readonly from: string;
}

/** Links of web pages lead out of the API. */
const isOfApi = (link: string) => /^\/api(\/|$)/.test(link);

/** A template without its optional parts; undefined where a value must be put in that only the caller knows. */
function address(template: string): string | undefined {
  const plain = template.replace(/\{[?/&][^}]*\}/g, '');
  return plain.includes('{') ? undefined : plain;
}

export async function walk(server: TestServer, root = '/api'): Promise<readonly Visited[]> {
  const visited: Visited[] = [];
  const known = new Set([root]);
  const next: { path: string; from: string }[] = [{ path: root, from: 'the start' }];
  for (let step = next.shift(); step !== undefined; step = next.shift()) {
    const { status, body, headers } = await server.get(step.path);
    visited.push({ ...step, status, body, allow: String(headers.allow ?? '') });
    if (status !== 200) continue;
    for (const [name, link] of linksIn(body)) {
      const path = isOfApi(link) ? address(link) : undefined;
      if (path === undefined || known.has(path)) continue;
      known.add(path);
      next.push({ path, from: `${name} of ${step.path}` });
    }
  }
  return visited;
}

/** Of the document and of every one inside it. */
function* linksIn(value: unknown): Generator<readonly [string, string]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, entry] of Object.entries(value)) {
    if (key !== 'Links') yield* linksIn(entry);
    else for (const [name, link] of Object.entries(entry as Record<string, string>)) yield [name, link];
  }
}

/** Every text in a document, with where it is. */
export function* textsIn(value: unknown, at = ''): Generator<readonly [string, string]> {
  if (typeof value === 'string') yield [at, value];
  else if (typeof value === 'object' && value !== null) {
    for (const [key, entry] of Object.entries(value)) yield* textsIn(entry, at === '' ? key : `${at}.${key}`);
  }
}
