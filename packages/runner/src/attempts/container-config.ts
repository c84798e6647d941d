/**
 * What the engine is asked to create for an attempt. Pure. The defaults are fences that normal deployment scripts do not
 * notice (measured: package configuration, `su`, owner-preserving tar, port 80 and cross-user kill go on working; mknod
 * and raw sockets do not).
 */
import { InfrastructureFailure } from '@argonaut/contracts';
import type { AttemptSpec, Place } from '@argonaut/contracts/attempt';
import { mountPoints, runArguments } from '@argonaut/init';
import type { ContainerConfig } from '../ports/engine.ts';

export type ContainerPlace = Extract<Place, { kind: 'container' }>;

export const labels = {
  server: 'argonaut.server',
  /** The runner's data directory as the engine sees it: tells runners of one server on one engine apart. */
  data: 'argonaut.data',
  task: 'argonaut.task',
  attempt: 'argonaut.attempt',
  lane: 'argonaut.lane',
  image: 'argonaut.image',
  /** Name of the staging directory: tells whose container has a name that is taken. */
  staging: 'argonaut.staging',
  role: 'argonaut.role',
} as const;

/** `drop ALL` and these: what installers and servers in images need. */
export const capabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'SETUID',
  'SETGID',
  'SETPCAP',
  'SETFCAP',
  'KILL',
  'SYS_CHROOT',
  'NET_BIND_SERVICE',
] as const;

/** Docker's own default is no limit at all. */
const defaultPids = 4096;

/**
 * No core dumps. Open files are left to the engine: asking for the usual 65,536 fails every start where the engine itself may
 * have fewer (seen with a daemon of 20,000: "error setting rlimit type 7: operation not permitted").
 */
export const usualUlimits = [{ Name: 'core', Soft: 0, Hard: 0 }] as const;

/** For files from the gate; counted as memory of the container only as far as it is used. */
const lateFilesSize = '128m';

export interface ContainerSurroundings {
  /** As the engine sees them. */
  readonly hostInit: string;
  readonly hostAttempt: string;
  readonly staging: string;
  /** Labels of the runner that everything it makes carries. */
  readonly owner: Readonly<Record<string, string>>;
  /** The container whose network it joins: the lane's sandbox, or a service's step. */
  readonly sandboxId?: string;
  /** Default `attempt`. */
  readonly role?: 'attempt' | 'service';
}

/** Own hosts, DNS and the like cannot be had in a namespace that is shared. */
export function needsOwnNetwork(place: ContainerPlace): boolean {
  return place.network === 'own' || hasItems(place.extraHosts) || hasItems(place.dns);
}

function hasItems(values: readonly unknown[] | undefined): boolean {
  return values !== undefined && values.length > 0;
}

export function joinsLane(place: ContainerPlace): boolean {
  return place.network === 'lane' && !needsOwnNetwork(place);
}

/** What a step's container options put over what the image has. */
export function mountsOf(place: ContainerPlace): ReadonlyArray<Readonly<Record<string, unknown>>> {
  return Array.isArray(place.docker?.Mounts) ? place.docker.Mounts : [];
}

/** Whether the container options put something there themselves: the engine would hide it behind a tmpfs, in silence. */
function isTaken(place: ContainerPlace, path: string): boolean {
  const isThere = (mount: unknown): boolean =>
    typeof mount === 'object' && mount !== null && 'Target' in mount && mount.Target === path;
  return Object.hasOwn(stringMap(place.docker?.Tmpfs), path) || mountsOf(place).some(isThere);
}

/** An environment variable among the container options. */
export function givenVariable(place: ContainerPlace, name: string): string | undefined {
  const given = place.docker?.Env;
  return variableIn(Array.isArray(given) ? given.map(String) : undefined, name);
}

