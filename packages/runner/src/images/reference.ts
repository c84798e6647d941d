/**
 * Image references: `[registry/]repository[:tag][@digest]`. A first part is a registry when it has a dot or a colon
 * or is `localhost`; otherwise the image is on Docker Hub, where one-word names live under `library/`.
 */
import { Invalid } from '@argonaut/contracts';

export interface ImageReference {
  readonly registry: string;
  /** Without the registry: `library/alpine`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

const namePattern = /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestPattern = /^[a-z0-9+._-]+:[0-9a-f]{32,}$/;

/** Splits a reference into its parts; `Invalid` names what does not fit. No tag and no digest means `latest`. */
export function parseReference(text: string): ImageReference {
  const { name, tag, digest } = split(text);
  const fits =
    namePattern.test(name) &&
    (tag === undefined || tagPattern.test(tag)) &&
    (digest === undefined || digestPattern.test(digest));
  if (!fits) {
    throw new Invalid(
      `"${text}" is not an image reference; expected [registry/]repository[:tag] or [registry/]repository@sha256:….`,
    );
  }
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const registry = hasRegistry ? first : 'docker.io';
  const path = hasRegistry ? name.slice(slash + 1) : name;
  const hub = registry === 'docker.io' || registry === 'index.docker.io';
  return {
    registry: hub ? 'docker.io' : registry,
    repository: hub && !path.includes('/') ? `library/${path}` : path,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: 'latest' } : {}),
    ...(digest !== undefined ? { digest } : {}),
  };
}

/** A colon behind the last slash begins a tag; one before it belongs to the registry's port. */
function split(text: string): { name: string; tag?: string; digest?: string } {
  const at = text.indexOf('@');
  const digest = at < 0 ? {} : { digest: text.slice(at + 1) };
  const rest = at < 0 ? text : text.slice(0, at);
  const colon = rest.lastIndexOf(':');
  if (colon <= rest.lastIndexOf('/')) return { name: rest, ...digest };
  return { name: rest.slice(0, colon), tag: rest.slice(colon + 1), ...digest };
}

/** The repository's full name; two references to one repository agree in it, however they were written. */
export function repositoryName(reference: ImageReference): string {
  return `${reference.registry}/${reference.repository}`;
}

/** What to pull so that exactly this content comes, written as the engine shows it (no `docker.io/`). */
export function byDigest(text: string, digest: string): string {
  return `${split(text).name}@${digest}`;
}

/**
 * The digests under which the repository that was asked for knows the image. An image can carry digests of many
 * repositories, and those of others say nothing about this one. Of one repository there are several where tags of it mean an
 * index and the image within it (classic store), or the engine names every pair (Podman).
 */
export function digestsIn(repoDigests: readonly string[], text: string): readonly string[] {
  const wanted = repositoryName(parseReference(text));
  const found = new Set<string>();
  for (const entry of repoDigests) {
    try {
      const candidate = parseReference(entry);
      if (candidate.digest && repositoryName(candidate) === wanted) found.add(candidate.digest);
    } catch {
      // `<none>@<none>` and other things that engines show but that name nothing.
    }
  }
  return [...found];
}
