/** The Docker registry client that feeds stand on: HTTP by `fetch`, nothing of our own API and no database. */
export {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
  type TagList,
} from './client.ts';
export type { FeedImage, RegistryEndpoint } from './endpoint.ts';
export {
  Forbidden,
  InvalidAnswer,
  InvalidFeed,
  InvalidReference,
  NotARegistry,
  RateLimited,
  RegistryError,
  type RegistryFault,
  ServerError,
  Unauthorized,
  type UnauthorizedReason,
  UnsafeRedirect,
} from './errors.ts';
export {
  type CheckName,
  type FeedCheck,
  type FeedFailure,
  type FeedVerdict,
  type TestedImage,
  testFeed,
} from './feed-test.ts';
export * from './image-errors.ts';
export { type Platform, platformName } from './manifests.ts';
export { TlsFailure, type TlsProblem, Unreachable, type UnreachableReason } from './network-faults.ts';
export type { PingResult } from './ping.ts';
export { formatReference, type ImageReference, parseReference } from './reference.ts';
export type { ResolvedImage } from './resolve.ts';
export type { FoundRepository, SearchResult } from './search.ts';
export { nearestTags, orderTags } from './tags.ts';
export type { Clock } from './transport.ts';
