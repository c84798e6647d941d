/** Projects and their deployment settings. */
import { type Static, Type } from 'typebox';
import {
  Name,
  Nullable,
  NullableText,
  OneOf,
  Optional,
  References,
  RequiredReference,
  Resource,
  Text,
  Writable,
} from './basics.ts';

export const ConnectivityPolicy = Type.Object(
  {
    SkipMachineBehavior: Optional(OneOf(['None', 'SkipUnavailableMachines'], { default: 'None' })),
    TargetRoles: Optional(References),
    AllowDeploymentsToNoTargets: Optional(Type.Boolean({ default: false })),
    ExcludeUnhealthyTargets: Optional(Type.Boolean({ default: false })),
  },
  { title: 'ConnectivityPolicy' },
);
export type ConnectivityPolicy = Static<typeof ConnectivityPolicy>;

/** An action (name or id) and one of its packages. */
export const ActionPackage = Type.Object(
  { DeploymentAction: Optional(Type.String({ default: '' })), PackageReference: Optional(NullableText) },
  { title: 'ActionPackage' },
);

export const VersioningStrategy = Type.Object(
  {
    /** Empty: the last version with its patch raised. */
    Template: Optional(NullableText),
    /** The package whose version the release takes. */
    DonorPackage: Optional(Nullable(ActionPackage)),
  },
  { title: 'VersioningStrategy' },
);
export type VersioningStrategy = Static<typeof VersioningStrategy>;

export const TenantedMode = OneOf(['Untenanted', 'TenantedOrUntenanted', 'Tenanted'], {
  default: 'Untenanted',
});

export const GuidedFailureMode = OneOf(['EnvironmentDefault', 'Off', 'On'], {
  default: 'EnvironmentDefault',
});

export const connectivityDefault = {
  SkipMachineBehavior: 'None',
  TargetRoles: [],
  AllowDeploymentsToNoTargets: false,
  ExcludeUnhealthyTargets: false,
};

const Connectivity = Optional(
  Type.Unsafe<ConnectivityPolicy>({ ...ConnectivityPolicy, default: connectivityDefault }),
);

/** What a new project counts its releases with: `0.0.1`, then the patch raised by one. */
export const DEFAULT_VERSION_TEMPLATE =
  '#{Octopus.Version.LastMajor}.#{Octopus.Version.LastMinor}.#{Octopus.Version.NextPatch}';

const Versioning = Optional(
  Type.Unsafe<VersioningStrategy>({
    ...VersioningStrategy,
    default: { Template: DEFAULT_VERSION_TEMPLATE, DonorPackage: null },
  }),
);

const written = {
  Name,
  Slug: Optional(Type.String({ default: '' })),
  Description: Optional(Text),
  IsDisabled: Optional(Type.Boolean({ default: false })),
  ProjectGroupId: RequiredReference,
  LifecycleId: RequiredReference,
  IncludedLibraryVariableSetIds: Optional(References),
  TenantedDeploymentMode: Optional(TenantedMode),
  DefaultGuidedFailureMode: Optional(GuidedFailureMode),
  DefaultToSkipIfAlreadyInstalled: Optional(Type.Boolean({ default: false })),
  PullImagesOnRelease: Optional(
    Type.Boolean({
      description: 'Ours: when a release is created, its images are brought to the workers of its steps.',
    }),
  ),
  AutoCreateRelease: Optional(Type.Boolean({ default: false })),
  DiscreteChannelRelease: Optional(Type.Boolean({ default: false })),
  ForcePackageDownload: Optional(Type.Boolean({ default: false })),
  AllowIgnoreChannelRules: Optional(Type.Boolean({ default: true })),
  VersioningStrategy: Versioning,
  ReleaseCreationStrategy: Optional(
    Type.Object(
      {
        ReleaseCreationPackage: Optional(Nullable(ActionPackage)),
        ChannelId: Optional(NullableText),
        ReleaseCreationPackageStepId: Optional(NullableText),
      },
      { default: { ReleaseCreationPackage: null, ChannelId: null, ReleaseCreationPackageStepId: null } },
    ),
  ),
  ProjectConnectivityPolicy: Connectivity,
  Templates: Optional(Type.Array(Type.Unknown(), { default: [] })),
  ExtensionSettings: Optional(Type.Array(Type.Unknown(), { default: [] })),
  AutoDeployReleaseOverrides: Optional(Type.Array(Type.Unknown(), { default: [] })),
  ProjectTags: Optional(References),
  ReleaseNotesTemplate: Optional(Type.String({ default: '' })),
  DeploymentChangesTemplate: Optional(Type.String({ default: '' })),
  CombineHealthAndSyncStatusInDashboardLiveStatus: Optional(Type.Boolean({ default: false })),
};

export const WritableProject = Writable('WritableProject', written);
export type WritableProject = Static<typeof WritableProject>;

export const ProjectResource = Resource('Project', written, {
  SpaceId: Type.String(),
  VariableSetId: Type.String(),
  DeploymentProcessId: Type.String(),
  ClonedFromProjectId: NullableText,
  IsVersionControlled: Type.Boolean(),
  PersistenceSettings: Type.Object({ Type: Type.Literal('Database') }),
});
export type ProjectResource = Static<typeof ProjectResource>;

const settings = {
  ConnectivityPolicy: Connectivity,
  DefaultGuidedFailureMode: Optional(GuidedFailureMode),
  VersioningStrategy: Versioning,
  ReleaseNotesTemplate: Optional(Type.String({ default: '' })),
  DefaultToSkipIfAlreadyInstalled: Optional(Type.Boolean({ default: false })),
  DeploymentChangesTemplate: Optional(Type.String({ default: '' })),
  ForcePackageDownload: Optional(Type.Boolean({ default: false })),
  FailTargetDiscovery: Optional(Type.Boolean({ default: false })),
  CancelQueuedTasks: Optional(Type.Boolean({ default: false })),
  CancelRunningTasks: Optional(Type.Boolean({ default: false })),
};

export const WritableDeploymentSettings = Writable('WritableDeploymentSettings', settings);
export type WritableDeploymentSettings = Static<typeof WritableDeploymentSettings>;

export const DeploymentSettingsResource = Resource('DeploymentSettings', settings, {
  SpaceId: Type.String(),
  ProjectId: Type.String(),
});
