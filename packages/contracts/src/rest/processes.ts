/**
 * Deployment and runbook processes: steps of actions. What an action does is said in `Properties`, a bag of texts whose
 * keys belong to the action's type; the server's codec reads the ones it knows and keeps the others.
 */
import { type Static, Type } from 'typebox';
import {
  Dictionary,
  Name,
  NullableText,
  OneOf,
  Optional,
  PropertyValue,
  References,
  Resource,
  Writable,
} from './basics.ts';

/**
 * A property bag. Clients also send bare booleans, numbers and nulls: the first two become text, nulls are dropped,
 * since the Go client takes a null for a secret.
 */
const Properties = Optional(
  Dictionary(Type.Union([PropertyValue, Type.Boolean(), Type.Number(), Type.Null()])),
);

export const PackageReferenceResource = Type.Object(
  {
    /** Empty on input: a new one. */
    Id: Optional(Type.String({ default: '' })),
    /** Empty: the action's primary package. */
    Name: Optional(Type.String({ default: '' })),
    PackageId: Optional(Type.String({ default: '' })),
    FeedId: Optional(Type.String({ default: '' })),
    /** `Server`, `ExecutionTarget`, `NotAcquired`, or a template that gives one of them. */
    AcquisitionLocation: Optional(Type.String({ default: 'Server' })),
    /** A version fixed in the process; normally the release chooses. */
    Version: Optional(NullableText),
    Properties,
  },
  { title: 'PackageReference' },
);
export type PackageReferenceResource = Static<typeof PackageReferenceResource>;

export const ActionContainer = Type.Object(
  {
    Image: Optional(NullableText),
    FeedId: Optional(NullableText),
    // Clients that do not know these two leave them out, and read what they wrote.
    GitUrl: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    /** The image is built on the worker from this text. */
    Dockerfile: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  },
  { title: 'ActionContainer' },
);

export const DeploymentAction = Type.Object(
  {
    /** Empty on input: a new action, which gets a GUID. */
    Id: Optional(Type.String({ default: '' })),
    Name,
    Slug: Optional(Type.String({ default: '' })),
    /** Any text is saved; a type that this server cannot run fails when its turn comes. */
    ActionType: Type.String({ minLength: 1 }),
    Notes: Optional(NullableText),
    IsDisabled: Optional(Type.Boolean({ default: false })),
    IsRequired: Optional(Type.Boolean({ default: false })),
    CanBeUsedForProjectVersioning: Optional(Type.Boolean({ default: false })),
    WorkerPoolId: Optional(NullableText),
    /** The name of a variable that holds a pool's id. */
    WorkerPoolVariable: Optional(NullableText),
    Container: Optional(
      Type.Unsafe<Static<typeof ActionContainer>>({
        ...ActionContainer,
        default: { Image: null, FeedId: null },
      }),
    ),
    Environments: Optional(References),
    ExcludedEnvironments: Optional(References),
    Channels: Optional(References),
    TenantTags: Optional(References),
    Condition: Optional(OneOf(['Success', 'Variable'], { default: 'Success' })),
    Packages: Optional(Type.Array(PackageReferenceResource, { default: [] })),
    GitDependencies: Optional(Type.Array(Type.Unknown(), { default: [] })),
    Properties,
  },
  { title: 'DeploymentAction' },
);
export type DeploymentAction = Static<typeof DeploymentAction>;

export const DeploymentStep = Type.Object(
  {
    Id: Optional(Type.String({ default: '' })),
    Name,
    Slug: Optional(Type.String({ default: '' })),
    Condition: Optional(OneOf(['Success', 'Failure', 'Always', 'Variable'], { default: 'Success' })),
    StartTrigger: Optional(
      OneOf(['StartAfterPrevious', 'StartWithPrevious'], { default: 'StartAfterPrevious' }),
    ),
    PackageRequirement: Optional(
      OneOf(['LetOctopusDecide', 'BeforePackageAcquisition', 'AfterPackageAcquisition'], {
        default: 'LetOctopusDecide',
      }),
    ),
    Properties,
    /** One action; several run one after the other. */
    Actions: Optional(Type.Array(DeploymentAction, { default: [] })),
  },
  { title: 'DeploymentStep' },
);
export type DeploymentStep = Static<typeof DeploymentStep>;

const written = {
  Steps: Optional(Type.Array(DeploymentStep, { default: [] })),
  /** The version that was read: a save over a newer one is refused. */
  Version: Type.Integer({ minimum: 0 }),
};

export const WritableProcess = Writable('WritableProcess', written);
export type WritableProcess = Static<typeof WritableProcess>;

export const ProcessResource = Resource('Process', written, {
  SpaceId: Type.String(),
  ProjectId: Type.String(),
  RunbookId: Optional(Type.String()),
  LastSnapshotId: NullableText,
  Warnings: Optional(
    Type.Array(Type.String(), {
      description: 'Of a save: secrets among the settings that are hidden badly.',
    }),
  ),
});
export type ProcessResource = Static<typeof ProcessResource>;

/** A package that a release or a runbook snapshot has to choose a version of. */
export const TemplatePackage = Type.Object(
  {
    StepName: Type.String(),
    ActionName: Type.String(),
    PackageId: Type.String(),
    PackageReferenceName: Type.String(),
    FeedId: Type.String(),
    FeedName: Type.String(),
    NuGetPackageId: Type.String({ description: 'The older name of PackageId.' }),
    NuGetFeedId: Type.String(),
    NuGetFeedName: Type.String(),
    VersionSelectedLastRelease: NullableText,
    FixedVersion: NullableText,
    IsResolvable: Type.Boolean({
      description: 'False while the feed or the package is named by a template.',
    }),
    ProjectName: NullableText,
  },
  { title: 'TemplatePackage' },
);
export type TemplatePackage = Static<typeof TemplatePackage>;

export const SelectedPackage = Type.Object(
  {
    ActionName: Type.String(),
    StepName: Optional(NullableText),
    PackageReferenceName: Optional(Type.String({ default: '' })),
    Version: Type.String({ minLength: 1 }),
  },
  { title: 'SelectedPackage' },
);
export type SelectedPackage = Static<typeof SelectedPackage>;
