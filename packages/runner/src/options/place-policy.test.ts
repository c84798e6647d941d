/** What the engine is going to be asked for, held against a pool's policy: the rules of the options, seen from behind. */
import { describe, expect, it } from 'vitest';
import type { ContainerPlace } from '../attempts/container-config.ts';
import { defaultPolicy, type OptionsPolicy, ownMachinePolicy } from './options-policy.ts';
import { parseContainerOptions } from './parse.ts';
import { checkPlace } from './place-policy.ts';
import { checkPolicy } from './policy.ts';
import { settingsOf } from './settings.ts';

const image = { reference: 'a', local: 'a', os: 'linux', architecture: 'amd64' };

function placeOf(text: string): { place: ContainerPlace; limits: ReturnType<typeof settingsOf>['limits'] } {
  const { place, limits } = settingsOf(parseContainerOptions(text));
  return { place: { kind: 'container', image, network: 'own', ...place }, limits };
}

const strict: OptionsPolicy = {
  ...defaultPolicy,
  name: 'the policy of worker pool "P"',
  binds: [{ directory: '/srv', readOnly: true }],
  most: { memoryBytes: 2 ** 30, cpus: 2, pids: 100, shmBytes: 2 ** 20 },
};

describe.each([
  '--privileged',
  '--cap-add SYS_ADMIN',
  '--cap-add CHOWN',
  '--cap-drop ALL',
  '--security-opt seccomp=unconfined',
  '--security-opt no-new-privileges=false',
  '--security-opt no-new-privileges',
  '--device /dev/kvm',
  '--gpus all',
  '--network host',
  '--network private',
  '--network none',
  '--ipc host',
  '--uts host',
  '-v /etc:/x',
  '-v /srv/a:/x',
  '-v /srv/a:/x:ro',
  '-v cache:/x',
  '-v /x',
  '--tmpfs /x',
  '--mount type=bind,source=/,target=/host',
  '--memory 2g',
  '--memory 512m',
  '--cpus 4',
  '--pids-limit 200',
  '--pids-limit -1',
  '--shm-size 1g',
  '--ulimit rtprio=9',
  '--ulimit nofile=99',
  '-e A=b',
  '-l a=b',
  '--hostname h --workdir /w --user 1 --read-only',
])('%s', (text) => {
  it.each([strict, defaultPolicy, ownMachinePolicy])('is judged as its option is ($name)', (policy) => {
    const { place, limits } = placeOf(text);
    const before = checkPolicy(parseContainerOptions(text), policy).length > 0;
    expect(checkPlace(place, limits, policy).length > 0).toBe(before);
  });
});

describe('what no option makes', () => {
  it.each([
    ['a setting that nobody knows', { Sysctls: { 'kernel.x': '1' } }],
    ['binds of the old kind', { Binds: ['/:/host'] }],
    [
      'a volume that is a directory of the worker',
      {
        Mounts: [
          { Type: 'volume', Target: '/x', VolumeOptions: { DriverConfig: { Options: { device: '/' } } } },
        ],
      },
    ],
    ['a mount of another type', { Mounts: [{ Type: 'npipe', Source: '/', Target: '/x' }] }],
    ['the network of another container', { NetworkMode: 'container:other' }],
    ['namespaces of another container', { IpcMode: 'container:other' }],
    ['security options that take a fence away', { SecurityOpt: [] }],
    ['a variable of ours', { Env: ['ARGONAUT_X=1'] }],
  ])('%s is refused', (_, docker) => {
    const place: ContainerPlace = { kind: 'container', image, network: 'own', docker };
    const [refusal] = checkPlace(place, {}, strict);
    expect(refusal?.message).toContain('refused by the policy of worker pool "P"');
  });
});

it('a link is judged by where it leads', () => {
  const { place, limits } = placeOf('-v /srv/link:/x:ro');
  expect(checkPlace(place, limits, strict)).toEqual([]);
  const leads = (path: string) => (path === '/srv/link' ? '/root/.ssh' : path);
  expect(checkPlace(place, limits, strict, leads).map(({ flag }) => flag)).toEqual([
    '--mount type=bind,source=/srv/link,target=/x',
  ]);
});
