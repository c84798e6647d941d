/** Releases: a project's process, variables and package versions, frozen under a version. */
import { type Static, Type } from 'typebox';
import {
  Dictionary,
  NullableText,
  Optional,
  Reference,
  References,
  Resource,
  Text,
  Timestamp,
  Writable,
} from './basics.ts';
import { SelectedPackage, TemplatePackage } from './processes.ts';

/** Any text that is not empty, unique in its project. */
const Version = Type.String({ minLength: 1, maxLength: 349, pattern: '^[^\\u0000-\\u001f]*$' });

const written = {
  Version,
  ChannelId: Optional(Type.String({ default: '' })),
  ProjectId: Reference,
  ReleaseNotes: Optional(Text),
  IgnoreChannelRules: Optional(Type.Boolean({ default: false })),
  SelectedPackages: Optional(Type.Array(SelectedPackage, { default: [] })),
  SelectedGitResources: Optional(Type.Array(Type.Unknown(), { default: [] })),
  CustomFields: Optional(Dictionary(Type.String())),
};

export const WritableRelease = Writable('WritableRelease', {
  ...written,
  /** Empty in a classic creation: the next number. */
  Version: Optional(Type.String({ ...Version, minLength: 0, default: '' })),
});
export type WritableRelease = Static<typeof WritableRelease>;

export const ReleaseResource = Resource('Release', written, {
  SpaceId: Type.String(),
  Assembled: Timestamp,
  ProjectDeploymentProcessSnapshotId: Type.String(),
  ProjectVariableSetSnapshotId: Type.String(),
  LibraryVariableSetSnapshotIds: References,
  BuildInformation: Type.Array(Type.Unknown()),
});
export type ReleaseResource = Static<typeof ReleaseResource>;

/** `POST /releases/create/v1`. Names may be names, ids or slugs. */
export const CreateReleaseCommand = Type.Object(
  {
    ProjectName: Type.String({ minLength: 1 }),
    ReleaseVersion: Optional(NullableText),
    ChannelName: Optional(NullableText),
    /** For every package that `Packages` does not name. */
    PackageVersion: Optional(NullableText),
    PackagePrerelease: Optional(NullableText),
    /** `package:version`, `step:version`, `reference:packageOrStep:version`; `*` stands for any. */
    Packages: Optional(Type.Array(Type.String(), { default: [] })),
    GitCommit: Optional(NullableText),
    GitRef: Optional(NullableText),
    GitResources: Optional(Type.Array(Type.String(), { default: [] })),
    ReleaseNotes: Optional(NullableText),
    IgnoreIfAlreadyExists: Optional(Type.Boolean({ default: false })),
    IgnoreChannelRules: Optional(Type.Boolean({ default: false })),
    CustomFields: Optional(Dictionary(Type.String())),
  },
  { title: 'CreateReleaseCommand' },
);
export type CreateReleaseCommand = Static<typeof CreateReleaseCommand>;

export const CreateReleaseResponse = Type.Object(
  { ReleaseId: Type.String(), ReleaseVersion: Type.String() },
  { title: 'CreateReleaseResponse' },
);

export const ReleaseTemplate = Type.Object(
  {
    DeploymentProcessId: Type.String(),
    LastReleaseVersion: NullableText,
    NextVersionIncrement: Type.String(),
    VersioningPackageStepName: NullableText,
    VersioningPackageReferenceName: NullableText,
    Packages: Type.Array(TemplatePackage),
    GitResources: Type.Array(Type.Unknown()),
  },
  { title: 'ReleaseTemplate' },
);

export const WritableDefect = Writable('WritableDefect', {
  Description: Type.String({ minLength: 1 }),
  Status: Optional(Type.Enum(['Unresolved', 'Resolved'])),
});

export const DefectResource = Resource(
  'Defect',
  { Description: Type.String(), Status: Type.Enum(['Unresolved', 'Resolved']) },
  { ReleaseId: Type.String() },
);

export const ReleaseProgression = Type.Object(
  {
    Phases: Type.Array(
      Type.Object({
        Id: Type.String(),
        Name: Type.String(),
        Blocked: Type.Boolean(),
        Progress: Type.Enum(['Pending', 'Current', 'Complete']),
        Deployments: Type.Array(Type.Object({ Task: Type.Unknown(), Deployment: Type.Unknown() })),
        AutomaticDeploymentTargets: Type.Array(Type.String()),
        OptionalDeploymentTargets: Type.Array(Type.String()),
        MinimumEnvironmentsBeforePromotion: Type.Integer(),
        IsOptionalPhase: Type.Boolean(),
        IsPriorityPhase: Type.Boolean(),
      }),
    ),
    NextDeployments: Type.Array(Type.String()),
    NextDeploymentsMinimumRequired: Type.Integer(),
  },
  { title: 'ReleaseProgression' },
);
export type ReleaseProgression = Static<typeof ReleaseProgression>;
