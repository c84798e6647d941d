/** The feed to ask about an image that names its registry itself. */
import type { Services } from '../services.ts';
import type { ImageFeed, WorkerImage } from './image-reference.ts';
import { feedsIn, isRegistry } from './queries.ts';
import { registriesOf } from './registries.ts';

/**
 * The image's own feed; otherwise the space's feed of the registry that it names. Of several one that signs in, then the one
 * that was made first. Undefined: the server asks only the registries of feeds, so nobody can be asked.
 */
export async function feedToAsk(
  services: Services,
  space: string,
  image: Pick<WorkerImage, 'feed' | 'reference'>,
): Promise<ImageFeed | undefined> {
  if (image.feed !== undefined) return image.feed;
  let found: ImageFeed | undefined;
  for (const stored of await feedsIn(services.database).all({ space })) {
    const { document } = stored;
    if (!isRegistry(document) || (found !== undefined && !document.Username)) continue;
    const feed = asFeed();
    if (feed !== undefined && document.Username) return feed;
    found ??= feed;

    function asFeed(): ImageFeed | undefined {
      try {
        const client = registriesOf(services).clientOf(stored);
        const { repository, tag, digest } = client.image(image.reference);
        const tagOrDigest = digest ?? tag ?? 'latest';
        return { id: stored.id, name: document.Name, client, repository, tagOrDigest };
      } catch {
        // It is of another registry, or its own fields are wrong, which its test tells.
        return undefined;
      }
    }
  }
  return found;
}
