/** From a step's image (`Container.FeedId`, `Container.Image`) to what a worker can pull, with the feed's credentials. */
import { Invalid, type Secret } from '@argonaut/contracts';
import type { Services } from '../services.ts';
import { feedNamed } from './queries.ts';
import { registriesOf } from './registries.ts';
import { formatReference, parseReference, type RegistryClient } from './registry/index.ts';

/** The feed of an image, for questions to its registry. */
export interface ImageFeed {
  readonly id: string;
  readonly name: string;
  readonly client: RegistryClient;
  readonly repository: string;
  readonly tagOrDigest: string;
}

export interface WorkerImage {
  /** Absent: the image names its registry itself. */
  readonly feed?: ImageFeed;
  /** The one spelling of the image within its feed, `repository:tag`; with the registry where there is no feed. */
  readonly name: string;
  /** The text itself says which content is meant (`@sha256:…`). */
  readonly fixed: boolean;
  /** As the worker's engine is to see it: under the feed's registry path, with a tag or digest. */
  readonly reference: string;
  /** For this one pull; never stored. Absent: the feed signs in to nothing. */
  readonly credentials?: { readonly username: string; readonly password: Secret };
  /** Sentences for the task log. */
  readonly warnings: readonly string[];
}

/**
 * `feed` is an id, slug or name; empty: the image names its registry itself (none means Docker Hub), anonymously.
 * No network. @throws NotFound (the feed), Invalid (the image's text, a registry that is not the feed's, a feed of
 * packages)
 */
export async function imageReference(
  services: Services,
  space: string,
  feed: string | undefined,
  image: string,
): Promise<WorkerImage> {
  const text = image.trim();
  if (text === '') {
    throw new Invalid(
      'The step names no image. Write one such as "library/alpine:3.20", or run it on the worker.',
    );
  }
  if (feed === undefined || feed.trim() === '') {
    const parsed = parseReference(text);
    const tag = parsed.digest === null ? (parsed.tag ?? 'latest') : parsed.tag;
    const reference = formatReference({ ...parsed, tag });
    return { name: reference, fixed: parsed.digest !== null, reference, warnings: untagged(text, parsed) };
  }
  const stored = await feedNamed(services.database, space, feed.trim());
  const registries = registriesOf(services);
  const client = registries.clientOf(stored);
  const named = client.image(text);
  const { repository } = named;
  const tagOrDigest = named.digest ?? named.tag ?? 'latest';
  const username = stored.document.Username;
  const password = username ? registries.passwordOf(stored) : undefined;
  const reference = client.pullName(repository, tagOrDigest);
  return {
    feed: { id: stored.id, name: stored.document.Name, client, repository, tagOrDigest },
    // From what is pulled, so that `alpine` and `library/alpine` of Docker Hub are one.
    name: reference.slice(client.endpoint.pullPrefix.length),
    fixed: named.digest !== null,
    reference,
    ...(username && password ? { credentials: { username, password } } : {}),
    warnings: untagged(text, named),
  };
}

function untagged(
  text: string,
  named: { readonly tag: string | null; readonly digest: string | null },
): string[] {
  if (named.tag !== null || named.digest !== null) return [];
  return [
    `The image "${text}" names no tag, so "latest" is taken, which may be another image tomorrow. Name a tag.`,
  ];
}
