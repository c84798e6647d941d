/** Packages and build information on the wire. */
import type { Stored } from '../database/index.ts';
import { type BuildInformation, type Package, wireId } from './queries.ts';

export function present(
  stored: Stored<Package>,
  feedId: string,
  build: Stored<BuildInformation> | undefined,
) {
  const { document, spaceId } = stored;
  const { PackageId, Version, FileExtension, Published, Size, Sha1 } = document;
  const id = wireId(document);
  const self = `/api/${spaceId}/packages/${encodeURIComponent(id)}`;
  return {
    Id: id,
    SpaceId: spaceId,
    PackageId,
    Version,
    FeedId: feedId,
    FileExtension,
    Title: PackageId,
    Summary: '',
    Description: '',
    Published,
    ReleaseNotes: '',
    NuGetPackageId: PackageId,
    NuGetFeedId: feedId,
    PackageSizeBytes: Size,
    Hash: Sha1,
    PackageVersionBuildInformation: build === undefined ? null : presentBuild(build),
    Links: {
      Self: self,
      Raw: `${self}/raw`,
      Feed: `/api/${spaceId}/feeds/${feedId}`,
      AllVersions: `/api/${spaceId}/packages{?nuGetPackageId,filter,latest,skip,take,includeNotes}`,
    },
  };
}

export function presentBuild({ id, spaceId, document }: Stored<BuildInformation>) {
  const self = `/api/${spaceId}/build-information/${id}`;
  const Commits = (document.Commits ?? []).map((commit) => ({
    Id: commit.Id,
    LinkUrl: null,
    Comment: commit.Comment ?? '',
  }));
  return {
    Id: id,
    SpaceId: spaceId,
    ...document,
    Commits,
    VcsCommitUrl: null,
    IssueTrackerName: null,
    WorkItems: [],
    IncompleteDataWarning: null,
    Links: { Self: self },
  };
}
