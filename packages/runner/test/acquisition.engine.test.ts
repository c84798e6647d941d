/** Images from a real registry: resolved, checked, pulled once, kept; and what is said when that fails. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { promisify } from 'node:util';
import { Secret } from '@argonaut/contracts';
import type { AcquireProgress, ImageRequest } from '@argonaut/contracts/attempt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { passwordRegistry, registry } from '../../../test/services.ts';
import { createDockerEngine, endpointFromDockerHost } from '../src/docker/index.ts';
import { keepName } from '../src/images/index.ts';
import { systemClock } from '../src/local/index.ts';
import type { Clock, Engine } from '../src/ports/index.ts';
import { acquiring } from './acquiring.ts';
import { patience } from './contract/bench.ts';

const docker = (...args: string[]) => promisify(execFile)('docker', args);
const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));

/** Real time, but no test waits for a pause: it is noted instead. */
function hurried(): Clock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    ...systemClock,
    random: () => 0.5,
    pauses,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      pauses.push(ms);
    },
  };
}

const acquisition = (over: Engine = engine, clock: Clock = systemClock) => acquiring(over, clock);

/** The real engine, whose pulls are counted, and held back until somebody says so. */
function counting(hold: Promise<void> = Promise.resolve()): {
  readonly engine: Engine;
  readonly pulls: string[];
} {
  const pulls: string[] = [];
  const counted: Engine = Object.create(engine, {
    pullImage: {
      value: async (reference: string, ...rest: unknown[]) => {
        pulls.push(reference);
        await hold;
        return (engine.pullImage as (...all: unknown[]) => Promise<void>).call(engine, reference, ...rest);
      },
    },
  });
  return { engine: proxied(counted), pulls };
}

/** Methods that are not replaced run on the real engine: it keeps private state. */
function proxied(over: Engine): Engine {
  return new Proxy(engine, {
    get(target, name) {
      const own = Object.getOwnPropertyDescriptor(over, name);
      const value: unknown = own ? own.value : Reflect.get(target, name);
      return typeof value === 'function' && !own ? value.bind(target) : value;
    },
  });
}

const always = (reference: string, more: Partial<ImageRequest> = {}): ImageRequest => ({
  reference,
  policy: 'always',
  ...more,
});

