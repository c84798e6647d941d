/**
 * Lists in pages: the tags of an image and the catalogue of a registry. Pages follow the `Link` header
 * (OCI distribution specification, "Content Discovery"); bounds and a memory of visited pages keep a registry
 * whose links go in circles from holding us.
 */

import { jsonOf, list, saidIn, text } from './answers.ts';
import type { Scope } from './authorization.ts';
import { InvalidAnswer, NotARegistry } from './errors.ts';
import { RepositoryNotFound } from './image-errors.ts';
import type { Session } from './session.ts';
import type { Answer, Call } from './transport.ts';

export interface Listing {
  readonly names: readonly string[];
  /** False when the bound was reached and there is more. */
  readonly complete: boolean;
}

/** What registries commonly give at most in one page. */
const pageSize = 1_000;
/** Registries may give smaller pages than they were asked for; this many are enough for every bound we use. */
const mostPages = 200;
/** 1,000 names of the longest kind fit several times. */
const pageLimit = 8 << 20;

interface Pages {
  /** Below `/v2/`. */
  readonly path: string;
  readonly scope: Scope;
  readonly field: 'tags' | 'repositories';
  /** Names to read at most. */
  readonly most: number;
}

/**
 * All tags of a repository, in the registry's order.
 * @param repository as the API knows it
 * @throws RepositoryNotFound
 */
export async function listTags(
  session: Session,
  call: Call,
  repository: string,
  most: number,
): Promise<Listing> {
  const scope = `repository:${repository}:pull`;
  const pages: Pages = { path: `${repository}/tags/list`, scope, field: 'tags', most };
  return await readPages(session, call, pages, (answer) => {
    const said = saidIn(answer, session.authorizer.redact);
    if (answer.status === 404) throw new RepositoryNotFound(call.subject, said);
    throw new InvalidAnswer(
      call.subject,
      `status ${answer.status} for its tags${said === '' ? '' : ` ("${said}")`}`,
    );
  });
}

/** The names of a registry. @throws NotARegistry when it keeps no catalogue */
export async function listCatalogue(session: Session, call: Call, most: number): Promise<Listing> {
  const pages: Pages = { path: '_catalog', scope: 'registry:catalog:*', field: 'repositories', most };
  return await readPages(session, call, pages, (answer) => {
    throw new NotARegistry(call.subject, `it has no catalogue (status ${answer.status})`);
  });
}

async function readPages(
  session: Session,
  call: Call,
  { path, scope, field, most }: Pages,
  refuse: (answer: Answer) => never,
): Promise<Listing> {
  const names = new Set<string>();
  const visited = new Set<string>();
  const page = (url: URL) =>
    session.ask({ method: 'GET', url, scope, accept: 'application/json', limit: pageLimit }, call);
  let url = session.url(path);
  url.searchParams.set('n', String(pageSize));
  while (visited.size < mostPages && !visited.has(url.search)) {
    visited.add(url.search);
    let answer = await page(url);
    if (answer.status === 400 && visited.size === 1) {
      // Some refuse a page size above their own; without one they choose.
      url = session.url(path);
      answer = await page(url);
    }
    const json = answer.status === 200 ? jsonOf(answer.body) : null;
    if (json === null) refuse(answer);
    for (const name of list(json[field])) {
      if (names.size === most) return { names: [...names], complete: false };
      const known = text(name);
      if (known !== null) names.add(known);
    }
    const next = nextLink(answer.headers.get('link'), url);
    if (next === null) return { names: [...names], complete: true };
    url = next;
  }
  return { names: [...names], complete: false };
}

/**
 * The address of the next page. Only the query is taken from the link: behind a proxy registries often get their
 * own host or scheme wrong, and a link must not lead our credentials elsewhere.
 */
export function nextLink(header: string | null, current: URL): URL | null {
  for (const match of (header ?? '').matchAll(/<([^>]*)>\s*((?:;\s*[^;,]+)*)/g)) {
    const [, target = '', parameters = ''] = match;
    if (!/;\s*rel\s*=\s*"?next"?/i.test(parameters) || !URL.canParse(target, current)) continue;
    const next = new URL(current);
    next.search = new URL(target, current).search;
    return next;
  }
  return null;
}
