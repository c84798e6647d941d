import type { AttemptSpec } from '@argonaut/contracts/attempt';
import { describe, expect, it } from 'vitest';
import { type ContainerPlace, containerConfig } from './container-config.ts';

const image = { reference: 'tool:1', local: 'sha256:1', os: 'linux', architecture: 'amd64' };
const around = {
  hostInit: '/host/init',
  hostAttempt: '/host/a',
  staging: 'a.1',
  owner: { 'argonaut.server': 's', 'argonaut.data': '/host' },
  sandboxId: 'box',
};

function config(place: Partial<ContainerPlace> = {}, limits: AttemptSpec['limits'] = {}) {
  const whole: ContainerPlace = { kind: 'container', image, network: 'lane', ...place };
  const spec: AttemptSpec = {
    attempt: 'a',
    task: 'ServerTasks-1',
    server: 's',
    lane: 'l',
    title: 'step',
    place: whole,
    limits,
    interpreters: [],
    oneStream: false,
    serviceMessages: true,
    gateDeadlineMs: 1_000,
    holdOnFailureMs: 0,
    leftovers: 'end',
  };
  return containerConfig(spec, whole, around) as Record<string, unknown> & {
    HostConfig: Record<string, unknown>;
  };
}

describe('the container of an attempt', () => {
  it('is fenced', () => {
    expect(config().HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: 4096,
      IpcMode: 'private',
      Init: false,
      LogConfig: { Type: 'none' },
      NetworkMode: 'container:box',
      RestartPolicy: { Name: 'no' },
    });
    expect(config()).toMatchObject({
      Healthcheck: { Test: ['NONE'] },
      StopSignal: 'SIGTERM',
      Entrypoint: ['/argonaut-init'],
    });
  });

  it('carries who it belongs to', () => {
    expect(config().Labels).toMatchObject({
      'argonaut.server': 's',
      'argonaut.data': '/host',
      'argonaut.task': 'ServerTasks-1',
      'argonaut.attempt': 'a',
      'argonaut.staging': 'a.1',
    });
  });

  it('has no environment and no command of the step: those go through the gate', () => {
    expect(config().Env).toBeUndefined();
    expect(JSON.stringify(config().Cmd)).not.toContain('tool');
  });

  it('takes its limits; swap does not stretch memory', () => {
    expect(config({}, { memoryBytes: 64 * 1024 * 1024, cpus: 1.5, pids: 10 }).HostConfig).toMatchObject({
      Memory: 67_108_864,
      MemorySwap: 67_108_864,
      NanoCpus: 1_500_000_000,
      PidsLimit: 10,
    });
  });

  it.each([
    [{ network: 'none' }, 'none'],
    [{ network: 'own' }, 'default'],
    [{ network: 'lane' }, 'container:box'],
    [{ network: 'lane', extraHosts: ['a:1.2.3.4'] }, 'default'],
    [{ network: 'lane', dns: ['1.1.1.1'] }, 'default'],
    [{ network: 'own', docker: { NetworkMode: 'backend' } }, 'backend'],
    [{ network: 'none', docker: { NetworkMode: 'host' } }, 'none'],
    [{ network: 'lane', docker: { NetworkMode: 'host' } }, 'container:box'],
  ] as const)('%j joins %s', (place, mode) => {
    expect(config(place as Partial<ContainerPlace>).HostConfig.NetworkMode).toBe(mode);
  });

  it('has a writable /tmp on a read-only root', () => {
    const { ReadonlyRootfs, Tmpfs } = config({ readOnlyRoot: true }).HostConfig;
    expect(ReadonlyRootfs).toBe(true);
    expect(Object.keys(Tmpfs as object).sort()).toEqual(['/run/argonaut', '/tmp']);
    expect(Object.keys(config().HostConfig.Tmpfs as object)).toEqual(['/run/argonaut']);
  });

  it('leaves to the step what it puts at /tmp of a read-only root itself', () => {
    const own = config({ readOnlyRoot: true, docker: { Tmpfs: { '/tmp': 'size=64m' } } });
    expect(own.HostConfig.Tmpfs).toMatchObject({ '/tmp': 'size=64m' });
    const mounted = config({
      readOnlyRoot: true,
      docker: { Mounts: [{ Type: 'volume', Source: 'scratch', Target: '/tmp' }] },
    });
    expect(Object.keys(mounted.HostConfig.Tmpfs as object)).toEqual(['/run/argonaut']);
    const below = config({ readOnlyRoot: true, docker: { Mounts: [{ Type: 'volume', Target: '/tmp/a' }] } });
    expect(Object.keys(below.HostConfig.Tmpfs as object).sort()).toEqual(['/run/argonaut', '/tmp']);
  });

  it('lets options of Docker add things, but not take away what makes an attempt exact', () => {
    const { HostConfig, Hostname } = config({
      docker: {
        Hostname: 'named',
        ShmSize: 1,
        Init: true,
        AutoRemove: true,
        LogConfig: { Type: 'json-file' },
        RestartPolicy: { Name: 'always' },
        Tmpfs: { '/cache': '', '/run/argonaut': 'size=1' },
        Mounts: [{ Type: 'bind', Source: '/a', Target: '/b' }],
      },
    });
    expect(Hostname).toBe('named');
    expect(HostConfig).toMatchObject({
      ShmSize: 1,
      Init: false,
      AutoRemove: false,
      LogConfig: { Type: 'none' },
      RestartPolicy: { Name: 'no' },
    });
    const tmpfs = HostConfig.Tmpfs as Record<string, string>;
    expect(tmpfs['/cache']).toBe('');
    expect(tmpfs['/run/argonaut']).toMatch(/mode=1777.*noexec/);
    expect((HostConfig.Mounts as { Target: string }[]).map(({ Target }) => Target)).toEqual([
      '/b',
      '/argonaut-init',
      '/argonaut',
    ]);
  });
});
