/** Runbook runs: a snapshot of a runbook, run for an environment. */
import { type Static, Type } from 'typebox';
import {
  Nullable,
  Optional,
  PageQuery,
  QueryList,
  Reference,
  References,
  RequiredReference,
  Resource,
  Text,
  Writable,
} from './basics.ts';
import { executionOptions, runAdditions, runOptions } from './deployments.ts';

const written = {
  RunbookId: Optional(Text),
  /** Empty: the published one. */
  RunbookSnapshotId: Optional(Text),
  EnvironmentId: RequiredReference,
  ...runOptions,
};

export const WritableRunbookRun = Writable('WritableRunbookRun', written);
export type WritableRunbookRun = Static<typeof WritableRunbookRun>;

export const RunbookRunResource = Resource('RunbookRun', written, {
  ...runAdditions,
  FrozenRunbookProcessId: Type.String(),
});
export type RunbookRunResource = Static<typeof RunbookRunResource>;

export const RunbookRunQuery = Type.Object({
  ...PageQuery.properties,
  projects: QueryList,
  environments: QueryList,
  tenants: QueryList,
  runbooks: QueryList,
  taskState: QueryList,
});
export type RunbookRunQuery = Static<typeof RunbookRunQuery>;

export const CreateRunbookRuns = Type.Object(
  {
    ProjectName: RequiredReference,
    RunbookName: RequiredReference,
    EnvironmentNames: Type.Array(Reference, { minItems: 1 }),
    Tenants: Optional(References),
    TenantTags: Optional(References),
    /** Name or id; absent: the published one. */
    Snapshot: Optional(Nullable(Type.String())),
    ...executionOptions,
  },
  { title: 'CreateRunbookRuns' },
);
export type CreateRunbookRuns = Static<typeof CreateRunbookRuns>;

/** The newest request of the .NET client: one runbook, several environments. Answered with an array of runs. */
export const RunbookRunParameters = Type.Object(
  {
    /** True: the published one, unless another is named. */
    UseDefaultSnapshot: Optional(Type.Boolean({ default: true })),
    RunbookSnapshotNameOrId: Optional(Nullable(Type.String())),
    EnvironmentId: Optional(Nullable(Reference)),
    EnvironmentIds: Optional(References),
    TenantIds: Optional(References),
    TenantTagNames: Optional(References),
    ...runOptions,
  },
  { title: 'RunbookRunParameters' },
);
export type RunbookRunParameters = Static<typeof RunbookRunParameters>;

export const CreatedRunbookRuns = Type.Object({
  RunbookRunServerTasks: Type.Array(
    Type.Object({ RunbookRunId: Type.String(), ServerTaskId: Type.String() }),
  ),
});
