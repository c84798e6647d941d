/** The policies that come with the program, and how their lists are read. */
import type { ContainerPolicy } from '@argonaut/contracts/attempt';
import { capabilities as usualCapabilities } from '../attempts/container-config.ts';

export type OptionsPolicy = ContainerPolicy;

/** For pools of which nobody has said anything else. */
export const defaultPolicy: OptionsPolicy = {
  name: 'the default policy of worker pools',
  binds: [],
  closedDirectories: ['/proc', '/sys', '/dev', '/etc', '/boot', '/var/lib/docker', '/var/lib/containerd'],
  engineSockets: false,
  volumes: [],
  networks: [],
  capabilities: [...usualCapabilities],
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
