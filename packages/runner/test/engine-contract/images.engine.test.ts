/** What an image is called: the same digest on every engine, whatever its image store makes of it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Secret } from '@argonaut/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RegistryService } from '../../../../test/services/registry.ts';
import { passwordRegistry, registry } from '../../../../test/services.ts';
import { acquiring } from '../acquiring.ts';
import { patience } from '../contract/bench.ts';
import { EngineUnderTest, type ImageStoreKind } from './engine-under-test.ts';

describe('an engine, about images', () => {
  const under = new EngineUnderTest();
  const { engine } = under;
  let service: RegistryService;
  let store: ImageStoreKind;
  let multi: string;
  let single: string;
  beforeAll(async () => {
    service = await registry();
    store = await under.store();
    multi = `${service.host}/argonaut-test/multi:1`;
    single = `${service.host}/argonaut-test/busybox:1`;
  });
  /** Every name under which the registry's images are known here. */
  const forget = async () => {
    const names = (await under.docker('images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
    const ours = names.filter(
      (name) => name.startsWith(service.host) || name.startsWith('argonaut.local/keep:'),
    );
    const removable = ours.filter((name) => !name.endsWith('<none>'));
    if (removable.length > 0) await under.docker('rmi', '-f', ...removable).catch(() => '');
    const untagged = `${service.host}/argonaut-test/multi@${service.multiPlatform.digest}`;
    await under.docker('rmi', '-f', untagged).catch(() => '');
  };
  beforeEach(forget);
  afterAll(async () => {
    await forget();
    await under.close();
  });

  const acquisition = () => acquiring(engine);
  const acquire = async (reference: string, policy: 'always' | 'if-not-present' = 'always') =>
    (await acquisition()).acquire({ reference, policy }, () => {}, patience());

  it('says what a tag means in its registry: the digest of the index, and the platforms', async () => {
    const resolved = await engine.resolveImage(multi, undefined, patience());
    expect(resolved.digest).toBe(service.multiPlatform.digest);
    expect(resolved.platforms.map(({ architecture }) => architecture).sort()).toEqual(['amd64', 'arm64']);
  });

  it('has an id of its own for an image, and Argonaut does not go by it', async () => {
    const acquired = await acquire(multi);
    const details = await engine.inspectImage(acquired.local, patience());
    expect(acquired.digest).toBe(service.multiPlatform.digest);
    if (store === 'containerd') expect(details?.id).toBe(service.multiPlatform.digest);
    else expect(details?.id).not.toBe(service.multiPlatform.digest);
  });

  it('knows one content by several repositories; the digest is that of the one that was asked for', async () => {
    expect((await acquire(multi)).digest).toBe(service.multiPlatform.digest);
    const acquired = await acquire(single);
    expect(acquired.digest).toBe(service.images.busybox);
    expect((await acquire(multi, 'if-not-present')).digest).toBe(service.multiPlatform.digest);
    expect((await acquire(single, 'if-not-present')).digest).toBe(service.images.busybox);
    if (store === 'classic') {
      // The one image carries both, so the first of them is anybody's.
      const digests = (await engine.inspectImage(acquired.local, patience()))?.repoDigests ?? [];
      expect(digests.length).toBeGreaterThan(1);
    }
  });

  it('may claim a digest for an image that no registry ever gave', async () => {
    const loaded = 'argonaut-test/scratch:1';
    const details = await engine.inspectImage(loaded, patience());
    const own = details?.repoDigests.filter((name) => name.startsWith('argonaut-test/scratch@'));
    expect(own).toHaveLength(store === 'containerd' ? 1 : 0);
    const acquired = await acquire(loaded, 'if-not-present');
    expect(acquired.digest === undefined).toBe(store === 'classic');
    expect(await engine.inspectImage(acquired.local, patience())).toBeDefined();
  });

  it('creates from what was acquired', async () => {
    for (const reference of [multi, single]) {
      const { local } = await acquire(reference);
      const name = under.name();
      await engine.createContainer(name, { Image: local, Cmd: ['true'] }, patience());
      await engine.startContainer(name, patience());
      expect(await engine.waitContainer(name, patience())).toBe(0);
      await engine.removeContainer(name, patience());
    }
  });

  it('keeps what was acquired when unused images are pruned', async () => {
    const { local } = await acquire(multi);
    await under.docker('image', 'prune', '-f');
    expect(await engine.inspectImage(local, patience())).toBeDefined();
  });

  it('may say nothing of the platform when only a foreign one is there; what is acquired then still runs', async () => {
    await engine.pullImage(multi, { platform: 'linux/arm64' }, () => {}, patience());
    const foreign = await engine.inspectImage(multi, patience());
    // With the containerd store some versions say nothing at all, and 28.5 goes on showing arm64 when both are here.
    expect(['', 'arm64']).toContain(foreign?.architecture);
    const acquired = await acquire(multi);
    expect(acquired).toMatchObject({ digest: service.multiPlatform.digest, architecture: 'amd64' });
    const name = under.name();
    await engine.createContainer(name, { Image: acquired.local, Cmd: ['true'] }, patience());
    await engine.startContainer(name, patience());
    expect(await engine.waitContainer(name, patience())).toBe(0);
  });

  it('tells what a registry refuses: nobody, the wrong one, nothing there', async () => {
    const { host, credentials } = await passwordRegistry();
    const ask = async (repository: string, password?: string) => {
      const secret = password === undefined ? undefined : new Secret(password);
      return (await acquisition()).resolve(
        {
          reference: `${host}/argonaut-test/${repository}:1`,
          policy: 'always',
          ...(secret ? { credentials: { username: credentials.username, password: secret } } : {}),
        },
        patience(),
      );
    };
    await expect(ask('busybox')).rejects.toMatchObject({ kind: 'Unauthorised' });
    await expect(ask('busybox', 'wrong')).rejects.toMatchObject({ kind: 'Unauthorised' });
    await expect(ask('no-such-repository', credentials.password)).rejects.toMatchObject({ kind: 'NotFound' });
    expect((await ask('busybox', credentials.password)).digest).toMatch(/^sha256:/);
  });

  it('tells a registry that forbids from one that asks who it is', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/v2/') return response.writeHead(200).end('{}');
      const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'not for you' }] });
      return response.writeHead(403, { 'content-type': 'application/json' }).end(body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const reference = `127.0.0.1:${port}/team/tool:1`;
    await expect(
      (await acquisition()).resolve({ reference, policy: 'always' }, patience()),
    ).rejects.toMatchObject({
      kind: 'Forbidden',
    });
    server.close();
  });
});
