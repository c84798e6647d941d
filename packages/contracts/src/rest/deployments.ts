/** Deployments: a release on its way to an environment; and the requests of CI clients that start several at once. */
import { type Static, Type } from 'typebox';
import {
  Dictionary,
  Nullable,
  Optional,
  PageQuery,
  QueryList,
  Reference,
  References,
  RequiredReference,
  Resource,
  Text,
  Timestamp,
  Writable,
} from './basics.ts';

/** What every run of a process takes, whatever started it. */
export const runOptions = {
  TenantId: Optional(Nullable(Reference)),
  ForcePackageDownload: Optional(Type.Boolean({ default: false })),
  SkipActions: Optional(References),
  SpecificMachineIds: Optional(References),
  ExcludedMachineIds: Optional(References),
  /** Null: what the project and the environment say. */
  UseGuidedFailure: Optional(Nullable(Type.Boolean())),
  DebugMode: Optional(Type.Boolean({ default: false })),
  FailTargetDiscovery: Optional(Type.Boolean({ default: false })),
  Comments: Optional(Text),
  /** Values of prompted variables, by the variable's id or name. */
  FormValues: Optional(Dictionary(Nullable(Type.String()))),
  QueueTime: Optional(Nullable(Timestamp)),
  QueueTimeExpiry: Optional(Nullable(Timestamp)),
};

/** What the server adds to it. */
export const runAdditions = {
  SpaceId: Type.String(),
  ProjectId: Type.String(),
  TaskId: Type.String(),
  Name: Type.String(),
  Created: Timestamp,
  DeployedBy: Type.String(),
  DeployedById: Type.String(),
  FailureEncountered: Type.Boolean(),
};

const written = {
  ReleaseId: RequiredReference,
  EnvironmentId: RequiredReference,
  ForcePackageRedeployment: Optional(Type.Boolean({ default: false })),
  Priority: Optional(Text),
  ...runOptions,
};

export const WritableDeployment = Writable('WritableDeployment', written);
export type WritableDeployment = Static<typeof WritableDeployment>;

export const DeploymentResource = Resource('Deployment', written, {
  ...runAdditions,
  ChannelId: Type.String(),
  DeploymentProcessId: Type.String(),
  ManifestVariableSetId: Type.String(),
});
export type DeploymentResource = Static<typeof DeploymentResource>;

export const DeploymentQuery = Type.Object({
  ...PageQuery.properties,
  projects: QueryList,
  releases: QueryList,
  environments: QueryList,
  tenants: QueryList,
  channels: QueryList,
  taskState: QueryList,
});
export type DeploymentQuery = Static<typeof DeploymentQuery>;

/** What the requests of CI clients have in common. Names may be names, ids or slugs. */
export const executionOptions = {
  ForcePackageDownload: Optional(Type.Boolean({ default: false })),
  SpecificMachineNames: Optional(References),
  ExcludedMachineNames: Optional(References),
  SkipStepNames: Optional(References),
  UseGuidedFailure: Optional(Nullable(Type.Boolean())),
  Priority: Optional(Text),
  RunAt: Optional(Nullable(Timestamp)),
  NoRunAfter: Optional(Nullable(Timestamp)),
  /** Values of prompted variables, by name. */
  Variables: Optional(Dictionary(Nullable(Type.String()))),
};
const ExecutionOptions = Type.Object(executionOptions);
export type ExecutionOptions = Static<typeof ExecutionOptions>;

export const CreateDeploymentsUntenanted = Type.Object(
  {
    ProjectName: RequiredReference,
    ReleaseVersion: Type.String({ minLength: 1 }),
    EnvironmentNames: Type.Array(Reference, { minItems: 1 }),
    ForcePackageRedeployment: Optional(Type.Boolean({ default: false })),
    UpdateVariableSnapshot: Optional(Type.Boolean({ default: false })),
    ...executionOptions,
  },
  { title: 'CreateDeploymentsUntenanted' },
);
export type CreateDeploymentsUntenanted = Static<typeof CreateDeploymentsUntenanted>;

export const CreateDeploymentsTenanted = Type.Object(
  {
    ProjectName: RequiredReference,
    ReleaseVersion: Type.String({ minLength: 1 }),
    EnvironmentName: RequiredReference,
    Tenants: Optional(References),
    TenantTags: Optional(References),
    ...executionOptions,
  },
  { title: 'CreateDeploymentsTenanted' },
);

export const CreatedDeployments = Type.Object({
  DeploymentServerTasks: Type.Array(
    Type.Object({ DeploymentId: Type.String(), ServerTaskId: Type.String() }),
  ),
});
