import { Invalid } from '@argonaut/contracts';
import { describe, expect, it } from 'vitest';
import { defaultPolicy, type OptionsPolicy, ownMachinePolicy } from './options-policy.ts';
import { parseContainerOptions } from './parse.ts';
import { checkPolicy } from './policy.ts';
import { readContainerOptions } from './read.ts';
import { quoteWord, splitWords } from './words.ts';

/** What the own machine's policy, which closes nothing but what is Argonaut's, makes of the text. */
const settings = (text: string) => readContainerOptions(text, ownMachinePolicy);
const docker = (text: string) => settings(text).place.docker;

function complaint(text: string, policy: OptionsPolicy = ownMachinePolicy): string {
  try {
    readContainerOptions(text, policy);
  } catch (error) {
    if (error instanceof Invalid) return error.message;
    throw error;
  }
  return '';
}

function refusals(text: string, policy: Partial<OptionsPolicy> = {}): string[] {
  return checkPolicy(parseContainerOptions(text), { ...defaultPolicy, ...policy }).map(({ flag }) => flag);
}

describe('words', () => {
  it.each([
    ['', []],
    ['  a\tb\n c ', ['a', 'b', 'c']],
    [`a"b c"'d e'f`, ['ab cd ef']],
    [`'' ""`, ['', '']],
    ['a\\ b \\" \\\n c', ['a b', '"', 'c']],
    [`"a\\"b\\n$c"`, ['a"b\\n$c']],
    [`'a\\'`, ['a\\']],
    ['$(id) `id` * ~ # | ;', ['$(id)', '`id`', '*', '~', '#', '|', ';']],
  ])('%j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each([`'a`, `"a`, 'a\\'])('%j has no end', (text) => {
    expect(() => splitWords(text)).toThrow(Invalid);
  });

  it.each(['plain', 'two words', "it's", '', '$x "y" \\z', 'a\nb'])('%j survives quoting', (word) => {
    expect(splitWords(quoteWord(word))).toEqual([word]);
  });
});

