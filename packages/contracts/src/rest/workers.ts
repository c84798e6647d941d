/** Workers, the pools that they are in, and the policies of their machines. */
import { type Static, Type } from 'typebox';
import {
  Dictionary,
  Name,
  OneOf,
  Optional,
  PageQuery,
  QueryList,
  Resource,
  Text,
  Writable,
} from './basics.ts';

/** The Go client refuses a whole list for one unknown style. */
export const CommunicationStyle = OneOf([
  'None',
  'TentaclePassive',
  'TentacleActive',
  'Ssh',
  'OfflineDrop',
  'AzureWebApp',
  'Ftp',
  'AzureCloudService',
  'AzureServiceFabricCluster',
  'Kubernetes',
  'StepPackage',
  'KubernetesTentacle',
  'AwsEcsCluster',
]);

export const Endpoint = Type.Object({ CommunicationStyle }, { title: 'Endpoint' });

const workerWritten = {
  Name,
  Slug: Optional(Type.String({ default: '' })),
  IsDisabled: Optional(Type.Boolean({ default: false })),
  MachinePolicyId: Optional(Text),
  Endpoint,
  WorkerPoolIds: Type.Array(Type.String(), { minItems: 1 }),
  Thumbprint: Optional(Text),
  Uri: Optional(Text),
  SkipInitialHealthCheck: Optional(Type.Boolean({ default: false })),
};
export const WritableWorker = Writable('WritableWorker', workerWritten);
export type WritableWorker = Static<typeof WritableWorker>;

export const WorkerResource = Resource('Worker', workerWritten, {
  SpaceId: Type.String(),
  HealthStatus: OneOf(['Healthy', 'HasWarnings', 'Unhealthy', 'Unavailable', 'Unknown']),
  Status: OneOf(['Online', 'Offline', 'Unknown', 'NeedsUpgrade', 'CalamariNeedsUpgrade', 'Disabled']),
  StatusSummary: Type.String(),
  HasLatestCalamari: Type.Boolean(),
  IsInProcess: Type.Boolean(),
  OperatingSystem: Type.String(),
  Architecture: Type.String(),
  ShellName: Type.String(),
  ShellVersion: Type.String(),
});

export const WorkerQuery = Type.Object({
  workerPoolIds: QueryList,
  healthStatuses: QueryList,
  commStyles: QueryList,
  isDisabled: Optional(Type.Boolean()),
  thumbprint: Optional(Type.String()),
});

const poolWritten = {
  Name,
  Slug: Optional(Type.String({ default: '' })),
  Description: Optional(Text),
  IsDefault: Optional(Type.Boolean({ default: false })),
  SortOrder: Optional(Type.Integer()),
  /** Always there: the Go client chooses its decoder by it. */
  WorkerPoolType: Optional(OneOf(['StaticWorkerPool', 'DynamicWorkerPool'], { default: 'StaticWorkerPool' })),
};
export const WritableWorkerPool = Writable('WritableWorkerPool', poolWritten);
export type WritableWorkerPool = Static<typeof WritableWorkerPool>;

export const WorkerPoolResource = Resource('WorkerPool', poolWritten, {
  SpaceId: Type.String(),
  CanAddWorkers: Type.Boolean(),
});

export const WorkerPoolQuery = PageQuery;

const policyWritten = {
  Name,
  Description: Optional(Text),
  IsDefault: Optional(Type.Boolean({ default: false })),
  MachineHealthCheckPolicy: Optional(
    Dictionary(Type.Unknown(), {
      default: {
        PowerShellHealthCheckPolicy: { RunType: 'InheritFromDefault', ScriptBody: '' },
        BashHealthCheckPolicy: { RunType: 'InheritFromDefault', ScriptBody: '' },
        HealthCheckInterval: '01:00:00',
        HealthCheckCronTimezone: 'UTC',
        HealthCheckType: 'RunScript',
      },
    }),
  ),
  MachineConnectivityPolicy: Optional(
    Dictionary(Type.Unknown(), { default: { MachineConnectivityBehavior: 'ExpectedToBeOnline' } }),
  ),
  MachineCleanupPolicy: Optional(
    Dictionary(Type.Unknown(), {
      default: {
        DeleteMachinesBehavior: 'DoNotDelete',
        DeleteMachinesElapsedTimeSpan: '00:00:00',
      },
    }),
  ),
  MachineUpdatePolicy: Optional(
    Dictionary(Type.Unknown(), {
      default: {
        CalamariUpdateBehavior: 'UpdateOnDeployment',
        TentacleUpdateBehavior: 'NeverUpdate',
        KubernetesAgentUpdateBehavior: 'NeverUpdate',
      },
    }),
  ),
  MachineRpcCallRetryPolicy: Optional(
    Dictionary(Type.Unknown(), {
      default: { Enabled: true, RetryDuration: '00:02:30', HealthCheckRetryDuration: '00:00:00' },
    }),
  ),
  MachinePackageCacheRetentionPolicy: Optional(
    Dictionary(Type.Unknown(), { default: { Strategy: 'Default' } }),
  ),
  ImageCleanUp: Optional(
    Type.String({
      description:
        "Ours: when images are removed from its machines. `off`, or a high mark and a lower one: `85%/75%` of the engine's disk, `50GB/40GB` of images. Absent or empty: as the server is set.",
    }),
  ),
  PollingRequestQueueTimeout: Optional(Type.String({ default: '00:02:00' })),
  PollingRequestMaximumMessageProcessingTimeout: Optional(Type.String({ default: '00:10:00' })),
  ConnectionRetrySleepInterval: Optional(Type.String({ default: '00:00:01' })),
  ConnectionRetryCountLimit: Optional(Type.Integer({ default: 5 })),
  ConnectionRetryTimeLimit: Optional(Type.String({ default: '00:05:00' })),
  ConnectionConnectTimeout: Optional(Type.String({ default: '00:01:00' })),
};
export const WritableMachinePolicy = Writable('WritableMachinePolicy', policyWritten);
export type WritableMachinePolicy = Static<typeof WritableMachinePolicy>;

export const MachinePolicyResource = Resource('MachinePolicy', policyWritten, { SpaceId: Type.String() });
