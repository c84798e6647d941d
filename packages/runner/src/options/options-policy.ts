/**
 * What a worker pool allows steps to ask of their containers. Everything is a list of what is allowed: what nobody
 * thought of is refused.
 */
import { capabilities as usualCapabilities } from '../attempts/container-config.ts';
import type { HostNamespace } from './container-options.ts';

export interface OptionsPolicy {
  /** For messages: `the policy of worker pool "Default"`. */
  readonly name: string;
  /** Directories of the worker that may be mounted, with all that lies below them. */
  readonly binds: readonly { readonly directory: string; readonly readOnly?: boolean }[];
  /** Never mounted, whatever `binds` says, nor anything that holds them: where the worker keeps what is its own. */
  readonly closedDirectories: readonly string[];
  /** Sockets of container engines: whoever has one has the worker. */
  readonly engineSockets: boolean;
  /** Names of volumes that steps may share; `cache-*` allows all that begin so, `*` all. */
  readonly volumes: readonly string[];
  /** Networks of the engine beside `bridge` and `none`; `host` is the worker's own. */
  readonly networks: readonly string[];
  /** `ALL` allows every one. */
  readonly capabilities: readonly string[];
  /** Values of `--security-opt`, whole. */
  readonly security: readonly string[];
  readonly privileged: boolean;
  readonly hostNamespaces: readonly HostNamespace[];
  /** Paths on the worker. */
  readonly devices: readonly string[];
  readonly gpus: boolean;
  readonly ulimits: readonly string[];
  /** The most that a step may ask for; absent: as much as it likes. */
  readonly most: {
    readonly memoryBytes?: number;
    readonly shmBytes?: number;
    readonly cpus?: number;
    readonly pids?: number;
  };
}

/** For pools of which nobody has said anything else. */
export const defaultPolicy: OptionsPolicy = {
  name: 'the default policy of worker pools',
  binds: [],
  closedDirectories: ['/proc', '/sys', '/dev', '/etc', '/boot', '/var/lib/docker', '/var/lib/containerd'],
  engineSockets: false,
  volumes: [],
  networks: [],
  capabilities: usualCapabilities,
  security: ['no-new-privileges', 'no-new-privileges:true', 'no-new-privileges=true'],
  privileged: false,
  hostNamespaces: [],
  devices: [],
  gpus: false,
  ulimits: ['nofile', 'nproc', 'stack', 'memlock', 'fsize', 'cpu'],
  most: { pids: 32_768, shmBytes: 8 * 1024 ** 3 },
};

/** For a machine whose user is the one who asks. Only what makes an attempt exact stays closed. */
export const ownMachinePolicy: OptionsPolicy = {
  name: "this machine's policy",
  binds: [{ directory: '/' }],
  closedDirectories: [],
  engineSockets: true,
  volumes: ['*'],
  networks: ['*'],
  capabilities: ['ALL'],
  security: ['*'],
  privileged: true,
  hostNamespaces: ['ipc', 'uts', 'userns', 'cgroupns'],
  devices: ['*'],
  gpus: true,
  ulimits: ['*'],
  most: {},
};

/** Where a path of the worker leads when all links are followed. */
export type WhereLeads = (path: string) => string;

export type Refuse = (flag: string, reason: string) => void;

/** The list holds the name, `*`, or a beginning that ends with a star. */
export function allows(list: readonly string[], name: string): boolean {
  return list.some((entry) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : entry === name));
}

export function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
