/** Feeds: where images and packages come from. Fields of the kinds that are not named here are kept as they came. */
import { type Static, Type } from 'typebox';
import {
  Name,
  Nullable,
  NullableText,
  OneOf,
  Optional,
  PageQuery,
  Resource,
  SensitiveValue,
  Text,
  Writable,
} from './basics.ts';

/** The Go client decodes a feed by this word and refuses a whole list for one it does not know. */
export const FeedType = OneOf([
  'BuiltIn',
  'Docker',
  'AwsElasticContainerRegistry',
  'AzureContainerRegistry',
  'GoogleContainerRegistry',
  'OciRegistry',
  'Helm',
  'NuGet',
  'Maven',
  'GitHub',
  'Npm',
  'PyPi',
  'S3',
  'GcsStorage',
  'ArtifactoryGeneric',
  'OctopusProject',
]);
export type FeedType = Static<typeof FeedType>;

const written = {
  Name,
  Slug: Optional(Type.String({ default: '' })),
  FeedType,
  FeedUri: Optional(Type.String()),
  RegistryPath: Optional(NullableText),
  ApiVersion: Optional(NullableText),
  Username: Optional(NullableText),
  Password: Optional(Nullable(SensitiveValue)),
  SecretKey: Optional(Nullable(SensitiveValue)),
  DownloadAttempts: Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  DownloadRetryBackoffSeconds: Optional(Type.Integer({ minimum: 0, maximum: 3600 })),
  PackageAcquisitionLocationOptions: Optional(Type.Array(Type.String(), { default: [] })),
};

export const WritableFeed = Writable('WritableFeed', written);
export type WritableFeed = Static<typeof WritableFeed>;

export const FeedResource = Resource('Feed', written, { SpaceId: Type.String() });
export type FeedResource = Static<typeof FeedResource>;

/** `feedType` arrives as one word or several. */
export const FeedQuery = Type.Object({ feedType: Optional(Type.Array(Type.String())) });

export const FeedSearchQuery = Type.Object({ ...PageQuery.properties, term: Optional(Text) });

export const FeedVersionsQuery = Type.Object({
  ...PageQuery.properties,
  packageId: Optional(Text),
  includePreRelease: Optional(Type.Boolean({ default: true })),
  versionRange: Optional(Text),
  preReleaseTag: Optional(Type.String({ default: '', description: 'A regular expression.' })),
  filter: Optional(Type.String({ default: '', description: 'Part of the version, whatever its case.' })),
  includeReleaseNotes: Optional(Type.Boolean({ default: false })),
  versionTagRegex: Optional(
    Type.String({ default: '', description: 'A regular expression over the whole version.' }),
  ),
});
export type FeedVersionsQuery = Static<typeof FeedVersionsQuery>;

/** One found package or image. */
export const FoundPackage = Resource(
  'FoundPackage',
  {},
  { Name: Type.String(), Description: Type.String(), LatestVersion: Type.String() },
);

/** One version of a package; for a registry one tag of an image. */
export const FoundVersion = Resource(
  'FoundVersion',
  {},
  {
    PackageId: Type.String(),
    Version: Type.String(),
    FeedId: Type.String(),
    Title: Type.String(),
    Published: Nullable(Type.String()),
    ReleaseNotes: Type.String(),
    SizeBytes: Type.Integer(),
  },
);

export const FeedTestRequest = Type.Object(
  { Image: Optional(Type.String({ default: '', description: 'An image to resolve: `name:tag`.' })) },
  { title: 'FeedTestRequest' },
);

/** What a feed's test found; it is an answer also when the feed fails. */
export const FeedTestVerdict = Type.Object(
  {
    Passed: Type.Boolean(),
    Summary: Type.String(),
    Checks: Type.Array(
      Type.Object({
        Name: OneOf(['Connection', 'Credentials', 'Search', 'Image']),
        Status: OneOf(['Passed', 'Warning', 'Failed', 'Skipped']),
        Message: Type.String(),
      }),
    ),
    Image: Nullable(
      Type.Object({
        Name: Type.String(),
        Repository: Type.String(),
        Tag: Nullable(Type.String()),
        PullName: Type.String(),
        Digest: Type.String(),
        MediaType: Type.String(),
        Platforms: Type.Array(
          Type.Object({ Platform: Type.String(), Digest: Type.String(), Size: Nullable(Type.Integer()) }),
        ),
      }),
    ),
    Failure: Nullable(
      Type.Object({
        Fault: Type.String(),
        Message: Type.String(),
        NearestTags: Type.Array(Type.String()),
        LimitedUntil: Nullable(Type.String()),
      }),
    ),
  },
  { title: 'FeedTestVerdict' },
);
export type FeedTestVerdict = Static<typeof FeedTestVerdict>;
