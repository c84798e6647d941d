/** How releases are stored and found: versions are unique within a project, and the newest comes first. */
import { NotFound } from '@argonaut/contracts';
import type { WritableRelease } from '@argonaut/contracts/rest';
import { Collection, type Database, type Kind, type Stored } from '../database/index.ts';

export type Release = Omit<WritableRelease, 'Version' | 'ChannelId'> & {
  readonly Version: string;
  readonly ChannelId: string;
  /** When it was made. */
  readonly Assembled: string;
  readonly ProjectDeploymentProcessSnapshotId: string;
  readonly ProjectVariableSetSnapshotId: string;
  readonly LibraryVariableSetSnapshotIds: readonly string[];
  readonly BuildInformation: readonly unknown[];
};

const release: Kind<Release> = {
  name: 'Releases',
  title: 'release',
  nameOf: (document) => document.Version,
  parentOf: (document) => document.ProjectId,
  order: 'newest',
  index: (document) => ({
    Project: document.ProjectId,
    Channel: document.ChannelId,
    ProcessSnapshot: document.ProjectDeploymentProcessSnapshotId,
  }),
};

export function releasesIn(database: Database): Collection<Release> {
  return new Collection(database, release);
}

/** Releases that are named to who asks for one that is not there. */
const LATEST_TOLD = 5;

/** By version or id within a project. @throws NotFound */
export async function releaseOf(
  database: Database,
  space: string,
  project: { readonly id: string; readonly document: { readonly Name: string } },
  versionOrId: string,
): Promise<Stored<Release>> {
  const found = await releasesIn(database).resolve(versionOrId, space, project.id);
  if (found) return found;
  const latest = await newestReleases(database, space, project.id);
  const there = latest.slice(0, LATEST_TOLD).map(({ document }) => document.Version);
  throw new NotFound(
    `The project "${project.document.Name}" has no release "${versionOrId}". ${
      there.length === 0 ? 'It has none at all: create one first.' : `Its latest are ${there.join(', ')}.`
    }`,
  );
}

/** Releases that were in a channel last, for version numbers: newest first. */
export function newestReleases(
  database: Database,
  space: string,
  projectId: string,
  channelId?: string,
): Promise<readonly Stored<Release>[]> {
  return releasesIn(database).all({
    space,
    parent: projectId,
    where: { Channel: channelId },
    take: RECENT,
  });
}

/** So many releases are looked through for one whose version has numbers in it. */
const RECENT = 30;
