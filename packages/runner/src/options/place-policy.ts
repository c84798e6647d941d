/**
 * Holds what an attempt's container is going to be against a pool's policy, by the same rules as its options: once on the
 * server, and once on the worker, which also knows where links lead. Pure.
 */
import { Invalid } from '@argonaut/contracts';
import type { ContainerPolicy, Limits } from '@argonaut/contracts/attempt';
import {
  type ContainerPlace,
  capabilities as usualCapabilities,
  usualUlimits,
} from '../attempts/container-config.ts';
import { type ContainerOptions, type Growing, noOptions, type Written } from './container-options.ts';
import type { MountOption } from './mounts.ts';
import type { WhereLeads } from './options-policy.ts';
import { checkPolicy, type Refusal } from './policy.ts';

/** Empty: all of it may be done. */
export function checkPlace(
  place: ContainerPlace,
  limits: Limits,
  policy: ContainerPolicy,
  whereLeads?: WhereLeads,
): Refusal[] {
  const { options, unknown } = optionsOf(place, limits);
  const strangers = unknown.map((name): Refusal => {
    const message = `The engine's setting ${name} is refused by ${policy.name}: it is not one that a step may have.`;
    return { flag: name, policy: policy.name, message };
  });
  return [...strangers, ...checkPolicy(options, policy, whereLeads)];
}

/** Every refusal in one error. */
export function refused(what: string, refusals: readonly Refusal[]): Invalid {
  const errors = refusals.map(({ message }) => message);
  return new Invalid(`${what} asks for more than its worker pool allows. ${errors.join(' ')}`, { errors });
}

/** Back to options, as they were before they became settings of an engine. */
function optionsOf(
  place: ContainerPlace,
  limits: Limits,
): { readonly options: ContainerOptions; readonly unknown: readonly string[] } {
  const options = noOptions();
  const unknown: string[] = [];
  if (limits.memoryBytes !== undefined) options.memoryBytes = written('memory', limits.memoryBytes);
  if (limits.cpus !== undefined) options.cpus = written('cpus', limits.cpus);
  if (limits.pids !== undefined) options.pids = written('pids-limit', limits.pids);
  for (const [name, value] of Object.entries(place.docker ?? {})) {
    const read = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (read === undefined || !read(options, value)) unknown.push(name);
  }
  return { options, unknown };
}

function written<Value>(flag: string, value: Value, text: unknown = value): Written<Value> {
  return { flag: `--${flag} ${String(text)}`, value };
}

/** False: the value is not one that our own options make. */
type Field = (options: Growing, value: unknown) => boolean;

const harmless: Field = () => true;

