/** Images: references, acquisition, and what is remembered about them. */
export { baseImages } from './dockerfile.ts';
export { builtRepository, imageTitle, keepName, keepRepository } from './names.ts';
export { byDigest, digestsIn, type ImageReference, parseReference, repositoryName } from './reference.ts';
