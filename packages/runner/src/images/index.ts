/** Images: references, acquisition, and what is remembered about them. */
export { keepName, keepRepository } from './acquisition.ts';
export { byDigest, digestIn, type ImageReference, parseReference, repositoryName } from './reference.ts';