const fields: Readonly<Record<string, Field>> = {
  Hostname: harmless,
  DnsSearch: harmless,
  GroupAdd: harmless,
  CpuShares: harmless,
  CpusetCpus: harmless,
  Tmpfs: harmless,
  WorkingDir: (options, value) => {
    if (!isText(value)) return false;
    options.workingDirectory = written('workdir', value);
    return true;
  },
  Env: each((options, text: string) => {
    const [name = ''] = text.split('=');
    options.environment.push(written('env', [name, ''] as const, name));
  }, isText),
  Labels: (options, value) => {
    for (const name of Object.keys(value ?? {}))
      options.labels.push(written('label', [name, ''] as const, name));
    return true;
  },
  ShmSize: amount((options, value) => {
    options.shmBytes = written('shm-size', value);
  }),
  MemoryReservation: amount((options, value) => {
    options.memoryReservationBytes = written('memory-reservation', value);
  }),
  PidsLimit: amount((options, value) => {
    options.pids = written('pids-limit', value);
  }),
  NetworkMode: (options, value) => {
    if (!isText(value)) return false;
    options.network = written('network', value);
    return true;
  },
  Privileged: (options, value) => {
    if (value === true) options.privileged = { flag: '--privileged', value: true };
    return typeof value === 'boolean';
  },
  CapAdd: each((options, name: string) => {
    if (!usualCapabilities.some((usual) => usual === name))
      options.addedCapabilities.push(written('cap-add', name));
  }, isText),
  SecurityOpt: (options, value) => {
    if (!Array.isArray(value) || !value.every(isText)) return false;
    for (const one of value) options.security.push(written('security-opt', one));
    // A list takes the place of the fence that every step has.
    const kept = value.some((one) => /^no-new-privileges([:=]true)?$/.test(one));
    if (!kept) options.security.push(written('security-opt', 'no-new-privileges=false'));
    return true;
  },
  IpcMode: hostNamespace('ipc'),
  UTSMode: hostNamespace('uts'),
  UsernsMode: hostNamespace('userns'),
  CgroupnsMode: hostNamespace('cgroupns'),
  Devices: each((options, device: { readonly PathOnHost: string }) => {
    const { PathOnHost } = device;
    options.devices.push(
      written('device', { PathOnHost, PathInContainer: '', CgroupPermissions: '' }, PathOnHost),
    );
  }, hasPath),
  DeviceRequests: (options, value) => {
    options.gpus = written('gpus', -1, 'all');
    return Array.isArray(value);
  },
  Ulimits: each((options, limit: Ulimit) => {
    const isUsual = usualUlimits.some(
      ({ Name, Soft, Hard }) => Name === limit.Name && Soft === limit.Soft && Hard === limit.Hard,
    );
    if (!isUsual) options.ulimits.push(written('ulimit', { Name: limit.Name, Soft: 0, Hard: 0 }, limit.Name));
  }, hasName),
  Mounts: each((options, mount: MountOption) => options.mounts.push(mount), isMount, mountOf),
};

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function hasPath(value: unknown): value is { readonly PathOnHost: string } {
  return isText((value as { PathOnHost?: unknown } | null)?.PathOnHost);
}

interface Ulimit {
  readonly Name: string;
  readonly Soft?: unknown;
  readonly Hard?: unknown;
}

function hasName(value: unknown): value is Ulimit {
  return isText((value as { Name?: unknown } | null)?.Name);
}

function each<Item>(
  add: (options: Growing, item: Item) => void,
  is: (value: unknown) => value is Item,
  read: (value: unknown) => unknown = (value) => value,
): Field {
  return (options, value) => {
    if (!Array.isArray(value)) return false;
    const items = value.map(read);
    if (!items.every(is)) return false;
    for (const item of items) add(options, item);
    return true;
  };
}

function amount(set: (options: Growing, value: number) => void): Field {
  return (options, value) => {
    if (typeof value !== 'number') return false;
    set(options, value);
    return true;
  };
}

function hostNamespace(name: 'ipc' | 'uts' | 'userns' | 'cgroupns'): Field {
  return (options, value) => {
    if (value === 'host') options.hostNamespaces.push(written(name, name, 'host'));
    return value === 'host' || value === 'private';
  };
}

/** Only what our own options make: a mount with a driver's options could be any directory of the worker. */
function mountOf(value: unknown): MountOption | undefined {
  const { Type, Source, Target, ReadOnly, ...rest } = value as Readonly<Record<string, unknown>>;
  if (!isText(Target) || Object.keys(rest).length > 0) return undefined;
  const readOnly = ReadOnly === true;
  const flag = `--mount type=${String(Type)},source=${String(Source)},target=${Target}`;
  if (Type === 'bind' && isText(Source))
    return { flag, kind: 'bind', source: Source, target: Target, readOnly };
  if (Type === 'volume' && (Source === undefined || isText(Source)))
    return {
      flag,
      kind: 'volume',
      ...(Source === undefined ? {} : { source: Source }),
      target: Target,
      readOnly,
    };
  return undefined;
}

function isMount(value: unknown): value is MountOption {
  return value !== undefined;
}
