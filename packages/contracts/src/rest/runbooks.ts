/** Runbooks: processes of a project that need no release, and their snapshots. */
import { type Static, Type } from 'typebox';
import {
  Name,
  NullableText,
  OneOf,
  Optional,
  Reference,
  References,
  Resource,
  Text,
  Timestamp,
  Writable,
} from './basics.ts';
import { RetentionPeriod } from './lifecycles.ts';
import { SelectedPackage, TemplatePackage } from './processes.ts';
import { ConnectivityPolicy, connectivityDefault, GuidedFailureMode, TenantedMode } from './projects.ts';

const written = {
  Name,
  Slug: Optional(Type.String({ default: '' })),
  Description: Optional(Text),
  ProjectId: Optional(Type.String({ default: '' })),
  MultiTenancyMode: Optional(TenantedMode),
  EnvironmentScope: Optional(OneOf(['All', 'Specified', 'FromProjectLifecycles'], { default: 'All' })),
  /** Where it may run, for the scope `Specified`. */
  Environments: Optional(References),
  DefaultGuidedFailureMode: Optional(GuidedFailureMode),
  ConnectivityPolicy: Optional(
    Type.Unsafe<ConnectivityPolicy>({ ...ConnectivityPolicy, default: connectivityDefault }),
  ),
  RunRetentionPolicy: Optional(
    Type.Unsafe<RetentionPeriod>({
      ...RetentionPeriod,
      default: { QuantityToKeep: 100, ShouldKeepForever: false, Unit: 'Items', Strategy: 'Count' },
    }),
  ),
  ForcePackageDownload: Optional(Type.Boolean({ default: false })),
  FailTargetDiscovery: Optional(Type.Boolean({ default: false })),
  CancelQueuedTasks: Optional(Type.Boolean({ default: false })),
  CancelRunningTasks: Optional(Type.Boolean({ default: false })),
  RunbookTags: Optional(References),
  /** The snapshot that consumers and triggers run. */
  PublishedRunbookSnapshotId: Optional(NullableText),
};

export const WritableRunbook = Writable('WritableRunbook', written);
export type WritableRunbook = Static<typeof WritableRunbook>;

export const RunbookResource = Resource('Runbook', written, {
  SpaceId: Type.String(),
  RunbookProcessId: Type.String(),
});
export type RunbookResource = Static<typeof RunbookResource>;

const snapshot = {
  /** Empty: a generated one. */
  Name: Optional(Type.String({ maxLength: 200, pattern: '^[^\\u0000-\\u001f]*$', default: '' })),
  ProjectId: Optional(Type.String({ default: '' })),
  RunbookId: Reference,
  Notes: Optional(Text),
  SelectedPackages: Optional(Type.Array(SelectedPackage, { default: [] })),
  SelectedGitResources: Optional(Type.Array(Type.Unknown(), { default: [] })),
};

export const WritableRunbookSnapshot = Writable('WritableRunbookSnapshot', snapshot);
export type WritableRunbookSnapshot = Static<typeof WritableRunbookSnapshot>;

export const RunbookSnapshotResource = Resource('RunbookSnapshot', snapshot, {
  SpaceId: Type.String(),
  FrozenRunbookProcessId: Type.String(),
  FrozenProjectVariableSetId: Type.String(),
  ProjectVariableSetSnapshotId: Type.String(),
  LibraryVariableSetSnapshotIds: References,
  Assembled: Timestamp,
});
export type RunbookSnapshotResource = Static<typeof RunbookSnapshotResource>;

export const RunbookSnapshotTemplate = Type.Object(
  {
    NextNameIncrement: Type.String(),
    RunbookId: Type.String(),
    RunbookProcessId: Type.String(),
    Packages: Type.Array(TemplatePackage),
    GitResources: Type.Array(Type.Unknown()),
  },
  { title: 'RunbookSnapshotTemplate' },
);
