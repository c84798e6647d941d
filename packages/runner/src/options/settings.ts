/** From options to what an attempt carries: typed fields where there are some, Docker's own words for the rest. */
import { Invalid } from '@argonaut/contracts';
import type { Limits } from '@argonaut/contracts/attempt';
import {
  type ContainerPlace,
  capabilities as usualCapabilities,
  usualUlimits,
} from '../attempts/container-config.ts';
import type { ContainerOptions } from './container-options.ts';
import type { MountOption } from './mounts.ts';

export interface ContainerSettings {
  /** Over the place of the attempt, which is a container; `docker` is always there. */
  readonly place: Partial<Pick<ContainerPlace, 'network' | 'user' | 'readOnlyRoot' | 'extraHosts' | 'dns'>> &
    Required<Pick<ContainerPlace, 'docker'>>;
  readonly limits: Limits;
  /** `os/architecture` that the image must have. */
  readonly platform?: string;
}

/** The smallest memory that an engine gives (Docker: 6 MiB). */
const leastMemory = 6 * 1024 ** 2;

export function settingsOf(options: ContainerOptions): ContainerSettings {
  const { network, user, readOnlyRoot, memoryBytes, cpus, pids, platform } = options;
  if (memoryBytes && memoryBytes.value < leastMemory)
    throw new Invalid(`${memoryBytes.flag}: a container needs 6m at least.`);
  const wanted = networkOf(options);
  return {
    place: {
      ...(wanted === undefined ? {} : { network: wanted }),
      ...(user ? { user: user.value } : {}),
      ...(readOnlyRoot ? { readOnlyRoot: readOnlyRoot.value } : {}),
      ...(options.extraHosts.length > 0 ? { extraHosts: valuesOf(options.extraHosts) } : {}),
      ...(options.dns.length > 0 ? { dns: valuesOf(options.dns) } : {}),
      docker: {
        ...(network && wanted === 'own' && !usual.has(network.value) ? { NetworkMode: network.value } : {}),
        ...dockerFields(options),
      },
    },
    limits: {
      ...(memoryBytes ? { memoryBytes: memoryBytes.value } : {}),
      ...(cpus ? { cpus: cpus.value } : {}),
      ...(pids && pids.value > 0 ? { pids: pids.value } : {}),
    },
    ...(platform ? { platform: platform.value } : {}),
  };
}

const usual = new Set(['bridge', 'default', 'none']);

/** A name, hosts and DNS of its own cannot be had in a network that is shared. */
function networkOf({
  network,
  hostname,
  extraHosts,
  dns,
  dnsSearch,
}: ContainerOptions): 'own' | 'none' | undefined {
  if (network?.value === 'none') return 'none';
  const own = network ?? hostname ?? extraHosts[0] ?? dns[0] ?? dnsSearch[0];
  return own === undefined ? undefined : 'own';
}

function dockerFields(options: ContainerOptions): Record<string, unknown> {
  const { hostname, shmBytes, memoryReservationBytes, cpuShares, cpuSet, pids, gpus } = options;
  const tmpfs = options.mounts.filter((mount) => mount.kind === 'tmpfs');
  const others = options.mounts.filter((mount) => mount.kind !== 'tmpfs');
  return {
    ...(options.workingDirectory ? { WorkingDir: options.workingDirectory.value } : {}),
    ...(hostname ? { Hostname: hostname.value } : {}),
    ...(options.environment.length > 0
      ? { Env: options.environment.map(({ value }) => value.join('=')) }
      : {}),
    ...(options.labels.length > 0 ? { Labels: Object.fromEntries(valuesOf(options.labels)) } : {}),
    ...(options.dnsSearch.length > 0 ? { DnsSearch: valuesOf(options.dnsSearch) } : {}),
    ...(options.groups.length > 0 ? { GroupAdd: valuesOf(options.groups) } : {}),
    ...(shmBytes ? { ShmSize: shmBytes.value } : {}),
    ...(memoryReservationBytes ? { MemoryReservation: memoryReservationBytes.value } : {}),
    ...(cpuShares ? { CpuShares: cpuShares.value } : {}),
    ...(cpuSet ? { CpusetCpus: cpuSet.value } : {}),
    ...(pids && pids.value < 0 ? { PidsLimit: -1 } : {}),
    ...ulimits(options),
    ...capabilities(options),
    ...security(options),
    ...(options.privileged ? { Privileged: true } : {}),
    ...Object.fromEntries(options.hostNamespaces.map(({ value }) => [namespaceFields[value], 'host'])),
    ...(options.devices.length > 0 ? { Devices: valuesOf(options.devices) } : {}),
    ...(gpus ? { DeviceRequests: [{ Count: gpus.value, Capabilities: [['gpu']] }] } : {}),
    ...(tmpfs.length > 0
      ? { Tmpfs: Object.fromEntries(tmpfs.map((mount) => [mount.target, mount.options])) }
      : {}),
    ...(others.length > 0 ? { Mounts: others.map(dockerMount) } : {}),
  };
}

const namespaceFields = {
  ipc: 'IpcMode',
  uts: 'UTSMode',
  userns: 'UsernsMode',
  cgroupns: 'CgroupnsMode',
} as const;

function dockerMount(mount: MountOption): Record<string, unknown> {
  return {
    Type: mount.kind,
    ...('source' in mount ? { Source: mount.source } : {}),
    Target: mount.target,
    ...('readOnly' in mount && mount.readOnly ? { ReadOnly: true } : {}),
  };
}

/** A list given to the engine replaces the fences' own: those that were not named stay in it. */
function ulimits({ ulimits: asked }: ContainerOptions): Record<string, unknown> {
  if (asked.length === 0) return {};
  const byName = new Map<string, (typeof asked)[number]['value']>(
    usualUlimits.map((limit) => [limit.Name, limit]),
  );
  for (const { value } of asked) byName.set(value.Name, value);
  return { Ulimits: [...byName.values()] };
}

/** All are dropped in any case, and the usual ones added; drops come first, as with `docker run`. */
function capabilities({ addedCapabilities, droppedCapabilities }: ContainerOptions): Record<string, unknown> {
  if (addedCapabilities.length + droppedCapabilities.length === 0) return {};
  const dropped = new Set(valuesOf(droppedCapabilities));
  const kept = usualCapabilities.filter((name) => !dropped.has('ALL') && !dropped.has(name));
  return { CapAdd: [...new Set([...kept, ...valuesOf(addedCapabilities)])] };
}

/** `no-new-privileges` holds unless it is switched off in so many words. */
function security({ security: asked }: ContainerOptions): Record<string, unknown> {
  if (asked.length === 0) return {};
  const values = valuesOf(asked);
  const others = values.filter((value) => !/^no-new-privileges/.test(value));
  const off = values.some((value) => /^no-new-privileges[:=]false$/.test(value));
  return { SecurityOpt: [...(off ? [] : ['no-new-privileges']), ...others] };
}

function valuesOf<Value>(written: readonly { readonly value: Value }[]): Value[] {
  return written.map(({ value }) => value);
}
