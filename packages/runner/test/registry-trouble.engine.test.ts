/** A registry that dies in the middle, comes back or does not: pulled whole or not at all, and said by name. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@argonaut/contracts';
import type { AcquireProgress, ImageRequest } from '@argonaut/contracts/attempt';
import { afterAll, describe, expect, it } from 'vitest';
import { passwordRegistry, registry } from '../../../test/services.ts';
import { createDockerEngine, endpointFromDockerHost } from '../src/docker/index.ts';
import { byDigest, keepName } from '../src/images/index.ts';
import { acquiring, imageUses } from './acquiring.ts';
import { patience } from './contract/bench.ts';
import { cuttingProxy } from './cutting-proxy.ts';
import { pushedImage } from './pushed-image.ts';

const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
const own = () => `argonaut-test/fragile-${randomBytes(6).toString('hex')}:1`;
/** More than the manifests, less than the layer. */
const inTheLayer = 200_000;

describe('a registry', () => {
  afterAll(() => engine.close());

  it('that cuts a pull in the middle and is back again: the image comes whole', async () => {
    const { host } = await registry();
    await using proxy = await cuttingProxy(host);
    const name = own();
    await using _pushed = await pushedImage(`${host}/${name}`);
    proxy.cutAfter = inTheLayer;
    proxy.onCut = () => {
      proxy.cutAfter = Number.POSITIVE_INFINITY;
    };
    const images = await acquiring(engine);
    const image = await images.acquire(
      { reference: `${proxy.host}/${name}`, policy: 'always' },
      () => {},
      patience(),
    );
    expect(proxy.cuts).toBe(1);
    const { sizeBytes = 0 } = (await engine.inspectImage(image.local, patience())) ?? {};
    expect(sizeBytes).toBeGreaterThan(4_000_000);
  });

  it('that stays dead: the wait ends with its deadline, nothing half-made is found, and later all is well', async () => {
    const { host } = await registry();
    await using proxy = await cuttingProxy(host);
    const name = own();
    await using _pushed = await pushedImage(`${host}/${name}`);
    const reference = `${proxy.host}/${name}`;
    const images = await acquiring(engine);
    const request: ImageRequest = { reference, policy: 'always' };
    const { digest } = await images.resolve(request, patience());
    const leaving = new AbortController();
    proxy.cutAfter = inTheLayer;
    proxy.onCut = () => {
      proxy.die();
      leaving.abort(new Error('the time is over'));
    };
    await expect(images.acquire(request, () => {}, leaving.signal)).rejects.toThrow('the time is over');
    for (const half of [keepName(digest), byDigest(reference, digest)])
      expect(await engine.inspectImage(half, patience())).toBeUndefined();

    const dead: unknown = await images
      .acquire(request, () => {}, patience())
      .catch((error: unknown) => error);
    expect(dead).toMatchObject({ kind: 'InfrastructureFailure' });
    expect(String(dead)).toContain(`The registry of ${reference} cannot be used by the worker's engine`);

    proxy.cutAfter = Number.POSITIVE_INFINITY;
    await proxy.revive();
    expect((await images.acquire(request, () => {}, patience())).digest).toBe(digest);
  });

  it('that is down: what the tag meant here last is used, with a warning, also after a restart', async () => {
    const { host } = await registry();
    await using proxy = await cuttingProxy(host);
    const name = own();
    await using _pushed = await pushedImage(`${host}/${name}`);
    const request: ImageRequest = { reference: `${proxy.host}/${name}`, policy: 'always' };
    const directory = await mkdtemp(join(tmpdir(), 'argonaut-uses-'));
    const uses = await imageUses(undefined, directory);
    const before = await (await acquiring(engine, undefined, uses)).acquire(request, () => {}, patience());
    await uses.close();
    proxy.die();
    const lines: AcquireProgress[] = [];
    const remembered = await imageUses(undefined, directory);
    const later = await acquiring(engine, undefined, remembered);
    const after = await later.acquire(request, (line) => lines.push(line), patience());
    expect(after).toEqual(before);
    expect(lines).toEqual([
      {
        level: 'Warning',
        message: expect.stringMatching(/could not tell what .* The image that is on the worker/),
      },
    ]);
    await remembered.close();
    await rm(directory, { recursive: true });
  });

  it('that refuses one hinders nobody else who asks for the same', async () => {
    const { host, credentials } = await passwordRegistry();
    const right = { username: credentials.username, password: new Secret(credentials.password) };
    const reference = `${host}/argonaut-test/musl:1`;
    const images = await acquiring(engine);
    const wrong = { username: credentials.username, password: new Secret('wrong') };
    const asked = [wrong, right].map((who) =>
      images.acquire({ reference, policy: 'always', credentials: who }, () => {}, patience()),
    );
    const [refused, served] = await Promise.allSettled(asked);
    expect(refused).toMatchObject({ status: 'rejected', reason: { kind: 'Unauthorised' } });
    expect(served).toMatchObject({ status: 'fulfilled' });
  });
});