describe('acquiring an image', () => {
  let host: string;
  let digests: Readonly<Record<string, string>>;
  let multi: string;
  beforeAll(async () => {
    const service = await registry();
    host = service.host;
    digests = service.images;
    multi = service.multiPlatform.digest;
  });
  afterEach(async () => {
    for (const name of ['busybox', 'layers', 'multi', 'foreign']) {
      await docker('rmi', '-f', `${host}/argonaut-test/${name}:1`).catch(() => {});
    }
    for (const digest of [digests.layers, multi])
      if (digest) await docker('rmi', '-f', keepName(digest)).catch(() => {});
    await docker('rmi', '-f', `${host}/argonaut-test/layers@${digests.layers}`).catch(() => {});
    await docker('rmi', '-f', `${host}/argonaut-test/multi@${multi}`).catch(() => {});
  });
  afterAll(() => engine.close());

  it('pulls the digest that the tag means, tells its progress, and keeps it under a name of ours', async () => {
    const lines: AcquireProgress[] = [];
    const reference = `${host}/argonaut-test/layers:1`;
    const image = await (await acquisition()).acquire(
      always(reference),
      (line) => lines.push(line),
      patience(),
    );
    expect(image).toMatchObject({ reference, digest: digests.layers, local: keepName(digests.layers ?? '') });
    expect(lines[0]?.message).toContain(`Pulling image ${reference}`);
    expect(lines.at(-1)?.message).toMatch(/is ready after .* MB/);
    await docker('image', 'prune', '-f');
    expect(await engine.inspectImage(image.local, patience())).toBeDefined();
  });

  it('pulls once for everybody who waits, and not at all when it is there', async () => {
    const { engine: over, pulls } = counting();
    const images = await acquisition(over);
    const reference = `${host}/argonaut-test/layers:1`;
    const ask = () => images.acquire(always(reference), () => {}, patience());
    const got = await Promise.all([ask(), ask(), ask()]);
    expect(new Set(got.map(({ local }) => local)).size).toBe(1);
    expect(pulls).toHaveLength(1);
    await ask();
    expect(pulls).toHaveLength(1);
  });

  it('goes on for those who stay when one who waits leaves', async () => {
    const joined = Promise.withResolvers<void>();
    const { engine: over, pulls } = counting(joined.promise);
    const images = await acquisition(over);
    const reference = `${host}/argonaut-test/layers:1`;
    const leaving = new AbortController();
    const left = images.acquire(always(reference), () => {}, leaving.signal);
    const leave = expect(left).rejects.toThrow('left');
    // Told of the pull: it waits for it now.
    const stays = images.acquire(always(reference), () => leaving.abort(new Error('left')), patience());
    await leave;
    joined.resolve();
    expect((await stays).digest).toBe(digests.layers);
    expect(pulls).toHaveLength(1);
  });

  it('names an image of several platforms by its index, and pulls the one that the worker runs', async () => {
    const reference = `${host}/argonaut-test/multi:1`;
    const resolved = await (await acquisition()).resolve(always(reference), patience());
    expect(resolved.digest).toBe(multi);
    expect(resolved.platforms.map(({ architecture }) => architecture).sort()).toEqual(['amd64', 'arm64']);
    expect((await (await acquisition()).acquire(always(reference), () => {}, patience())).digest).toBe(multi);
  });

  it('takes a locked digest, whatever the tag means, and asks nobody when it is there', async () => {
    const reference = `${host}/argonaut-test/multi:1`;
    const locked = { digest: multi } as const;
    await (await acquisition()).acquire(
      always(`${host}/argonaut-test/multi:gone`, locked),
      () => {},
      patience(),
    );
    const deaf = proxied(
      Object.create(engine, {
        resolveImage: { value: () => Promise.reject(new Error('the registry was asked')) },
      }) as Engine,
    );
    expect(
      (await (await acquisition(deaf)).acquire(always(reference, locked), () => {}, patience())).digest,
    ).toBe(multi);
  });

  it('refuses an image for another architecture before anything is pulled', async () => {
    const { engine: over, pulls } = counting();
    const wanted = (await acquisition(over)).acquire(
      always(`${host}/argonaut-test/foreign:1`),
      () => {},
      patience(),
    );
    await expect(wanted).rejects.toThrow(/foreign:1 is for linux\/\w+; the worker runs linux\//);
    expect(pulls).toEqual([]);
  });

  it.each(['busybox:no-such-tag', 'no-such-image:1'])('says that there is no %s', async (name) => {
    const reference = `${host}/argonaut-test/${name}`;
    const clock = hurried();
    const wanted = (await acquisition(engine, clock)).acquire(always(reference), () => {}, patience());
    await expect(wanted).rejects.toMatchObject({ kind: 'NotFound' });
    await expect(wanted).rejects.toThrow(reference);
    expect(clock.pauses).toEqual([]);
  });

  it('obeys the policies "never" and "if-not-present"', async () => {
    const reference = `${host}/argonaut-test/busybox:1`;
    const images = await acquisition();
    await docker('rmi', '-f', reference).catch(() => {});
    const never = { reference, policy: 'never' } as const;
    await expect(images.acquire(never, () => {}, patience())).rejects.toThrow(/pull policy is "never"/);
    const { engine: over, pulls } = counting();
    await docker('pull', '-q', reference);
    await (await acquisition(over)).acquire({ reference, policy: 'if-not-present' }, () => {}, patience());
    expect((await images.acquire(never, () => {}, patience())).digest).toBe(digests.busybox);
    expect(pulls).toEqual([]);
  });

  it('uses an image that exists on the worker only', async () => {
    const image = await (await acquisition()).acquire(
      { reference: 'argonaut-test/musl:1', policy: 'if-not-present' },
      () => {},
      patience(),
    );
    expect(image.local).toBeTruthy();
    expect(await engine.inspectImage(image.local, patience())).toBeDefined();
  });

  describe('behind a password', () => {
    it('works with the right one, and leaves none on the worker', async () => {
      const service = await passwordRegistry();
      const { username, password } = service.credentials;
      const credentials = { username, password: new Secret(password) };
      const reference = `${service.host}/argonaut-test/busybox:1`;
      const image = await (await acquisition()).acquire(
        always(reference, { credentials }),
        () => {},
        patience(),
      );
      expect(image.digest).toBe(service.images.busybox);
      await docker('rmi', '-f', `${service.host}/argonaut-test/busybox@${image.digest}`).catch(() => {});
    });

    it.each([
      ['no credentials', undefined, /wants a user name and a password/],
      [
        'a wrong password',
        { username: 'deployer', password: new Secret('wrong') },
        /refuses the feed's user/,
      ],
    ] as const)('says what is wrong with %s, and does not try again', async (_name, credentials, message) => {
      const service = await passwordRegistry();
      const clock = hurried();
      const reference = `${service.host}/argonaut-test/musl:1`;
      const request = always(reference, credentials ? { credentials } : {});
      const wanted = (await acquisition(engine, clock)).acquire(request, () => {}, patience());
      await expect(wanted).rejects.toMatchObject({ kind: 'Unauthorised' });
      await expect(wanted).rejects.toThrow(message);
      expect(clock.pauses).toEqual([]);
    });
  });

  describe('from a registry in trouble', () => {
    let trouble: Server;
    let answer: { status: number; body: string };
    let asked = 0;
    let address: string;
    beforeAll(async () => {
      trouble = createServer((_request, response) => {
        asked += 1;
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
      }).listen(0, '127.0.0.1');
      await once(trouble, 'listening');
      const bound = trouble.address();
      if (bound === null || typeof bound === 'string') throw new Error('no port');
      address = `127.0.0.1:${bound.port}`;
    });
    afterAll(() => trouble.close());

    const error = (code: string) => JSON.stringify({ errors: [{ code, message: code.toLowerCase() }] });

    it.each([
      [429, 'TOOMANYREQUESTS', 'Unavailable', [15_000, 30_000, 60_000]],
      [403, 'DENIED', 'Forbidden', []],
      [500, 'UNKNOWN', 'InfrastructureFailure', [500, 1_000, 2_000]],
    ] as const)('%i: %s', async (status, code, kind, pauses) => {
      answer = { status, body: error(code) };
      asked = 0;
      const clock = hurried();
      const wanted = (await acquisition(engine, clock)).acquire(
        always(`${address}/tool:1`),
        () => {},
        patience(),
      );
      const failure: unknown = await wanted.catch((reason: unknown) => reason);
      expect(failure).toMatchObject({ kind });
      expect(String(failure)).toContain(`${address}/tool:1`);
      expect(clock.pauses).toEqual(pauses);
      expect(asked).toBeGreaterThan(0);
    });

    it('does without it when the image is there, and says so', async () => {
      answer = { status: 500, body: error('UNKNOWN') };
      await docker('tag', 'argonaut-test/busybox:1', `${address}/tool:2`);
      const lines: AcquireProgress[] = [];
      const image = await (await acquisition(engine, hurried())).acquire(
        always(`${address}/tool:2`),
        (line) => lines.push(line),
        patience(),
      );
      expect(await engine.inspectImage(image.local, patience())).toBeDefined();
      expect(lines.filter(({ level }) => level === 'Warning').at(-1)?.message).toMatch(
        /image that is on the worker is used/,
      );
      await docker('rmi', `${address}/tool:2`);
    });
  });
});
