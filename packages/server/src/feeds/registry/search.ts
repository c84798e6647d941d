/**
 * Finding images by a part of their name. Registries have no search: their catalogue is read and filtered. Docker
 * Hub has a search of its own and no catalogue. Many others (GitHub's, Amazon's, ProGet's, …) have neither; there
 * the whole name must be typed, and we only say whether it exists.
 */

import { count, jsonOf, list, record, text } from './answers.ts';
import { apiRepository, DOCKER_HUB_SEARCH } from './endpoint.ts';
import { RegistryError, Unauthorized } from './errors.ts';
import { listCatalogue, listTags } from './listing.ts';
import { splitReference } from './reference.ts';
import type { Session } from './session.ts';
import type { Call } from './transport.ts';

export interface FoundRepository {
  /** Below the feed's path: what Octopus calls the package id. */
  readonly name: string;
  readonly description: string | null;
  /** One of Docker's own images. */
  readonly official: boolean;
}

export interface SearchResult {
  /** The very name first, then names that begin with the term, then the others; each by name. */
  readonly repositories: readonly FoundRepository[];
  /** `name-only`: the registry cannot be searched; the term was tried as a whole name. */
  readonly source: 'catalogue' | 'docker-hub' | 'name-only';
  /** False when there may be more than is listed. */
  readonly complete: boolean;
}

/** Names read from a catalogue at most. */
const mostNames = 20_000;
/** Docker Hub's largest page. */
const hubPage = 100;

export async function searchRepositories(
  session: Session,
  call: Call,
  term: string,
  most: number,
): Promise<SearchResult> {
  const wanted = term.trim().toLowerCase();
  if (session.endpoint.isDockerHub) {
    return (await searchDockerHub(session, call, wanted, most)) ?? (await tryName(session, call, wanted));
  }
  try {
    return await searchCatalogue(session, call, wanted, most);
  } catch (error) {
    if (!meansNoCatalogue(error)) throw error;
    return await tryName(session, call, wanted);
  }
}

/** All names of a registry that has a catalogue, below the feed's path. */
export async function catalogueOf(
  session: Session,
  call: Call,
): Promise<{ names: string[]; complete: boolean }> {
  const { names, complete } = await listCatalogue(session, call, mostNames);
  const { prefix } = session.endpoint;
  return {
    names: names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)),
    complete,
  };
}

/**
 * Whether an error of the catalogue says only that there is none for us. Wrong credentials, a registry that
 * fails, or one that limits us, are errors of the search.
 */
export function meansNoCatalogue(error: unknown): boolean {
  if (error instanceof Unauthorized) return error.reason !== 'rejected';
  return (
    error instanceof RegistryError &&
    (error.fault === 'NotARegistry' ||
      error.fault === 'Forbidden' ||
      error.fault === 'InvalidAnswer' ||
      error.details.status === 501)
  );
}

async function searchCatalogue(
  session: Session,
  call: Call,
  wanted: string,
  most: number,
): Promise<SearchResult> {
  const { names, complete } = await catalogueOf(session, call);
  const found = byNearness(
    names
      .filter((name) => name.toLowerCase().includes(wanted))
      .map((name) => ({ name, description: null, official: false })),
    wanted,
  );
  return {
    repositories: found.slice(0, most),
    source: 'catalogue',
    complete: complete && found.length <= most,
  };
}

/** `null` when Docker Hub's search cannot be used. It is public and gets no credentials. */
async function searchDockerHub(
  session: Session,
  call: Call,
  wanted: string,
  most: number,
): Promise<SearchResult | null> {
  if (wanted === '') return { repositories: [], source: 'docker-hub', complete: false };
  const url = new URL(DOCKER_HUB_SEARCH);
  url.searchParams.set('q', wanted.replace(/^library\//, ''));
  url.searchParams.set('n', String(hubPage));
  const answer = await session.askElsewhere(
    { method: 'GET', url, accept: 'application/json', limit: 4 << 20 },
    call,
  );
  const json = answer.status === 200 ? jsonOf(answer.body) : null;
  if (json === null || !Array.isArray(json.results)) return null;
  const repositories: FoundRepository[] = [];
  for (const result of list(json.results)) {
    const fields = record(result);
    const name = text(fields?.name);
    if (name === null) continue;
    repositories.push({
      name,
      description: text(fields?.description) || null,
      official: fields?.is_official === true,
    });
  }
  return {
    // In Docker Hub's own order: it knows which are used most.
    repositories: repositories.slice(0, most),
    source: 'docker-hub',
    complete: (count(json.num_results) ?? 0) <= Math.min(most, repositories.length),
  };
}

async function tryName(session: Session, call: Call, wanted: string): Promise<SearchResult> {
  const name = nameIn(wanted);
  const repositories =
    name !== null && (await exists(session, call, name))
      ? [{ name, description: null, official: false }]
      : [];
  return { repositories, source: 'name-only', complete: true };
}

function nameIn(wanted: string): string | null {
  try {
    return splitReference(wanted).repository;
  } catch {
    return null;
  }
}

async function exists(session: Session, call: Call, repository: string): Promise<boolean> {
  try {
    await listTags(session, call, apiRepository(session.endpoint, repository), 1);
    return true;
  } catch (error) {
    if (
      error instanceof RegistryError &&
      ['RepositoryNotFound', 'Forbidden', 'InvalidAnswer'].includes(error.fault)
    )
      return false;
    if (error instanceof Unauthorized && error.reason !== 'rejected') return false;
    throw error;
  }
}

function byNearness(found: FoundRepository[], wanted: string): FoundRepository[] {
  const rank = (name: string) => (name === wanted ? 0 : name.startsWith(wanted) ? 1 : 2);
  return found.sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}
