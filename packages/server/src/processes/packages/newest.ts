/**
 * The newest version of a package in its feed. Feeds answer through this port: choosing versions needs nothing else of
 * them, and asks before the transaction, since a feed may be a registry elsewhere.
 */
import type { Services } from '../../services.ts';

export interface VersionQuestion {
  readonly space: string;
  readonly feedId: string;
  readonly packageId: string;
  /** A channel's rule: NuGet's or Maven's notation; empty: any. */
  readonly versionRange?: string | undefined;
  /** A regular expression over the pre-release tag; empty: any. */
  readonly preReleaseTag?: string | undefined;
}

export interface FeedFacts {
  /** Undefined when the feed has no version that would do. */
  newestVersion(question: VersionQuestion): Promise<string | undefined>;
  /** Names by id, of all feeds of a space. */
  names(space: string): Promise<ReadonlyMap<string, string>>;
}

const facts = new WeakMap<Services, FeedFacts>();

/** Called once, while routes are declared. */
export function provideFeedFacts(services: Services, answers: FeedFacts): void {
  facts.set(services, answers);
}

const NO_FEEDS: FeedFacts = { newestVersion: async () => undefined, names: async () => new Map() };

export function feedFacts(services: Services): FeedFacts {
  return facts.get(services) ?? NO_FEEDS;
}
