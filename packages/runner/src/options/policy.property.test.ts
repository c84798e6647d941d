/** Whatever somebody writes: it is refused, or what the engine is asked to create stays inside the policy. */
import { Invalid } from '@argonaut/contracts';
import type { AttemptSpec } from '@argonaut/contracts/attempt';
import { mountPoints } from '@argonaut/init';
import { expect, it } from 'vitest';
import { type ContainerPlace, containerConfig } from '../attempts/container-config.ts';
import { flags } from './flags.ts';
import { defaultPolicy, type OptionsPolicy } from './options-policy.ts';
import { readContainerOptions } from './read.ts';
import { refusedFlags } from './refused.ts';
import { quoteWord } from './words.ts';

const seed = Number(process.env.ARGONAUT_SEED ?? Date.now() % 1_000_000);
const rounds = 20_000;

/** mulberry32: small, and the same for the same seed. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
const random = randomFrom(seed);
const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;

const policy: OptionsPolicy = {
  ...defaultPolicy,
  binds: [{ directory: '/srv/builds' }, { directory: '/opt/tools', readOnly: true }],
  volumes: ['cache-*'],
  networks: ['backend'],
  capabilities: [...defaultPolicy.capabilities, 'NET_RAW'],
};

const hostPaths = [
  '/',
  '/srv/builds',
  '/srv/builds/../..',
  '/opt/tools',
  '/var/run/docker.sock',
  '/run',
  'cache-a',
  'other',
  '/srv/builds/a/.',
  '..',
  '/proc',
];
const targets = [
  '/a',
  '/argonaut',
  '/argonaut/../b',
  '/run',
  '/run/argonaut/files',
  '/var/run/argonaut',
  '/argonaut-init',
  '/',
  '/proc/sys',
  '/dev',
  '//argonaut',
  '/etc',
];
const modes = ['', ':ro', ':rw', ':shared', ':z', ':ro,rslave'];

/** Values that mean something to one flag or another, and some that mean nothing. */
const values: readonly (() => string)[] = [
  () => `${pick(hostPaths)}:${pick(targets)}${pick(modes)}`,
  () => pick(targets),
  () => `${pick(targets)}:size=1m,exec`,
  () =>
    `type=${pick(['bind', 'volume', 'tmpfs', 'npipe'])},src=${pick(hostPaths)},dst=${pick(targets)}${pick(['', ',ro', ',volume-driver=local', ',bind-propagation=shared'])}`,
  () => pick(['SYS_ADMIN', 'ALL', 'all', 'CAP_SYS_PTRACE', 'net_raw', 'CHOWN', 'MKNOD']),
  () =>
    pick([
      'seccomp=unconfined',
      'apparmor=unconfined',
      'no-new-privileges',
      'no-new-privileges:false',
      'no-new-privileges=false',
      'label=disable',
      'systempaths=unconfined',
    ]),
  () =>
    pick([
      'host',
      'private',
      'none',
      'bridge',
      'default',
      'backend',
      'container:x',
      'ns:/proc/1/ns/net',
      'shareable',
      '',
    ]),
  () => pick(['0', '-1', '1', '64', '4096', '32769', '99999999', '1.5', '1e9', '0x10', 'all']),
  () => pick(['512m', '1g', '900g', '0', '6m', '1k', 'lots']),
  () => pick(['nofile=1024', 'core=-1', 'nproc=1:2', 'rtprio=99', 'core=0']),
  () =>
    pick([
      'A=b',
      'ARGONAUT_FILES=/x',
      'argonaut.server=evil',
      'argonaut.attempt=evil',
      'team=x',
      'A=\n--privileged',
    ]),
  () => pick(['/dev/kmsg', '/dev/sda:/dev/x:rwm', '/dev/null']),
  () => pick(['true', 'false', '1', 'yes']),
  () => pick(['1.1.1.1', 'db:1.2.3.4', 'db:host-gateway', 'linux/amd64', '1000:1000', 'root', 'box']),
];

const names = [
  ...Object.keys(flags),
  ...Object.keys(refusedFlags),
  '-v',
  '-m',
  '-e',
  '-u',
  '-it',
  '-h',
  '--net',
  '--runtime',
];

/** The flags that reach furthest come more often than chance would have it. */
const dangerous = [
  '--volume',
  '--mount',
  '--tmpfs',
  '--cap-add',
  '--security-opt',
  '--network',
  '--ipc',
  '--label',
  '--env',
  '--privileged',
  '--pids-limit',
  '--ulimit',
  '--device',
];

function option(): string {
  const flag = random() < 0.6 ? pick(dangerous) : pick(names);
  const value = pick(values)();
  const quoted = random() < 0.9 ? quoteWord(value) : value;
  return pick([`${flag} ${quoted}`, `${flag}=${quoted}`, flag]);
}

const around = {
  hostInit: '/host/init',
  hostAttempt: '/host/attempt',
  staging: 'a.1',
  owner: { 'argonaut.server': 's', 'argonaut.data': '/host' },
  sandboxId: 'sandbox',
};
const image = { reference: 'tool:1', local: 'sha256:1', os: 'linux', architecture: 'amd64' };