/** Of `NAME=value` entries the last one counts, as for the engine. */
export function variableIn(entries: readonly string[] | undefined, name: string): string | undefined {
  return entries?.findLast((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

export function containerName(attempt: string): string {
  return `argonaut-${attempt}`;
}

export function containerConfig(
  spec: AttemptSpec,
  place: ContainerPlace,
  around: ContainerSurroundings,
): ContainerConfig {
  const { memoryBytes, cpus, pids } = spec.limits;
  const docker = dockerOptions(place.docker);
  const tmpfs = {
    [mountPoints.run]: `rw,mode=1777,size=${lateFilesSize},noexec,nosuid,nodev`,
    // Programs expect to write there; on a read-only root they would find no place, unless the step has put one there.
    ...(place.readOnlyRoot && !isTaken(place, '/tmp') ? { '/tmp': 'rw,mode=1777,nosuid,nodev' } : {}),
  };
  return {
    ...docker.container,
    Image: place.image.local,
    Entrypoint: [mountPoints.init],
    Cmd: runArguments({
      directory: mountPoints.attempt,
      files: mountPoints.files,
      gateMs: spec.gateDeadlineMs,
      attempt: spec.attempt,
    }),
    ...(place.user === undefined ? {} : { User: place.user }),
    Tty: false,
    OpenStdin: false,
    // A health check runs before the gate opens, so a hostile image could open its own gate with it.
    Healthcheck: { Test: ['NONE'] },
    // Whatever the image says: init takes TERM as a cancel.
    StopSignal: 'SIGTERM',
    Labels: {
      ...stringMap(docker.container.Labels),
      ...around.owner,
      [labels.task]: spec.task,
      [labels.attempt]: spec.attempt,
      [labels.lane]: spec.lane,
      [labels.image]: place.image.reference,
      [labels.staging]: around.staging,
      [labels.role]: around.role ?? 'attempt',
    },
    HostConfig: {
      CapDrop: ['ALL'],
      CapAdd: [...capabilities],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: pids ?? defaultPids,
      IpcMode: 'private',
      Ulimits: [...usualUlimits],
      ...(memoryBytes === undefined ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
      ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
      ReadonlyRootfs: place.readOnlyRoot ?? false,
      ...(hasItems(place.extraHosts) ? { ExtraHosts: place.extraHosts } : {}),
      ...(hasItems(place.dns) ? { Dns: place.dns } : {}),
      ...docker.host,
      // What follows is what makes an attempt safe and exact; nothing above may change it.
      NetworkMode: networkMode(place, around),
      LogConfig: { Type: 'none' },
      // Docker's own init would be PID 1 and could be killed by the script.
      Init: false,
      AutoRemove: false,
      RestartPolicy: { Name: 'no' },
      Tmpfs: { ...stringMap(docker.host.Tmpfs), ...tmpfs },
      // `Mounts`, not `Binds`: a source that does not exist is an error, not a new directory.
      Mounts: [
        ...(Array.isArray(docker.host.Mounts) ? docker.host.Mounts : []),
        { Type: 'bind', Source: around.hostInit, Target: mountPoints.init, ReadOnly: true },
        { Type: 'bind', Source: around.hostAttempt, Target: mountPoints.attempt },
      ],
    },
  };
}

function networkMode(place: ContainerPlace, around: ContainerSurroundings): string {
  if (place.network === 'none') return 'none';
  if (!joinsLane(place))
    return typeof place.docker?.NetworkMode === 'string' ? place.docker.NetworkMode : 'default';
  if (!around.sandboxId) {
    throw new InfrastructureFailure(
      `No network sandbox for the container of image ${place.image.reference}.`,
    );
  }
  return `container:${around.sandboxId}`;
}

/** Fields of Docker's create call that belong beside `HostConfig`; all others are taken as fields of it. */
const containerFields = new Set([
  'Hostname',
  'WorkingDir',
  'Domainname',
  'MacAddress',
  'ExposedPorts',
  'StopTimeout',
  'Env',
  'Labels',
]);

function dockerOptions(options: ContainerPlace['docker']): {
  readonly container: Record<string, unknown>;
  readonly host: Record<string, unknown>;
} {
  const container: Record<string, unknown> = {};
  const host: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options ?? {})) {
    if (containerFields.has(name)) container[name] = value;
    else host[name] = value;
  }
  return { container, host };
}

function stringMap(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
