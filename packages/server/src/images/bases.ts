/**
 * The images that a Dockerfile begins from, as references of a digest table. They name their registry themselves, and stand
 * in the table without a feed: a feed that is added or removed later must not make another reference of them.
 */
import { baseImages } from '@argonaut/runner/images';
import { imageReference, type WorkerImage } from '../feeds/index.ts';
import type { Services } from '../services.ts';

/** What decides which images it begins from. */
interface Recipe {
  readonly dockerfile: string;
  readonly arguments: Readonly<Record<string, string>>;
}

/**
 * By reference as the Dockerfile has it, with its arguments filled in; without those that name their content themselves.
 * What is wrong with the Dockerfile is said by the worker, with its line, so here it has none.
 */
export async function basesOf(
  services: Services,
  space: string,
  { dockerfile, arguments: given }: Recipe,
): Promise<ReadonlyMap<string, WorkerImage>> {
  const found = new Map<string, WorkerImage>();
  for (const reference of referencesIn(dockerfile, given)) {
    const image = await imageReference(services, space, undefined, reference).catch(() => undefined);
    if (image !== undefined && !image.fixed) found.set(reference, image);
  }
  return found;
}

function referencesIn(dockerfile: string, given: Recipe['arguments']): readonly string[] {
  try {
    return baseImages(dockerfile, given).map(({ reference }) => reference);
  } catch {
    return [];
  }
}
