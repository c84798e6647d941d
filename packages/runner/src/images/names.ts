/** The names under which Argonaut keeps images on an engine. Their host exists nowhere: nothing is ever pulled or pushed. */

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
