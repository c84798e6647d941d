/**
 * Image references as people type them: `[registry[:port]/]repository[:tag][@digest]`.
 * The grammar and the rule that tells a registry from a repository are Docker's
 * (github.com/distribution/reference): the first component is a registry only if it holds a dot or a colon, is
 * `localhost`, or has upper-case letters.
 */

import { InvalidReference } from './errors.ts';

/** The registry meant by a reference that names none. */
export const DOCKER_HUB = 'docker.io';

/** Docker Hub answers under all of these; a reference or a feed address may use any. */
const dockerHubHosts = new Set([
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
  'hub.docker.com',
  'www.docker.io',
]);

/** Longest `registry/repository` that Docker accepts, in characters. */
const longestName = 255;

export interface ImageReference {
  /** `host` or `host:port`, IPv6 in brackets; `docker.io` for Docker Hub however it was written. */
  readonly registry: string;
  /** Without registry; on Docker Hub with its `library/` for official images. */
  readonly repository: string;
  readonly tag: string | null;
  /** `sha256:…` or `sha512:…`. It decides when there is a tag as well, as in Docker. */
  readonly digest: string | null;
}

/** The parts as they are written, before the Docker Hub rules: what a feed needs, whose registry is known. */
export interface WrittenReference {
  /** `null` when the text names no registry. */
  readonly registry: string | null;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

/** Docker Hub, by whichever of its host names. */
export function isDockerHub(host: string): boolean {
  return dockerHubHosts.has(host.toLowerCase());
}

/**
 * Parses a reference by itself, as `docker pull` would.
 * @throws InvalidReference naming the text, the part that is wrong and what to write instead.
 */
export function parseReference(text: string): ImageReference {
  const written = splitReference(text);
  const registry =
    written.registry === null || isDockerHub(written.registry) ? DOCKER_HUB : written.registry.toLowerCase();
  return { ...written, registry, repository: officialRepository(registry, written.repository) };
}

/** `debian` means `library/debian`, on Docker Hub and nowhere else. */
export function officialRepository(registry: string, repository: string): string {
  return registry === DOCKER_HUB && !repository.includes('/') ? `library/${repository}` : repository;
}

/** The one spelling of a reference: `parseReference(formatReference(r))` gives `r`. */
export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === null ? '' : `:${reference.tag}`;
  const digest = reference.digest === null ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/**
 * Takes a reference apart and checks each part.
 * @throws InvalidReference
 */
export function splitReference(text: string): WrittenReference {
  const trimmed = text.trim();
  refuseWhatIsNoReference(text, trimmed);

  const at = trimmed.indexOf('@');
  const digest = at < 0 ? null : checkDigest(text, trimmed.slice(at + 1));
  const beforeDigest = at < 0 ? trimmed : trimmed.slice(0, at);

  const colon = beforeDigest.lastIndexOf(':');
  const hasTag = colon > beforeDigest.lastIndexOf('/') && colon > beforeDigest.lastIndexOf(']');
  const tag = hasTag ? checkTag(text, beforeDigest.slice(colon + 1)) : null;
  const name = hasTag ? beforeDigest.slice(0, colon) : beforeDigest;

  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const namesRegistry = /[.:[\]A-Z]/.test(first) || first === 'localhost';
  const registry = namesRegistry ? checkRegistry(text, first) : null;
  const repository = checkRepository(text, namesRegistry ? name.slice(slash + 1) : name);
  if (name.length > longestName) {
    throw new InvalidReference(
      text,
      `its name has ${name.length} characters; at most ${longestName} are allowed`,
    );
  }
  return { registry, repository, tag, digest };
}

function refuseWhatIsNoReference(text: string, trimmed: string): void {
  if (trimmed === '') throw new InvalidReference(text, 'it is empty; write for example "debian:12"');
  if (trimmed.includes('#{')) {
    throw new InvalidReference(
      text,
      'it still holds a variable expression; give the variable a value in this scope',
    );
  }
  if (/\s/.test(trimmed))
    throw new InvalidReference(text, 'it holds white space; write the image name alone');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed)) {
    throw new InvalidReference(
      text,
      'it begins like a web address; leave the scheme (such as "https://") out',
    );
  }
}

/** @throws InvalidReference */
function checkRegistry(text: string, registry: string): string {
  const parts = /^(\[[^[\]]+\]|[^:[\]]+)(?::(.*))?$/.exec(registry);
  const host = parts?.[1];
  const port = parts?.[2];
  if (host === undefined) {
    throw new InvalidReference(
      text,
      `"${registry}" is no registry address; an IPv6 address goes in brackets, "[::1]:5000"`,
    );
  }
  if (host.startsWith('[') && !URL.canParse(`http://${host}/`)) {
    throw new InvalidReference(text, `"${host}" is no IPv6 address`);
  }
  const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
  if (!host.startsWith('[') && !new RegExp(`^${label}(?:\\.${label})*$`).test(host)) {
    throw new InvalidReference(text, `"${host}" is no host name`);
  }
  if (port !== undefined && (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)) {
    throw new InvalidReference(text, `"${port}" is no port; write a number from 1 to 65535`);
  }
  return registry;
}

/** @throws InvalidReference */
export function checkRepository(text: string, repository: string): string {
  if (repository === '') throw new InvalidReference(text, 'the image name is missing');
  for (const component of repository.split('/')) {
    if (component === '') {
      throw new InvalidReference(text, 'a slash stands at the beginning, at the end or twice in a row');
    }
    if (/[A-Z]/.test(component)) {
      throw new InvalidReference(text, `image names are lower case; write "${repository.toLowerCase()}"`);
    }
    if (!/^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/.test(component)) {
      throw new InvalidReference(
        text,
        `"${component}" may hold only lower-case letters and digits, with ".", "_", "__" or "-" between them`,
      );
    }
  }
  if (/^[0-9a-f]{64}$/.test(repository)) {
    throw new InvalidReference(
      text,
      'it is 64 hexadecimal digits, which Docker takes for an image id; write a name',
    );
  }
  return repository;
}

/** @throws InvalidReference */
export function checkTag(text: string, tag: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag)) return tag;
  const why =
    tag === ''
      ? 'the tag after the colon is missing'
      : `"${clip(tag)}" is no tag: letters, digits, "_", "." and "-", not beginning with "." or "-", at most 128`;
  throw new InvalidReference(text, why);
}

/** @throws InvalidReference */
export function checkDigest(text: string, digest: string): string {
  if (/^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/.test(digest)) return digest;
  throw new InvalidReference(
    text,
    `"${clip(digest)}" is no digest; write "sha256:" and 64 hexadecimal digits in lower case`,
  );
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
