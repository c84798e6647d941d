/** What Argonaut relies on in any engine about containers: the fences against a second start, and those around a step. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capabilities } from '../../src/attempts/container-config.ts';
import { Bench, eventually, patience } from '../contract/bench.ts';
import { localPorts } from '../contract/local-ports.ts';
import { EngineUnderTest } from './engine-under-test.ts';

const image = 'argonaut-test/busybox:1';
const sleeper = { Image: image, Cmd: ['sleep', '60'] };

describe('an engine, about containers', () => {
  const under = new EngineUnderTest();
  const { engine } = under;
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.open(localPorts);
  });
  afterAll(async () => {
    await bench?.close();
    await under.close();
  });

  it('speaks a version that Argonaut knows', async () => {
    const { apiVersion, version } = await engine.version(patience());
    expect(version).not.toBe('');
    const offered = await under.docker('version', '--format', '{{.Server.APIVersion}}');
    expect(apiVersion).toBe(offered);
  });

  it('refuses a second container of one name, as a conflict', async () => {
    const name = under.name();
    const { id } = await engine.createContainer(name, sleeper, patience());
    await expect(engine.createContainer(name, sleeper, patience())).rejects.toMatchObject({
      kind: 'Conflict',
    });
    expect((await engine.inspectContainer(name, patience()))?.id).toBe(id);
  });

  it('says that an image is not there, and makes nothing', async () => {
    const name = under.name();
    const absent = engine.createContainer(name, { Image: 'argonaut.local/nothing:1' }, patience());
    await expect(absent).rejects.toMatchObject({ kind: 'NotFound' });
    expect(await engine.inspectContainer(name, patience())).toBeUndefined();
  });

  it('does nothing when a running container is started again', async () => {
    const name = under.name();
    const { id } = await engine.createContainer(name, sleeper, patience());
    expect(await engine.startContainer(id, patience())).toBe('started');
    const before = (await engine.inspectContainer(id, patience()))?.startedAt;
    expect(await engine.startContainer(id, patience())).toBe('already');
    expect((await engine.inspectContainer(id, patience()))?.startedAt).toBe(before);
  });

  it('would run a container that has ended a second time', async () => {
    const name = under.name();
    const config = { Image: image, Cmd: ['sh', '-c', 'echo run'] };
    const { id } = await engine.createContainer(name, config, patience());
    for (let run = 0; run < 2; run++) {
      expect(await engine.startContainer(id, patience())).toBe('started');
      await engine.waitContainer(id, patience());
    }
    expect(await under.docker('logs', name)).toBe('run\nrun');
  });

  it('so the init of a step refuses to', async () => {
    const ledger = await bench.ledger();
    const spec = await bench.spec({ place: ledger.place ?? {} });
    await bench.stage(spec);
    await bench.open(spec.attempt, 'echo x >> /ledger/starts; exit 4');
    expect((await bench.told(spec.attempt)).confirmed.exitCode).toBe(4);
    const container = await bench.container(spec.attempt);
    expect(await engine.startContainer(container?.id ?? '', patience())).toBe('started');
    expect(await engine.waitContainer(container?.id ?? '', patience())).not.toBe(0);
    expect(await ledger.count()).toBe(1);
    // What was told before is what is told afterwards.
    expect((await bench.told(spec.attempt)).ended.exitCode).toBe(4);
    await bench.finish(spec.attempt);
  });

  it('lets a container join the network namespace of another', async () => {
    const [first, second] = [under.name(), under.name()];
    const { id } = await engine.createContainer(first, sleeper, patience());
    await engine.startContainer(id, patience());
    const joined = { ...sleeper, HostConfig: { NetworkMode: `container:${id}` } };
    const other = await engine.createContainer(second, joined, patience());
    await engine.startContainer(other.id, patience());
    const namespace = (name: string) => under.docker('exec', name, 'readlink', '/proc/self/ns/net');
    expect(await namespace(second)).toBe(await namespace(first));
  });

  it('executes in the root of the container, and nowhere else', async () => {
    const name = under.name();
    const script = { Image: image, Cmd: ['sh', '-c', 'echo here > /tmp/here; sleep 60'] };
    const { id } = await engine.createContainer(name, script, patience());
    await engine.startContainer(id, patience());
    await eventually('the file is there', async () => {
      const found = await under.docker('exec', name, 'cat', '/tmp/here').catch(() => '');
      return found === 'here';
    });
  });

  it('makes no directory of the worker for a source that is missing', async () => {
    const directory = await mkdtemp('/tmp/argonaut-contract-source-');
    const missing = `${directory}/missing`;
    const mount = { Type: 'bind', Source: missing, Target: '/x' };
    const name = under.name();
    const config = { ...sleeper, HostConfig: { Mounts: [mount] } };
    await expect(engine.createContainer(name, config, patience())).rejects.toMatchObject({ kind: 'Invalid' });
    expect(await readdir(directory)).toEqual([]);
    await rm(directory, { recursive: true });
  });

  it('keeps a staged container waiting, and gives it up without a trace', async () => {
    const ledger = await bench.ledger();
    const spec = await bench.spec({ place: ledger.place ?? {} });
    await bench.stage(spec);
    const container = await bench.container(spec.attempt);
    expect(container).toMatchObject({ status: 'running', name: `argonaut-${spec.attempt}` });
    const first = await under.docker('exec', `argonaut-${spec.attempt}`, 'cat', '/proc/1/cmdline');
    expect(first.split('\0')[0]).toBe('/argonaut-init');
    await bench.runner.discard(spec.attempt, 1, patience());
    await bench.runner.settled();
    expect(await bench.container(spec.attempt)).toBeUndefined();
    expect(await ledger.count()).toBe(0);
  });

  it('shows the fences of a step as they were asked for', async () => {
    const spec = await bench.spec({
      place: { network: 'lane', readOnlyRoot: true },
      spec: { limits: { memoryBytes: 64 * 1024 ** 2, cpus: 0.5, pids: 100 } },
    });
    await bench.stage(spec);
    const { HostConfig: host } = await under.inspect(`argonaut-${spec.attempt}`);
    expect(host).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      ReadonlyRootfs: true,
      PidsLimit: 100,
      Memory: 64 * 1024 ** 2,
      MemorySwap: 64 * 1024 ** 2,
      NanoCpus: 500_000_000,
      IpcMode: 'private',
      LogConfig: { Type: 'none' },
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    });
    // Some engines say CAP_CHOWN for CHOWN.
    const added = (host.CapAdd as string[]).map((name) => name.replace(/^CAP_/, ''));
    expect(added.sort()).toEqual([...capabilities].sort());
    expect(host.NetworkMode).toMatch(/^container:[0-9a-f]{64}$/);
    for (const absent of ['Binds', 'Devices', 'VolumesFrom', 'PortBindings', 'Links', 'GroupAdd']) {
      expect(Object.values(host[absent] ?? {}), absent).toEqual([]);
    }
    for (const mode of ['PidMode', 'UTSMode', 'UsernsMode']) expect(host[mode], mode).not.toBe('host');
    await bench.runner.discard(spec.attempt, 1, patience());
  });
});
