/** Who signs in for the images that a Dockerfile begins from: the feeds of the registries that it names. */
import type { ImageBuild } from '@argonaut/contracts/attempt';
import { baseImages, parseReference } from '@argonaut/runner/images';
import type { Services } from '../services.ts';
import { feedsIn, isRegistry } from './queries.ts';
import { registriesOf } from './registries.ts';

/** For this one request; never stored. Of several feeds of one registry the one that was made first. */
export async function baseCredentials(
  services: Services,
  space: string,
  { dockerfile, arguments: given }: Pick<ImageBuild, 'dockerfile' | 'arguments'>,
): Promise<ImageBuild['credentials']> {
  const named = new Set(registriesNamed(dockerfile, given));
  if (named.size === 0) return [];
  const found = new Map<string, ImageBuild['credentials'][number]>();
  const registries = registriesOf(services);
  for (const feed of await feedsIn(services.database).all({ space })) {
    const { Username: username } = feed.document;
    if (!username || !isRegistry(feed.document)) continue;
    const password = registries.passwordOf(feed);
    const [host = ''] = registries.clientOf(feed).endpoint.pullPrefix.split('/');
    const { registry } = parseReference(`${host}/any`);
    if (password !== undefined && named.has(registry) && !found.has(registry))
      found.set(registry, { registry, username, password });
  }
  return [...found.values()];
}

/** What is wrong with the Dockerfile is said by the worker, with its line. */
function registriesNamed(dockerfile: string, given: ImageBuild['arguments']): readonly string[] {
  try {
    return baseImages(dockerfile, given).map(({ reference }) => parseReference(reference).registry);
  } catch {
    return [];
  }
}
