/** What a user asks of a step's container, understood: typed, in the order in which it was written. */
import type { HostNamespace } from '@argonaut/contracts/attempt';
import type { MountOption } from './mounts.ts';
import type { Device, Ulimit } from './values.ts';

/** A wish and the flag that it was written with, for messages. */
export interface Written<Value> {
  readonly flag: string;
  readonly value: Value;
}

export interface ContainerOptions {
  readonly mounts: readonly MountOption[];
  readonly environment: readonly Written<readonly [name: string, value: string]>[];
  readonly labels: readonly Written<readonly [name: string, value: string]>[];
  readonly network?: Written<string>;
  readonly hostname?: Written<string>;
  readonly extraHosts: readonly Written<string>[];
  readonly dns: readonly Written<string>[];
  readonly dnsSearch: readonly Written<string>[];
  readonly user?: Written<string>;
  readonly groups: readonly Written<string>[];
  readonly memoryBytes?: Written<number>;
  readonly memoryReservationBytes?: Written<number>;
  readonly shmBytes?: Written<number>;
  readonly cpus?: Written<number>;
  readonly cpuShares?: Written<number>;
  readonly cpuSet?: Written<string>;
  /** -1: no limit. */
  readonly pids?: Written<number>;
  readonly ulimits: readonly Written<Ulimit>[];
  readonly addedCapabilities: readonly Written<string>[];
  readonly droppedCapabilities: readonly Written<string>[];
  readonly security: readonly Written<string>[];
  readonly privileged?: Written<true>;
  /** `ipc`, `uts`, `userns`, `cgroupns` of the host. */
  readonly hostNamespaces: readonly Written<HostNamespace>[];
  readonly devices: readonly Written<Device>[];
  /** -1: all of them. */
  readonly gpus?: Written<number>;
  /** Where the program begins. */
  readonly workingDirectory?: Written<string>;
  readonly readOnlyRoot?: Written<boolean>;
  /** `os/architecture`, which the image must have. */
  readonly platform?: Written<string>;
}

export type Growing = { -readonly [Key in keyof ContainerOptions]: GrowingField<ContainerOptions[Key]> };
type GrowingField<Field> = Field extends readonly (infer Item)[] ? Item[] : Field;

export function noOptions(): Growing {
  return {
    mounts: [],
    environment: [],
    labels: [],
    extraHosts: [],
    dns: [],
    dnsSearch: [],
    groups: [],
    ulimits: [],
    addedCapabilities: [],
    droppedCapabilities: [],
    security: [],
    hostNamespaces: [],
    devices: [],
  };
}
