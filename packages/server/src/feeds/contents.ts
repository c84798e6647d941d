/**
 * What is in a feed, asked the same way of the built-in feed and of a registry: packages by a part of their name, and
 * versions of one package, newest first. Registries are asked outside of transactions: they are other machines.
 */
import { kindOf } from '@argonaut/contracts';
import { type FeedVersionsQuery, timestamp } from '@argonaut/contracts/rest';
import type { Stored } from '../database/index.ts';
import { inOrder, packagesIn, versionsOf } from '../packages/queries.ts';
import type { Services } from '../services.ts';
import { type Feed, isRegistry } from './queries.ts';
import { registriesOf } from './registries.ts';
import { parsePattern } from './versions/pattern.ts';
import { parseRange } from './versions/range.ts';
import { parseVersion } from './versions/version.ts';

export interface FoundPackage {
  readonly name: string;
  readonly description: string;
  /** Undefined: not asked for, because it costs a request for each. */
  readonly latest: string | undefined;
}

export interface FoundVersion {
  readonly packageId: string;
  readonly version: string;
  /** Undefined for tags: a registry does not tell. */
  readonly published: string | undefined;
  /** In bytes; 0 when unknown. */
  readonly size: number;
}

export type VersionFilter = Partial<
  Pick<
    FeedVersionsQuery,
    'includePreRelease' | 'versionRange' | 'preReleaseTag' | 'filter' | 'versionTagRegex'
  >
>;

/** Of up to so many found images the newest tag is asked for. */
const ASKED_FOR_TAGS = 5;

/** @param window results from `skip` on, `take` of them at most */
export async function searchFeed(
  services: Services,
  feed: Stored<Feed>,
  term: string,
  window: { readonly skip: number; readonly take: number },
  signal: AbortSignal,
): Promise<{ readonly found: readonly FoundPackage[]; readonly total: number }> {
  const end = window.skip + window.take;
  if (feed.document.FeedType === 'BuiltIn') {
    const all = await packagesIn(services.database).all({ space: feed.spaceId });
    const named = inOrder(all, true).filter(({ document }) =>
      document.PackageId.toLowerCase().includes(term.trim().toLowerCase()),
    );
    const found = named.slice(window.skip, end).map(({ document }) => ({
      name: document.PackageId,
      description: '',
      latest: document.Version,
    }));
    return { found, total: named.length };
  }
  if (!isRegistry(feed.document)) return { found: [], total: 0 };
  const client = registriesOf(services).clientOf(feed);
  // One more than asked for, so that a full page shows whether there is another.
  const { repositories } = await client.search(term, { limit: Math.min(end + 1, 10_000), signal });
  const cut = repositories.slice(window.skip, end);
  const found = await Promise.all(
    cut.map(async ({ name, description }) => ({
      name,
      description: description ?? '',
      latest:
        cut.length > ASKED_FOR_TAGS
          ? undefined
          : await client.tags(name, { signal }).then(({ tags }) => tags[0], withoutTags),
    })),
  );
  return { found, total: repositories.length };
}

/** Every version that the filter lets through. @throws NotFound (an image), Invalid (a filter), any registry fault */
export async function feedVersions(
  services: Services,
  feed: Stored<Feed>,
  packageId: string,
  filter: VersionFilter,
  signal?: AbortSignal,
): Promise<FoundVersion[]> {
  const suits = filterOf(filter);
  // A package that variables name is another one in every deployment.
  if (packageId.trim() === '' || packageId.includes('#{')) return [];
  return (await allVersions(services, feed, packageId.trim(), signal)).filter(({ version }) =>
    suits(version),
  );
}

async function allVersions(
  services: Services,
  feed: Stored<Feed>,
  packageId: string,
  signal: AbortSignal | undefined,
): Promise<FoundVersion[]> {
  if (feed.document.FeedType === 'BuiltIn') {
    const stored = await versionsOf(services.database, feed.spaceId, packageId);
    return stored.map(({ document }) => ({
      packageId: document.PackageId,
      version: document.Version,
      published: timestamp(new Date(document.Published)),
      size: document.Size,
    }));
  }
  if (!isRegistry(feed.document)) return [];
  const client = registriesOf(services).clientOf(feed);
  const { repository } = client.image(packageId);
  const { tags } = await client.tags(repository, signal === undefined ? {} : { signal });
  return tags.map((version) => ({ packageId, version, published: undefined, size: 0 }));
}

/** @throws Invalid for a range or an expression that cannot be read */
function filterOf(filter: VersionFilter): (version: string) => boolean {
  const part = filter.filter?.trim().toLowerCase() ?? '';
  const conditions: ((version: string) => boolean)[] = [];
  if (filter.includePreRelease === false)
    conditions.push((version) => parseVersion(version).prerelease === '');
  if (part !== '') conditions.push((version) => version.toLowerCase().includes(part));
  if (filter.versionRange?.trim()) conditions.push(parseRange(filter.versionRange));
  if (filter.preReleaseTag?.trim()) {
    const matches = parsePattern(filter.preReleaseTag);
    conditions.push((version) => matches(parseVersion(version).prerelease));
  }
  if (filter.versionTagRegex?.trim()) conditions.push(parsePattern(filter.versionTagRegex));
  return (version) => conditions.every((condition) => condition(version));
}

/** An image whose tags may not be seen is found all the same. */
function withoutTags(error: unknown): undefined {
  if (kindOf(error) === undefined) throw error;
  return undefined;
}
