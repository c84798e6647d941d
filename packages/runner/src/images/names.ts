/** The names under which Argonaut keeps images on an engine. Their host exists nowhere: nothing is ever pulled or pushed. */

import { createHash } from 'node:crypto';
import type { ImageBuild, ImageDigests } from '@argonaut/contracts/attempt';
import type { EngineVersion } from '../ports/engine.ts';

/** Images that were pulled, by their digest: without a tag `docker image prune` would take them. */
export const keepRepository = 'argonaut.local/keep';
/** Images that were built here, by what they were built from. */
export const builtRepository = 'argonaut.local/built';

/** A tag may not contain a colon. */
export function keepName(digest: string): string {
  return `${keepRepository}:${digest.replace(':', '-')}`;
}

/** The digest in a name of {@link keepName}. */
export function keptDigest(local: string): string | undefined {
  const tag = local.startsWith(`${keepRepository}:`) ? local.slice(keepRepository.length + 1) : '';
  return tag === '' ? undefined : tag.replace('-', ':');
}

/**
 * The content decides the name: Dockerfile, arguments, platform, and what the images are that it begins from, by reference:
 * a digest, or the engine's id of one that exists on the worker only.
 */
export function builtName(
  build: Pick<ImageBuild, 'dockerfile' | 'arguments'>,
  { os, architecture }: Pick<EngineVersion, 'os' | 'architecture'>,
  bases: ImageDigests,
): string {
  const facts = [build.dockerfile, sorted(build.arguments), os, architecture, sorted(bases)];
  return `${builtRepository}:${createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 40)}`;
}

function sorted(values: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * The beginning of a sentence about an image: `Image alpine:3`. What is built on a worker is called `the image of step "x"`, which
 * is no reference and says itself what it is.
 */
export function imageTitle(reference: string): string {
  if (!reference.includes(' ')) return `Image ${reference}`;
  return reference.charAt(0).toUpperCase() + reference.slice(1);
}

/** The same in the middle of one. */
export function imageInSentence(reference: string): string {
  return reference.includes(' ') ? reference : `the image ${reference}`;
}
