/** What is deployed where: over all projects (the dashboard), and release by release of one project (its progression). */
import { type Static, Type } from 'typebox';
import { Dictionary, Links, Nullable, NullableText, Optional, QueryList, Timestamp } from './basics.ts';
import { ChannelResource } from './channels.ts';
import { ReleaseResource } from './releases.ts';
import { TaskStateName } from './tasks.ts';

export const DashboardItem = Type.Object(
  {
    Id: Type.String({ description: 'Of the deployment.' }),
    ProjectId: Type.String(),
    EnvironmentId: Type.String(),
    ReleaseId: Type.String(),
    DeploymentId: Type.String(),
    TaskId: Type.String(),
    TenantId: NullableText,
    ChannelId: Type.String(),
    ReleaseVersion: Type.String(),
    Created: Timestamp,
    QueueTime: Timestamp,
    StartTime: Nullable(Timestamp),
    CompletedTime: Nullable(Timestamp),
    State: TaskStateName,
    HasPendingInterruptions: Type.Boolean(),
    HasWarningsOrErrors: Type.Boolean(),
    ErrorMessage: Type.String(),
    Duration: Type.String({ description: 'For people.' }),
    IsCurrent: Type.Boolean({ description: 'Nothing was deployed there later.' }),
    IsPrevious: Type.Boolean({
      description: 'The last success before a current deployment that is none.',
    }),
    IsCompleted: Type.Boolean(),
    Links,
  },
  { title: 'DashboardItem' },
);
export type DashboardItem = Static<typeof DashboardItem>;

const Named = { Id: Type.String(), Name: Type.String(), Links };

export const DashboardResource = Type.Object(
  {
    Projects: Type.Array(
      Type.Object({
        ...Named,
        Slug: Type.String(),
        ProjectGroupId: Type.String(),
        IsDisabled: Type.Boolean(),
        EnvironmentIds: Type.Array(Type.String(), {
          description: 'Those that a lifecycle of the project or of one of its channels allows.',
        }),
      }),
    ),
    ProjectGroups: Type.Array(Type.Object({ ...Named, EnvironmentIds: Type.Array(Type.String()) })),
    Environments: Type.Array(Type.Object(Named)),
    Tenants: Type.Array(Type.Unknown()),
    Items: Type.Array(DashboardItem, {
      description: 'The last deployment of each project to each environment.',
    }),
    PreviousItems: Type.Array(DashboardItem),
    ProjectLimit: Type.Integer({ description: 'So many projects are shown, in the order of their names.' }),
    IsFiltered: Type.Boolean({ description: 'There are projects that are not shown.' }),
    Links,
  },
  { title: 'Dashboard' },
);
export type DashboardResource = Static<typeof DashboardResource>;

export const DashboardQuery = Type.Object({
  projectId: QueryList,
  releaseId: Optional(Type.String({ description: 'Only deployments of this release.' })),
  showAll: Optional(Type.Boolean({ description: 'All projects, however many there are.' })),
});
export type DashboardQuery = Static<typeof DashboardQuery>;

export const DynamicDashboardQuery = Type.Object({
  projects: QueryList,
  environments: QueryList,
  includePrevious: Optional(Type.Boolean()),
});

const ProgressionEnvironments = Type.Array(Type.Object({ Id: Type.String(), Name: Type.String() }));

export const ProjectProgression = Type.Object(
  {
    Environments: ProgressionEnvironments,
    ChannelEnvironments: Dictionary(ProgressionEnvironments),
    Releases: Type.Array(
      Type.Object({
        Release: ReleaseResource,
        Channel: ChannelResource,
        Deployments: Dictionary(Type.Array(DashboardItem)),
        NextDeployments: Type.Array(Type.String()),
        HasUnresolvedDefect: Type.Boolean(),
      }),
    ),
    Links,
  },
  { title: 'ProjectProgression' },
);