function created(text: string) {
  const { place: settings, limits } = readContainerOptions(text, policy);
  const place: ContainerPlace = { kind: 'container', image, network: 'lane', ...settings };
  const spec: AttemptSpec = {
    attempt: 'a',
    task: 'ServerTasks-1',
    server: 's',
    lane: 'l',
    title: 'step',
    place,
    limits,
    interpreters: [],
    oneStream: false,
    serviceMessages: true,
    gateDeadlineMs: 1_000,
    holdOnFailureMs: 0,
    leftovers: 'end',
  };
  return containerConfig(spec, place, around) as Readonly<Record<string, unknown>> & {
    readonly HostConfig: Readonly<Record<string, unknown>>;
    readonly Labels: Readonly<Record<string, string>>;
  };
}

/** Every field that may be there at all: one that nobody thought of fails. */
const hostFields = new Set([
  ...[
    'CapDrop',
    'CapAdd',
    'SecurityOpt',
    'PidsLimit',
    'IpcMode',
    'Ulimits',
    'Memory',
    'MemorySwap',
    'NanoCpus',
  ],
  ...[
    'ReadonlyRootfs',
    'ExtraHosts',
    'Dns',
    'DnsSearch',
    'GroupAdd',
    'ShmSize',
    'MemoryReservation',
    'CpuShares',
  ],
  ...['CpusetCpus', 'NetworkMode', 'LogConfig', 'Init', 'AutoRemove', 'RestartPolicy', 'Tmpfs', 'Mounts'],
]);
const fields = new Set([
  ...[
    'Image',
    'Entrypoint',
    'Cmd',
    'User',
    'Tty',
    'OpenStdin',
    'Healthcheck',
    'StopSignal',
    'Labels',
    'HostConfig',
  ],
  ...['Hostname', 'Env', 'WorkingDir'],
]);
interface Mount {
  readonly Type: string;
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
}

/** Says nothing of how the policy is checked: it looks only at what the engine would be asked. */
function expectInside({ HostConfig: host, Labels: labels, ...rest }: ReturnType<typeof created>): void {
  for (const field of Object.keys(host)) expect(hostFields).toContain(field);
  for (const field of Object.keys(rest)) expect(fields).toContain(field);
  expect(rest.Entrypoint).toEqual([mountPoints.init]);
  // Made when it is not there, so never where init looks for what it makes itself.
  expect(String(rest.WorkingDir ?? '')).not.toMatch(/^\/(argonaut(?!\/work)|run\/argonaut)(\/|$)/);
  expect(host).toMatchObject({
    CapDrop: ['ALL'],
    IpcMode: 'private',
    LogConfig: { Type: 'none' },
    Init: false,
    AutoRemove: false,
    RestartPolicy: { Name: 'no' },
    SecurityOpt: ['no-new-privileges'],
  });
  for (const capability of host.CapAdd as string[]) expect(policy.capabilities).toContain(capability);
  expect(['none', 'default', 'backend', 'container:sandbox']).toContain(host.NetworkMode);
  expect(host.PidsLimit).toBeGreaterThan(0);
  expect(host.PidsLimit).toBeLessThanOrEqual(32_768);
  for (const { Name, Hard } of host.Ulimits as { Name: string; Hard: number }[]) {
    if (Name === 'core') expect(Hard).toBe(0);
    else expect(policy.ulimits).toContain(Name);
  }
  expect(labels).toMatchObject({ ...around.owner, 'argonaut.attempt': 'a', 'argonaut.staging': 'a.1' });
  for (const name of Object.keys((host.Tmpfs ?? {}) as object))
    if (name !== mountPoints.run) expectFree(name);
  expect((host.Tmpfs as Record<string, string>)[mountPoints.run]).toMatch(/noexec,nosuid,nodev/);
  const mounts = host.Mounts as Mount[];
  expect(mounts.slice(-2)).toEqual([
    { Type: 'bind', Source: '/host/init', Target: mountPoints.init, ReadOnly: true },
    { Type: 'bind', Source: '/host/attempt', Target: mountPoints.attempt },
  ]);
  for (const mount of mounts.slice(0, -2)) {
    expect(
      Object.keys(mount).filter((key) => !['Type', 'Source', 'Target', 'ReadOnly'].includes(key)),
    ).toEqual([]);
    expectFree(mount.Target);
    if (mount.Type === 'bind') {
      expect(mount.Source).toMatch(/^(\/srv\/builds|\/opt\/tools)(\/(?!\.\.)[^/]+)*$/);
      if (mount.Source?.startsWith('/opt')) expect(mount.ReadOnly).toBe(true);
    } else {
      expect(mount.Type).toBe('volume');
      if (mount.Source !== undefined) expect(mount.Source).toMatch(/^cache-/);
    }
  }
}

function expectFree(target: string): void {
  expect(target).not.toMatch(
    /^\/+(argonaut|argonaut-init|run|run\/argonaut|var\/run|proc|sys|dev)?(\/|$)(?!b)/,
  );
}

it(`whatever is given, the container stays inside the policy (seed ${seed})`, () => {
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    const text = Array.from({ length: 1 + Math.floor(random() * 4) }, option).join(' ');
    let config: ReturnType<typeof created>;
    try {
      config = created(text);
    } catch (error) {
      expect(error, text).toBeInstanceOf(Invalid);
      continue;
    }
    accepted += 1;
    try {
      expectInside(config);
    } catch (error) {
      throw new Error(`outside the policy: ${text}`, { cause: error });
    }
  }
  // The property would hold for a reader that refuses everything.
  expect(accepted).toBeGreaterThan(rounds / 50);
});