describe('options', () => {
  it.each(['--memory=1g', '--memory 1g', '-m 1g', '-m1g', '-m=1g', '--memory 1GiB', '--memory 1073741824'])(
    '%s',
    (text) => {
      expect(settings(text).limits).toEqual({ memoryBytes: 1_073_741_824 });
    },
  );

  it('become typed settings where there are some', () => {
    const text = '-u 1000:1000 --read-only --cpus .5 --pids-limit 64 --dns 1.1.1.1 --add-host db:10.0.0.1';
    expect(settings(text)).toEqual({
      place: {
        network: 'own',
        user: '1000:1000',
        readOnlyRoot: true,
        dns: ['1.1.1.1'],
        extraHosts: ['db:10.0.0.1'],
        docker: {},
      },
      limits: { cpus: 0.5, pids: 64 },
    });
  });

  it('become fields of Docker where there are none', () => {
    expect(docker('--shm-size 64m --ulimit nofile=1024:2048 --hostname box --gpus all')).toEqual({
      Hostname: 'box',
      ShmSize: 67_108_864,
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'nofile', Soft: 1024, Hard: 2048 },
      ],
      DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }],
    });
    expect(docker('-e A=1 -e "B=two words" --label a=b -l c')).toEqual({
      Env: ['A=1', 'B=two words'],
      Labels: { a: 'b', c: '' },
    });
  });

  it.each([
    ['--network none', 'none', undefined],
    ['--network bridge', 'own', undefined],
    ['--net=backend', 'own', 'backend'],
    ['--hostname box', 'own', undefined],
    ['', undefined, undefined],
  ])('%s takes the network %s', (text, network, mode) => {
    expect(settings(text).place.network).toBe(network);
    expect(docker(text).NetworkMode).toBe(mode);
  });

  it.each([
    ['-v /a:/b', { Type: 'bind', Source: '/a', Target: '/b' }],
    ['-v /a/../c/:/b/:ro', { Type: 'bind', Source: '/c', Target: '/b', ReadOnly: true }],
    ['--volume=cache:/b:rw', { Type: 'volume', Source: 'cache', Target: '/b' }],
    ['-v /b', { Type: 'volume', Target: '/b' }],
    [
      '--mount type=bind,src=/a,dst=/b,readonly',
      { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true },
    ],
    ['--mount source=cache,target=/b', { Type: 'volume', Source: 'cache', Target: '/b' }],
  ])('%s', (text, mount) => {
    expect(docker(text).Mounts).toEqual([mount]);
  });

  it('name sources relative to a directory only where there is one', () => {
    const read = readContainerOptions('-v ./a:/b', ownMachinePolicy, { base: '/home/me' });
    expect(read.place.docker.Mounts).toEqual([{ Type: 'bind', Source: '/home/me/a', Target: '/b' }]);
    expect(complaint('-v ./a:/b')).toMatch(/-v \.\/a:\/b.*absolute/);
  });

  it('keep the fences that they do not name', () => {
    expect(docker('--cap-drop CHOWN --cap-add cap_net_raw').CapAdd).toEqual([
      ...defaultPolicy.capabilities.filter((name) => name !== 'CHOWN'),
      'NET_RAW',
    ]);
    expect(docker('--cap-add NET_RAW --cap-drop ALL').CapAdd).toEqual(['NET_RAW']);
    expect(docker('--security-opt seccomp=unconfined').SecurityOpt).toEqual([
      'no-new-privileges',
      'seccomp=unconfined',
    ]);
    expect(docker('--security-opt no-new-privileges:false').SecurityOpt).toEqual([]);
  });

  it.each([
    ['--init', /--init cannot be used.*process 1/],
    ['--entrypoint sh', /--entrypoint cannot be used.*Run a container/],
    ['--rm', /--rm cannot be used/],
    ['-it', /-i cannot be used.*-t cannot be used/],
    ['-w x', /-w x: expected an absolute path/],
    ['-p 80:80', /-p cannot be used/],
    ['--pid=host', /--pid cannot be used/],
    ['--frobnicate 3', /--frobnicate is not an option that Argonaut knows\.$/],
    ['--constructor', /--constructor is not an option/],
    ['-x', /-x is not an option/],
    ['alpine', /"alpine" is not an option/],
    ['-', /"-" is not an option/],
    ['--memory', /--memory: a value is missing/],
    ['--memory lots', /--memory lots: expected a size/],
    ['--memory 1m', /--memory 1m: .*6m/],
    ['-e HOME', /-e HOME: .*worker's own/],
    ['--dns example', /--dns example: expected an IP/],
    ['--privileged=maybe', /--privileged maybe: expected true or false/],
    ['-v /a:/b:shared', /-v \/a:\/b:shared: the mode "shared"/],
    ['--mount type=volume,dst=/b,volume-opt=device=/', /"volume-opt" is not supported/],
    ['--tmpfs /x:size=1m,lowerdir=/etc', /"lowerdir=\/etc" is not an option of a tmpfs/],
    ['--cgroup-parent /x --frob', /--cgroup-parent.*--frob/],
  ])('%s is an error that names it', (text, message) => {
    expect(complaint(text)).toMatch(message);
  });
});

