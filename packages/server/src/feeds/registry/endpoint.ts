/**
 * Where a feed's registry is: the address of its API for the server, and the name under which a worker pulls.
 * Octopus's fields are `FeedUri` (what the server asks) and `RegistryPath` (what workers use when they reach the
 * same registry under another name).
 */

import { InvalidFeed, InvalidReference } from './errors.ts';
import { checkRepository, DOCKER_HUB, isDockerHub, officialRepository, splitReference } from './reference.ts';

/** The host that serves Docker Hub's registry API; `index.docker.io` and the others only lead to it. */
const dockerHubApi = 'https://registry-1.docker.io/v2/';

/** Docker Hub's public search; its registry API has no catalogue. */
export const DOCKER_HUB_SEARCH = 'https://index.docker.io/v1/search';

export interface RegistryEndpoint {
  /** Ends in `/v2/`. Its origin is the only one that ever gets basic credentials, beside its token realm. */
  readonly api: URL;
  /** `host[:port]` as it stands in image references; `docker.io` for Docker Hub. */
  readonly host: string;
  /** Path below the host that belongs to every repository of this feed: empty, or ends in `/`. */
  readonly prefix: string;
  /** What workers put before a repository: host and prefix, ends in `/`. */
  readonly pullPrefix: string;
  readonly isDockerHub: boolean;
}

/** An image within a feed: no registry, the feed knows it. */
export interface FeedImage {
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

/**
 * Reads `FeedUri` and `RegistryPath`; `feed` is the name for messages.
 * @throws InvalidFeed
 */
export function parseEndpoint(
  feedUri: string,
  registryPath?: string | null,
  feed?: string,
): RegistryEndpoint {
  const url = parseAddress(feedUri, feed);
  const hub = isDockerHub(url.host);
  const host = hub ? DOCKER_HUB : url.host;
  const prefix = prefixOf(feedUri, url.pathname, feed);
  const pull = registryPath?.trim() ? parseAddress(registryPath, feed) : null;
  const pullHost = pull === null ? host : isDockerHub(pull.host) ? DOCKER_HUB : pull.host;
  return {
    api: hub ? new URL(dockerHubApi) : new URL('/v2/', url),
    host,
    prefix,
    pullPrefix: `${pullHost}/${pull === null ? prefix : prefixOf(registryPath ?? '', pull.pathname, feed)}`,
    isDockerHub: hub,
  };
}

/** The repository as the registry's API knows it: with the feed's path, and Docker Hub's `library/`. */
export function apiRepository(endpoint: RegistryEndpoint, repository: string): string {
  return (
    endpoint.prefix + (endpoint.prefix === '' ? officialRepository(endpoint.host, repository) : repository)
  );
}

/** What a worker pulls: `registry/repository@sha256:…` for a digest, `registry/repository:tag` for a tag. */
export function pullName(endpoint: RegistryEndpoint, repository: string, tagOrDigest: string): string {
  const separator = tagOrDigest.includes(':') ? '@' : ':';
  const official =
    endpoint.pullPrefix === `${DOCKER_HUB}/` ? officialRepository(DOCKER_HUB, repository) : repository;
  return `${endpoint.pullPrefix}${official}${separator}${tagOrDigest}`;
}

/**
 * Reads the image text of a step against its feed. People write the registry although the feed already says it:
 * the feed's own name is taken away, another one is an error that shows both.
 * @throws InvalidReference
 */
export function imageInFeed(endpoint: RegistryEndpoint, text: string): FeedImage {
  const { registry, repository, tag, digest } = splitReference(text);
  if (registry === null) return { repository, tag, digest };
  const written = isDockerHub(registry) ? DOCKER_HUB : registry.toLowerCase();
  const name = `${written}/${repository}`;
  const own = [`${endpoint.host}/${endpoint.prefix}`, endpoint.pullPrefix].find((prefix) =>
    name.startsWith(prefix),
  );
  if (own === undefined) {
    throw new InvalidReference(
      text,
      `it names the registry "${registry}", but its feed is "${endpoint.host}/${endpoint.prefix}"; ` +
        'leave the registry out, or choose the feed of that registry',
    );
  }
  return { repository: name.slice(own.length), tag, digest };
}

function parseAddress(address: string, feed: string | undefined): URL {
  const trimmed = address.trim();
  if (trimmed === '')
    throw new InvalidFeed('the address is empty', 'Write it like "https://registry.example.com".', feed);
  const schemed = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  if (!URL.canParse(schemed)) {
    // Not quoted: a text that does not parse may still hold a password.
    throw new InvalidFeed(
      'the address cannot be read',
      'Write it like "https://registry.example.com:5000".',
      feed,
    );
  }
  const url = new URL(schemed.replace(/^oci:/i, 'https:'));
  if (url.username !== '' || url.password !== '') {
    throw new InvalidFeed(
      `the address of ${url.host} holds a user name or a password`,
      "Take them out of the address and put them into the feed's credentials.",
      feed,
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new InvalidFeed(
      `"${url.protocol}//" is no scheme of a Docker registry`,
      'Use "https://" or "http://".',
      feed,
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw new InvalidFeed(
      `the address of ${url.host} has a query or a fragment`,
      'End it after the host or path.',
      feed,
    );
  }
  return url;
}

/** `/v2/`, `/v1/` and slashes at the edges mean nothing; the rest is a path that repositories begin with. */
function prefixOf(address: string, pathname: string, feed: string | undefined): string {
  const path = pathname.replace(/^\/v[12](?=\/|$)/, '').replace(/^\/+|\/+$/g, '');
  if (path === '') return '';
  try {
    return `${checkRepository(address, path)}/`;
  } catch (error) {
    if (!(error instanceof InvalidReference)) throw error;
    throw new InvalidFeed(`the path "/${path}" cannot begin an image name`, error.reason, feed);
  }
}
