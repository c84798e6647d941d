/** Holds options against the policy of a worker pool. A refusal names the flag and the policy. */
import type { ContainerOptions } from './container-options.ts';
import { allows, listed, type OptionsPolicy, type Refuse, type WhereLeads } from './options-policy.ts';
import { checkMount, checkWorkingDirectory } from './policy-mounts.ts';

export interface Refusal {
  /** As it was written: `--cap-add SYS_ADMIN`. */
  readonly flag: string;
  readonly policy: string;
  /** A whole sentence that names both. */
  readonly message: string;
}

/**
 * Everything that the policy does not allow; empty: all of it may be done. Pure: `whereLeads` is how the caller looks
 * at the worker's links, without it paths are judged by their spelling.
 */
export function checkPolicy(
  options: ContainerOptions,
  policy: OptionsPolicy,
  whereLeads: WhereLeads = (path) => path,
): Refusal[] {
  const refusals: Refusal[] = [];
  const refuse: Refuse = (flag, reason) => {
    refusals.push({ flag, policy: policy.name, message: `${flag} is refused by ${policy.name}: ${reason}.` });
  };
  for (const mount of options.mounts) checkMount(mount, policy, whereLeads, refuse);
  checkOurs(options, refuse);
  checkNetwork(options, policy, refuse);
  checkPrivileges(options, policy, refuse);
  checkLimits(options, policy, refuse);
  return refusals;
}

/** What is Argonaut's own cannot be given by a step, under any policy. */
function checkOurs(options: ContainerOptions, refuse: Refuse): void {
  const { workingDirectory } = options;
  if (workingDirectory) checkWorkingDirectory(workingDirectory.value, workingDirectory.flag, refuse);
  for (const { flag, value } of options.labels) {
    if (/^argonaut(\.|$)/i.test(value[0]))
      refuse(flag, 'labels that begin with "argonaut." are set by Argonaut alone');
  }
  for (const { flag, value } of options.environment) {
    if (/^argonaut_/i.test(value[0]))
      refuse(flag, 'variables that begin with "ARGONAUT_" are set by Argonaut alone');
  }
}

const openNetworks = new Set(['bridge', 'default', 'none']);

function checkNetwork({ network, hostname }: ContainerOptions, policy: OptionsPolicy, refuse: Refuse): void {
  if (network !== undefined) {
    const { flag, value } = network;
    if (value.startsWith('container:')) refuse(flag, 'the network of another container is never joined');
    else if (!openNetworks.has(value) && !allows(policy.networks, value)) {
      refuse(flag, `the networks it allows are ${listed([...openNetworks, ...policy.networks])}`);
    }
    if (hostname !== undefined && value === 'host')
      refuse(hostname.flag, "the host's network has the host's name");
  }
}

function checkPrivileges(options: ContainerOptions, policy: OptionsPolicy, refuse: Refuse): void {
  if (options.privileged && !policy.privileged) {
    refuse(options.privileged.flag, 'a privileged container is as good as root on the worker');
  }
  for (const { flag, value } of options.hostNamespaces) {
    if (!policy.hostNamespaces.includes(value))
      refuse(flag, "no namespace of the host's is shared with steps");
  }
  for (const { flag, value } of options.addedCapabilities) {
    if (policy.capabilities.includes('ALL') || (value !== 'ALL' && policy.capabilities.includes(value)))
      continue;
    refuse(flag, `the capabilities it allows are ${listed(policy.capabilities)}`);
  }
  for (const { flag, value } of options.security) {
    if (!allows(policy.security, value)) refuse(flag, `it allows only ${listed(policy.security)}`);
  }
  for (const { flag, value } of options.devices) {
    if (!allows(policy.devices, value.PathOnHost))
      refuse(flag, `the devices it allows are ${listed(policy.devices)}`);
  }
  if (options.gpus && !policy.gpus) refuse(options.gpus.flag, 'it gives no GPU to steps');
}

function checkLimits(options: ContainerOptions, policy: OptionsPolicy, refuse: Refuse): void {
  const { most } = policy;
  const limits = [
    [options.memoryBytes, most.memoryBytes, 'bytes of memory'],
    [options.memoryReservationBytes, most.memoryBytes, 'bytes of memory'],
    [options.shmBytes, most.shmBytes, 'bytes of shared memory'],
    [options.cpus, most.cpus, 'CPUs'],
    [options.pids, most.pids, 'processes'],
  ] as const;
  for (const [asked, highest, unit] of limits) {
    if (asked === undefined || highest === undefined) continue;
    const { flag, value } = asked;
    // 0 and below mean no limit to the engine.
    if (value <= 0 || value > highest) refuse(flag, `a step may have at most ${highest} ${unit}`);
  }
  for (const { flag, value } of options.ulimits) {
    if (!allows(policy.ulimits, value.Name))
      refuse(flag, `the limits it lets steps change are ${listed(policy.ulimits)}`);
  }
}
