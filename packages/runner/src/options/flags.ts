/** Which options are understood, and what each adds. */
import { Invalid } from '@argonaut/contracts';
import type { HostNamespace } from '@argonaut/contracts/attempt';
import type { Growing } from './container-options.ts';
import { type MountReading, mountOption, tmpfsOption, volumeOption } from './mounts.ts';
import { plainPath } from './paths.ts';
import * as values from './values.ts';

export interface Flag {
  /** A switch takes no word after it; `--switch=false` is possible. */
  readonly takes: 'value' | 'switch';
  /** `flag` as it was written, `--memory` or `-m`. */
  readonly add: (options: Growing, value: string, flag: string, reading: MountReading) => void;
}

type Single<Value> = { readonly flag: string; readonly value: Value };

/** `--memory 1g`, for messages. */
function written<Value>(flag: string, text: string, value: Value): Single<Value> {
  return { flag: `${flag} ${text}`, value };
}

type Key<Field> = {
  [Name in keyof Growing]-?: Growing[Name] extends Field ? Name : never;
}[keyof Growing];

function many<Value>(field: Key<Single<Value>[]>, read: (flag: string, value: string) => Value): Flag {
  return {
    takes: 'value',
    add: (options, value, flag) => {
      const list = options[field] as Single<Value>[];
      list.push(written(flag, value, read(flag, value)));
    },
  };
}

/** The last one counts, as with `docker run`. */
function last(set: (options: Growing, value: string, flag: string) => void): Flag {
  return { takes: 'value', add: set };
}

function hostNamespace(name: HostNamespace): Flag {
  return last((options, value, flag) => {
    // What every step has anyway.
    if (value === 'private') return;
    if (value !== 'host') throw new Invalid(`${flag} ${value}: only "private" and "host" are understood.`);
    options.hostNamespaces.push(written(flag, value, name));
  });
}

const plain = (flag: string, value: string): string => {
  if (value === '' || value.includes('\0')) throw new Invalid(`${flag}: a value is missing.`);
  return value;
};

export const flags: Readonly<Record<string, Flag>> = {
  '--volume': {
    takes: 'value',
    add: (o, value, flag, reading) => o.mounts.push(volumeOption(flag, value, reading)),
  },
  '--mount': {
    takes: 'value',
    add: (o, value, flag, reading) => o.mounts.push(mountOption(flag, value, reading)),
  },
  '--tmpfs': { takes: 'value', add: (o, value, flag) => o.mounts.push(tmpfsOption(flag, value)) },
  '--env': many('environment', values.variableOf),
  '--label': many('labels', values.labelOf),
  '--network': last((o, value, flag) => {
    o.network = written(flag, value, plain(flag, value));
  }),
  '--hostname': last((o, value, flag) => {
    o.hostname = written(flag, value, values.hostNameOf(flag, value));
  }),
  '--add-host': many('extraHosts', values.extraHostOf),
  '--dns': many('dns', values.addressOf),
  '--dns-search': many('dnsSearch', plain),
  '--user': last((o, value, flag) => {
    o.user = written(flag, value, plain(flag, value));
  }),
  '--workdir': last((o, value, flag) => {
    if (!value.startsWith('/') || value.includes('\0'))
      throw new Invalid(`${flag} ${value}: expected an absolute path in the container.`);
    // What is judged and what the engine gets is the same path, without its `..`.
    o.workingDirectory = written(flag, value, plainPath(value));
  }),
  '--group-add': many('groups', plain),
  '--memory': last((o, value, flag) => {
    o.memoryBytes = written(flag, value, values.bytesOf(flag, value));
  }),
  '--memory-reservation': last((o, value, flag) => {
    o.memoryReservationBytes = written(flag, value, values.bytesOf(flag, value));
  }),
  '--shm-size': last((o, value, flag) => {
    o.shmBytes = written(flag, value, values.bytesOf(flag, value));
  }),
  '--cpus': last((o, value, flag) => {
    o.cpus = written(flag, value, values.decimalOf(flag, value));
  }),
  '--cpu-shares': last((o, value, flag) => {
    o.cpuShares = written(flag, value, values.integerOf(flag, value, 2));
  }),
  '--cpuset-cpus': last((o, value, flag) => {
    if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(value))
      throw new Invalid(`${flag} ${value}: expected CPUs such as 0-1,3.`);
    o.cpuSet = written(flag, value, value);
  }),
  '--pids-limit': last((o, value, flag) => {
    const pids = values.integerOf(flag, value, -1);
    o.pids = written(flag, value, pids === 0 ? -1 : pids);
  }),
  '--ulimit': many('ulimits', values.ulimitOf),
  '--cap-add': many('addedCapabilities', values.capabilityOf),
  '--cap-drop': many('droppedCapabilities', values.capabilityOf),
  '--security-opt': many('security', plain),
  '--privileged': {
    takes: 'switch',
    add: (o, value, flag) => {
      if (values.booleanOf(flag, value)) o.privileged = { flag, value: true };
      else delete o.privileged;
    },
  },
  '--ipc': hostNamespace('ipc'),
  '--uts': hostNamespace('uts'),
  '--userns': hostNamespace('userns'),
  '--cgroupns': hostNamespace('cgroupns'),
  '--device': many('devices', values.deviceOf),
  '--gpus': last((o, value, flag) => {
    o.gpus = written(flag, value, value === 'all' ? -1 : values.integerOf(flag, value, 1));
  }),
  '--read-only': {
    takes: 'switch',
    add: (o, value, flag) => {
      o.readOnlyRoot = { flag, value: values.booleanOf(flag, value) };
    },
  },
  '--platform': last((o, value, flag) => {
    if (!/^[a-z]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/.test(value))
      throw new Invalid(`${flag} ${value}: expected os/architecture.`);
    o.platform = written(flag, value, value);
  }),
};

/** Other spellings that `docker run` takes for the same flag. */
export const sameAs: Readonly<Record<string, string>> = {
  '-v': '--volume',
  '-e': '--env',
  '-l': '--label',
  '-h': '--hostname',
  '-u': '--user',
  '-w': '--workdir',
  '-m': '--memory',
  '-c': '--cpu-shares',
  '--net': '--network',
};
