/** A pool's policy: between the wire, the document, and what containers are held against. */
import type { ContainerPolicy } from '@argonaut/contracts/attempt';
import type { WritableWorkerPoolPolicy } from '@argonaut/contracts/rest';
import { defaultPolicy } from '@argonaut/runner/options';
import { fieldsOf } from '../../../http/index.ts';

const MINUTE_MS = 60_000;

/** `closed`: directories that are never mounted, beside those of every worker. */
export function containerPolicyOf(
  poolName: string,
  policy: WritableWorkerPoolPolicy,
  closed: readonly string[],
): ContainerPolicy {
  const most = {
    memoryBytes: policy.MaxMemoryBytes,
    shmBytes: policy.MaxShmBytes ?? defaultPolicy.most.shmBytes,
    cpus: policy.MaxCpus,
    pids: policy.MaxPids ?? defaultPolicy.most.pids,
    timeoutMs: policy.MaxTimeoutMinutes == null ? undefined : policy.MaxTimeoutMinutes * MINUTE_MS,
  };
  return {
    name: `the policy of worker pool "${poolName}"`,
    binds: (policy.Binds ?? []).map(({ Directory, ReadOnly }) => ({
      directory: Directory,
      readOnly: ReadOnly ?? false,
    })),
    closedDirectories: [...defaultPolicy.closedDirectories, ...closed],
    engineSockets: policy.EngineSockets ?? false,
    volumes: policy.Volumes ?? [],
    networks: policy.Networks ?? [],
    // Those that every step has are never refused.
    capabilities: [...defaultPolicy.capabilities, ...(policy.Capabilities ?? []).map(capability)],
    security: [...defaultPolicy.security, ...(policy.SecurityOptions ?? [])],
    privileged: policy.Privileged ?? false,
    hostNamespaces: policy.HostNamespaces ?? [],
    devices: policy.Devices ?? [],
    gpus: policy.Gpus ?? false,
    ulimits: policy.Ulimits ?? [],
    most: Object.fromEntries(Object.entries(most).filter(([, value]) => value != null)),
  };
}

/** `CAP_NET_ADMIN` and `net_admin` are one thing. */
function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

export function present(
  space: string,
  pool: string,
  policy: WritableWorkerPoolPolicy,
  isDefault: boolean,
): Record<string, unknown> {
  const self = `/api/argonaut/${space}/workerpools/${pool}/policy`;
  return {
    ...fieldsOf(policy),
    WorkerPoolId: pool,
    IsDefault: isDefault,
    Links: { Self: self, WorkerPool: `/api/${space}/workerpools/${pool}` },
  };
}