describe('the default policy', () => {
  it.each([
    '--memory 1g --cpus 2 --pids-limit 100 -u 0 --read-only --shm-size 1g',
    '--network none',
    '--network bridge --dns 1.1.1.1 --add-host a:1.2.3.4 --hostname box',
    '-e A=b --label team=x --tmpfs /cache:size=64m -v /scratch',
    '--cap-drop ALL --cap-add CHOWN --security-opt no-new-privileges',
    '--ulimit nofile=65536 --platform linux/amd64 --ipc private',
    '--privileged=false',
  ])('allows %s', (text) => {
    expect(refusals(text)).toEqual([]);
  });

  it.each([
    '--privileged',
    '--cap-add SYS_ADMIN',
    '--cap-add ALL',
    '--security-opt seccomp=unconfined',
    '--security-opt apparmor=unconfined',
    '--security-opt no-new-privileges:false',
    '--security-opt systempaths=unconfined',
    '--network host',
    '--network container:other',
    '--network backend',
    '--ipc host',
    '--uts host',
    '--userns host',
    '--cgroupns host',
    '--device /dev/kmsg',
    '--gpus all',
    '--pids-limit -1',
    '--pids-limit 100000',
    '--shm-size 100g',
    '--ulimit core=-1',
    '-v /srv:/srv',
    '-v cache:/cache',
    '-v /var/run/docker.sock:/var/run/docker.sock',
    '--label argonaut.server=other',
    '-e ARGONAUT_FILES=/x',
    '--tmpfs /argonaut',
    '--tmpfs /run',
    '-v /argonaut-init',
    '-v /argonaut/work',
    '-v /x/../argonaut',
    '-v /var/run/argonaut',
    '--tmpfs /proc/sys',
    '-v /sys',
  ])('refuses %s', (text) => {
    expect(refusals(text)).toHaveLength(1);
    expect(complaint(text, defaultPolicy)).toContain(
      `${text} is refused by the default policy of worker pools: `,
    );
  });

  it('tells of everything at once', () => {
    expect(refusals('--privileged --cap-add SYS_ADMIN --memory 1g -v /:/host')).toEqual([
      '-v /:/host',
      '--privileged',
      '--cap-add SYS_ADMIN',
    ]);
  });
});

describe('directories that a pool allows', () => {
  const binds = [{ directory: '/srv/builds' }, { directory: '/opt/tools', readOnly: true }];

  it.each(['/srv/builds', '/srv/builds/a', '/srv/x/../builds/', '//srv/builds'])('%s is one', (source) => {
    expect(refusals(`-v ${source}:/b`, { binds })).toEqual([]);
  });

  it.each(['/srv', '/srv/builds-2', '/srv/builds/../x', '/', '/opt/tools'])(
    '%s is none to write to',
    (source) => {
      expect(refusals(`-v ${source}:/b`, { binds })).toHaveLength(1);
    },
  );

  it('may be open for reading only', () => {
    expect(refusals('-v /opt/tools:/b:ro', { binds })).toEqual([]);
  });

  it('are judged by where they lead, when the worker can be asked', () => {
    const options = parseContainerOptions('-v /srv/builds/link:/b');
    const policy = { ...defaultPolicy, binds };
    expect(checkPolicy(options, policy, () => '/srv/builds/real')).toEqual([]);
    expect(checkPolicy(options, policy, () => '/etc/shadow')).toHaveLength(1);
  });

  it.each([
    '/var/run/docker.sock',
    '/run/docker.sock',
    '/var/run/../run/docker.sock',
    '//run//docker.sock',
    '/var/./run/docker.sock/',
    '/run',
    '/var/run',
    '/run/..',
    '/',
    '/run/containerd/containerd.sock',
    '/run/podman/podman.sock',
    '/run/user/1000/docker.sock',
    '/home/me/.docker/run/docker.sock',
    '/var/lib/docker/volumes',
  ])("never include an engine's socket or store, even where all is allowed: %s", (source) => {
    expect(refusals(`-v ${source}:/b`, { binds: [{ directory: '/' }] })).toHaveLength(1);
    expect(
      refusals(`--mount type=bind,src=${source},dst=/b,ro`, { binds: [{ directory: '/' }] }),
    ).toHaveLength(1);
  });

  it('and a socket behind a link is one', () => {
    const options = parseContainerOptions('-v /srv/builds/s:/b');
    expect(
      checkPolicy(options, { ...defaultPolicy, binds: [{ directory: '/' }] }, () => '/run/docker.sock'),
    ).toHaveLength(1);
  });

  it('can include the socket when somebody says so', () => {
    const policy = { binds: [{ directory: '/run/docker.sock' }], engineSockets: true };
    expect(refusals('-v /var/run/docker.sock:/b', policy)).toEqual([]);
  });
});
