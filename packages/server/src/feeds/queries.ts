/** How feeds are stored and found. */
import { NotFound } from '@argonaut/contracts';
import type { WritableFeed } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type SealedFields, type Stored } from '../database/index.ts';

/** The wire's fields as they came, but for secrets, which lie sealed under the names of their fields. */
export interface Feed extends Omit<WritableFeed, 'Password' | 'SecretKey'> {
  readonly Secrets: SealedFields;
}

/** Id in the default space and slug in every other, so that this word finds the built-in feed everywhere. */
export const BUILT_IN = 'feeds-builtin';

/** Feeds whose packages are images of a registry that speaks the Docker protocol with user and password. */
const REGISTRIES: ReadonlySet<string> = new Set([
  'Docker',
  'AzureContainerRegistry',
  'GoogleContainerRegistry',
]);

export const FEED_KIND: Kind<Feed> = {
  name: 'Feeds',
  title: 'feed',
  nameOf: (document) => document.Name,
  slugs: true,
  // Clients take the first of the list for the built-in one.
  sortOf: (document) => (document.FeedType === 'BuiltIn' ? 0 : 1),
  index: (document) => ({ FeedType: document.FeedType }),
};

export function feedsIn(database: Database): Collection<Feed> {
  return new Collection(database, FEED_KIND);
}

export function isRegistry(feed: Feed): boolean {
  return REGISTRIES.has(feed.FeedType);
}

/** By id, slug or name. @throws NotFound */
export async function feedNamed(database: Database, space: string, key: string): Promise<Stored<Feed>> {
  const found = await feedsIn(database).resolve(key, space);
  if (found !== undefined) return found;
  throw new NotFound(
    `The feed "${key}" was not found in this space. Choose one that exists, or create it under Feeds.`,
  );
}

/** Every space has exactly one. */
export async function builtInFeed(database: Database, space: string): Promise<Stored<Feed>> {
  const found = await feedsIn(database).all({ space, where: { FeedType: 'BuiltIn' }, take: 1 });
  return found[0] ?? (await feedsIn(database).get(BUILT_IN, space));
}
