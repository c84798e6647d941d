/** Packages of the built-in feed, and what a build told about them. */
import { type Static, Type } from 'typebox';
import {
  Name,
  Nullable,
  NullableText,
  OneOf,
  Optional,
  PageQuery,
  QueryList,
  Resource,
  Text,
  Writable,
} from './basics.ts';

export const OverwriteMode = OneOf(['FailIfExists', 'OverwriteExisting', 'IgnoreIfExists']);
export type OverwriteMode = Static<typeof OverwriteMode>;

/** `replace=true` is the older spelling of `OverwriteExisting`. */
export const OverwriteQuery = Type.Object({
  overwriteMode: Optional(OverwriteMode),
  replace: Optional(Type.Boolean()),
});

export const BuildDetails = Type.Object(
  {
    BuildEnvironment: Optional(NullableText),
    BuildNumber: Optional(NullableText),
    BuildUrl: Optional(NullableText),
    Branch: Optional(NullableText),
    VcsType: Optional(NullableText),
    VcsRoot: Optional(NullableText),
    VcsCommitNumber: Optional(NullableText),
    Commits: Optional(
      Type.Array(Type.Object({ Id: Type.String(), Comment: Optional(NullableText) }), { default: [] }),
    ),
  },
  { title: 'OctopusBuildInformation' },
);
export type BuildDetails = Static<typeof BuildDetails>;

export const WritableBuildInformation = Writable('WritableBuildInformation', {
  PackageId: Name,
  Version: Name,
  OctopusBuildInformation: BuildDetails,
});
export type WritableBuildInformation = Static<typeof WritableBuildInformation>;

export const BuildInformationResource = Resource('PackageVersionBuildInformation', BuildDetails.properties, {
  PackageId: Type.String(),
  Version: Type.String(),
  VcsCommitUrl: NullableText,
  IssueTrackerName: NullableText,
  WorkItems: Type.Array(Type.Unknown()),
  IncompleteDataWarning: NullableText,
  Created: Type.String(),
});

export const PackageResource = Resource(
  'Package',
  {},
  {
    PackageId: Type.String(),
    Version: Type.String(),
    FeedId: Type.String(),
    FileExtension: Type.String(),
    Title: Type.String(),
    Summary: Type.String(),
    Description: Type.String(),
    Published: Type.String(),
    ReleaseNotes: Type.String(),
    NuGetPackageId: Type.String(),
    NuGetFeedId: Type.String(),
    PackageSizeBytes: Type.Integer({ description: 'Of the file, in bytes.' }),
    Hash: Type.String({ description: 'SHA-1 of the file, in hex.' }),
    PackageVersionBuildInformation: Nullable(BuildInformationResource),
  },
);

export const PackageQuery = Type.Object({
  ...PageQuery.properties,
  nuGetPackageId: Optional(Text),
  filter: Optional(Text),
  latest: Optional(Type.Boolean({ default: false, description: 'Only the newest version of each.' })),
});

export const BuildInformationQuery = Type.Object({
  ...PageQuery.properties,
  packageId: Optional(Text),
  filter: Optional(Text),
  latest: Optional(Type.Boolean({ default: false })),
});

export const PackageNotesQuery = Type.Object({
  packageIds: QueryList,
});
