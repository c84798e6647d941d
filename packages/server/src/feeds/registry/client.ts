/**
 * The registry client that feeds stand on: what a feed may be asked, and how a client for one is made. It keeps
 * tokens, refusals and limits in memory; make one per feed and a new one when the feed's fields change.
 *
 * Octopus's `ApiVersion` is no option: version 1 is dead, Octopus itself wrote `v1` for Docker Hub, and every
 * registry that lives speaks version 2.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Secret } from '@argonaut/contracts';
import {
  apiRepository,
  type FeedImage,
  imageInFeed,
  parseEndpoint,
  pullName,
  type RegistryEndpoint,
} from './endpoint.ts';
import { listTags } from './listing.ts';
import { type PingResult, pingRegistry } from './ping.ts';
import { checkRepository } from './reference.ts';
import { createResolver, type ResolvedImage } from './resolve.ts';
import { catalogueOf, type SearchResult, searchRepositories } from './search.ts';
import { createSession } from './session.ts';
import { orderTags } from './tags.ts';
import { type Clock, createTransport } from './transport.ts';

export interface RegistryClientOptions {
  /** The feed's name, for messages. */
  readonly feedName?: string | undefined;
  /** Such as `https://registry.example.com:5000`; `https://index.docker.io` is Docker Hub. https if no scheme. */
  readonly feedUri: string;
  /** Under which name workers reach the registry, if under another. */
  readonly registryPath?: string | null | undefined;
  readonly username?: string | null | undefined;
  /** Called when the password is needed, so that it is in memory in the clear as late as possible. */
  readonly password?: (() => Secret | undefined) | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Further attempts after a passing fault; 4, as Octopus's five download attempts. */
  readonly retries?: number | undefined;
  /** Longest first wait between attempts in milliseconds, doubled each time; 1,000. */
  readonly backoff?: number | undefined;
  /** Milliseconds for one request with its answer; 20,000. */
  readonly attemptTimeout?: number | undefined;
  /** Milliseconds for one call with all its requests, waits and attempts; 120,000. */
  readonly callTimeout?: number | undefined;
  readonly clock?: Clock | undefined;
  /** From 0 up to, not including, 1. */
  readonly random?: (() => number) | undefined;
}

export interface TagList {
  /** Newest version first, see `orderTags`. */
  readonly tags: readonly string[];
  /** False when the image has more tags than were read. */
  readonly complete: boolean;
}

/**
 * Every method takes an optional signal, whose reason it throws, has a deadline, and otherwise throws only
 * `RegistryError`s. Repositories are named as in the feed: without registry, without the feed's path, and on
 * Docker Hub with or without `library/`.
 */
export interface RegistryClient {
  readonly feedName: string;
  readonly endpoint: RegistryEndpoint;
  readonly hasCredentials: boolean;
  /** Reaches the registry and signs in. */
  ping(signal?: AbortSignal): Promise<PingResult>;
  /** All names, if the registry keeps a catalogue. */
  catalogue(signal?: AbortSignal): Promise<{ readonly names: readonly string[]; readonly complete: boolean }>;
  /** @param options.limit results at most; 100 */
  search(
    term: string,
    options?: { readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<SearchResult>;
  /** @param options.limit tags to read at most; 10,000 */
  tags(
    repository: string,
    options?: { readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<TagList>;
  /**
   * What a tag (or digest) is at this moment.
   * @param timeout milliseconds for the call with its waits, where somebody waits for less than `callTimeout`
   */
  resolve(
    repository: string,
    tagOrDigest: string,
    signal?: AbortSignal,
    timeout?: number,
  ): Promise<ResolvedImage>;
  /** Bytes to download for one platform of an index, whose `size` is `null`. Counts as a pull on Docker Hub. */
  downloadSize(repository: string, platformDigest: string, signal?: AbortSignal): Promise<number>;
  /** Reads the image text of a step. @throws InvalidReference when it names another registry */
  image(text: string): FeedImage;
  /** What a worker pulls. */
  pullName(repository: string, tagOrDigest: string): string;
}

const systemClock: Clock = {
  now: Date.now,
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
};

/** @throws InvalidFeed when the feed's fields cannot be used */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const endpoint = parseEndpoint(options.feedUri, options.registryPath, options.feedName);
  const username = options.username || null;
  const session = createSession({
    endpoint,
    feedName: options.feedName,
    username,
    password: options.password ?? (() => undefined),
    transport: createTransport(options.fetch ?? globalThis.fetch, options.attemptTimeout ?? 20_000),
    policy: {
      retries: options.retries ?? 4,
      backoff: options.backoff ?? 1_000,
      clock: options.clock ?? systemClock,
      random: options.random ?? Math.random,
    },
    callTimeout: options.callTimeout ?? 120_000,
  });
  const resolver = createResolver(session);

  return {
    feedName: options.feedName ?? endpoint.api.origin,
    endpoint,
    get hasCredentials() {
      return session.authorizer.hasCredentials;
    },
    ping: (signal) => pingRegistry(session, session.begin(signal), username),
    catalogue: (signal) => catalogueOf(session, session.begin(signal)),
    search: (term, { limit = 100, signal } = {}) =>
      searchRepositories(session, session.begin(signal), term, limit),
    tags: async (repository, { limit = 10_000, signal } = {}) => {
      const name = apiRepository(endpoint, checkRepository(repository, repository));
      const { names, complete } = await listTags(session, session.begin(signal, repository), name, limit);
      return { tags: orderTags(names), complete };
    },
    resolve: async (repository, tagOrDigest, signal, timeout) => {
      const separator = tagOrDigest.includes(':') ? '@' : ':';
      const call = session.begin(signal, `${repository}${separator}${tagOrDigest}`, timeout);
      return await resolver.resolve(call, repository, tagOrDigest);
    },
    downloadSize: (repository, platformDigest, signal) =>
      resolver.downloadSize(
        session.begin(signal, `${repository}@${platformDigest}`),
        repository,
        platformDigest,
      ),
    image: (text) => imageInFeed(endpoint, text),
    pullName: (repository, tagOrDigest) => pullName(endpoint, repository, tagOrDigest),
  };
}
