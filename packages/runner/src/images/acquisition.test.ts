/** What acquisition makes of a registry that is played: what is asked of it, how often, and what stands in for it. */
import { Secret } from '@argonaut/contracts';
import type { AcquireProgress, ImageRequest, RegistryCredentials } from '@argonaut/contracts/attempt';
import { describe, expect, it } from 'vitest';
import { answerError } from '../docker/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine, ImageDetails } from '../ports/engine.ts';
import type { Files } from '../ports/files.ts';
import { ImageAcquisition } from './acquisition.ts';
import { ImageKnowledge } from './knowledge.ts';
import { keepName } from './names.ts';
import { ImageUses } from './uses.ts';

const signal = AbortSignal.timeout(60_000);
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const tool = 'registry.test/tool:1';

/** An engine with images by all their names, and a registry behind it. */
class PlayedEngine {
  readonly images = new Map<string, ImageDetails>();
  /** What the registry's tags mean. */
  readonly tags = new Map<string, string>();
  /** Thrown instead of an answer. */
  registryFails: ((credentials?: RegistryCredentials) => Error | undefined) | undefined;
  pullFails: Error | undefined;
  asked = 0;
  pulls = 0;

  add(digest: string, names: readonly string[], architecture = 'amd64'): void {
    const image: ImageDetails = {
      ...{ id: `id-${digest}`, repoTags: [...names], repoDigests: [`registry.test/tool@${digest}`] },
      ...{ os: 'linux', architecture, sizeBytes: 1 },
      ...{ entrypoint: [], cmd: [], user: 'root', workingDir: '', env: [], volumes: [] },
    };
    for (const name of names) this.images.set(name, image);
  }

  version = async () => ({ os: 'linux', architecture: 'amd64' });
  inspectImage = async (name: string) => this.images.get(name);
  removeImage = async (name: string) => void this.images.delete(name);

  tagImage = async (id: string, repository: string, tag: string) => {
    const image = [...this.images.values()].find((one) => one.id === id);
    if (image) this.images.set(`${repository}:${tag}`, image);
  };

  resolveImage = async (reference: string, credentials?: RegistryCredentials) => {
    this.asked += 1;
    // As over a network: others come before there is an answer.
    await new Promise(setImmediate);
    const failure = this.registryFails?.(credentials);
    if (failure) throw failure;
    const digest = reference.split('@')[1] ?? this.tags.get(reference);
    if (digest === undefined) throw answerError('asking', 404, 'manifest unknown');
    return { reference, digest, platforms: [{ os: 'linux', architecture: 'amd64' }] };
  };

  pullImage = async (exact: string) => {
    this.pulls += 1;
    await new Promise(setImmediate);
    if (this.pullFails) throw this.pullFails;
    this.add(exact.split('@')[1] ?? '', [exact]);
  };
}

const clock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  random: () => 0.5,
  sleep: async () => {},
};

async function acquiring(played: PlayedEngine) {
  const engine = played as unknown as Engine;
  const files = { readFile: async () => undefined, writeFile: async () => {} } as unknown as Files;
  const onProblem = (error: unknown) => {
    throw error;
  };
  const uses = await ImageUses.open({ files, clock, dataDirectory: '/data', onProblem }, signal);
  const images = new ImageAcquisition({ engine, knowledge: new ImageKnowledge(engine), uses, clock });
  return (request: Partial<ImageRequest> = {}, tell: (line: AcquireProgress) => void = () => {}) =>
    images.acquire({ reference: tool, policy: 'always', ...request }, tell, signal);
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a registry that is away', () => {
  it('is done without by what the tag meant last, never by what a release has fixed', async () => {
    const played = new PlayedEngine();
    const acquire = await acquiring(played);
    played.tags.set(tool, digestOf('b'));
    await acquire();
    // An old release runs once more, after the new content was seen.
    await acquire({ digest: digestOf('a') });
    played.registryFails = () => answerError('asking', 500, 'connection refused');
    expect((await acquire()).digest).toBe(digestOf('b'));
  });

  it('is an error where only a release has brought the image', async () => {
    const played = new PlayedEngine();
    const acquire = await acquiring(played);
    await acquire({ digest: digestOf('a') });
    played.registryFails = () => answerError('asking', 500, 'no such host');
    await expect(acquire()).rejects.toThrow(
      "no such host. Check the image's name and the worker's network and DNS, or choose a feed.",
    );
  });
});

describe('credentials that are refused', () => {
  const as = (username: string, password: string): Partial<ImageRequest> => ({
    credentials: { username, password: new Secret(password) },
  });
  const refusing = (right: string) => (given?: RegistryCredentials) =>
    given?.password.reveal() === right ? undefined : answerError('asking', 401, 'unauthorized');

  it.each([
    ['a tag', {}],
    ['a digest', { digest: digestOf('a') }],
  ])('are tried once for all who wait for %s with them; others try theirs', async (_what, request) => {
    const played = new PlayedEngine();
    const acquire = await acquiring(played);
    played.tags.set(tool, digestOf('a'));
    played.registryFails = refusing('right');
    const waiting = ['wrong', 'wrong', 'right', 'wrong'].map((password) =>
      acquire({ ...request, ...as('deployer', password) }),
    );
    const ended = await Promise.allSettled(waiting);
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'rejected']);
    expect(played.asked).toBe(2);
  });

  it('while it pulls are not tried on the registry once more', async () => {
    const played = new PlayedEngine();
    const acquire = await acquiring(played);
    played.tags.set(tool, digestOf('a'));
    played.pullFails = answerError('pulling', 500, 'unauthorized: incorrect username or password');
    const failure = await failureOf(acquire(as('deployer', 'expired')));
    expect(failure).toMatchObject({ kind: 'Unauthorised', details: { credentialsRefused: true } });
    expect([played.asked, played.pulls]).toEqual([1, 1]);
  });
});

describe('content that somebody else has pulled', () => {
  const exact = `registry.test/tool@${digestOf('a')}`;

  it.each([
    ['whose tag means it', {}],
    ['that a release is fixed to', { digest: digestOf('a') }],
  ])(
    'is not pulled again %s, unless nobody can tell that it is for this platform',
    async (_what, request) => {
      for (const architecture of ['amd64', '']) {
        const played = new PlayedEngine();
        played.tags.set(tool, digestOf('a'));
        played.add(digestOf('a'), [exact], architecture);
        const acquire = await acquiring(played);
        expect((await acquire(request)).local).toBe(keepName(digestOf('a')));
        expect(played.pulls).toBe(architecture === '' ? 1 : 0);
      }
    },
  );
});

describe('an image that has several digests of its own repository', () => {
  it.each([
    ['that which the registry names for the tag', digestOf('b'), 'if-not-present', digestOf('b'), 1],
    ['the first when the tag means other content by now', digestOf('c'), 'if-not-present', digestOf('a'), 1],
    ['the first when the registry is away', undefined, 'if-not-present', digestOf('a'), 1],
    ['the first when no registry may be asked', digestOf('b'), 'never', digestOf('a'), 0],
  ] as const)('is known by %s', async (_what, meant, policy, expected, asked) => {
    const played = new PlayedEngine();
    const acquire = await acquiring(played);
    played.add(digestOf('a'), [tool]);
    const digests = [digestOf('a'), digestOf('b')].map((digest) => `registry.test/tool@${digest}`);
    const image = played.images.get(tool);
    if (image) played.images.set(tool, { ...image, repoDigests: digests });
    if (meant === undefined) played.registryFails = () => answerError('asking', 500, 'no such host');
    else played.tags.set(tool, meant);
    expect((await acquire({ policy })).digest).toBe(expected);
    expect([played.asked, played.pulls]).toEqual([asked, 0]);
  });
});

describe('two repositories with the same content', () => {
  const mirror = 'mirror.test/tool:1';

  it('share one pull; when it fails for one of them, the other one is tried', async () => {
    for (const isBroken of [false, true]) {
      const played = new PlayedEngine();
      const acquire = await acquiring(played);
      played.tags.set(tool, digestOf('a')).set(mirror, digestOf('a'));
      const pull = played.pullImage;
      played.pullImage = async (exact) => {
        await pull(exact);
        if (isBroken && exact.startsWith('registry.test'))
          throw answerError('pulling', 500, 'connection refused');
      };
      const ended = await Promise.allSettled([acquire(), acquire({ reference: mirror }), acquire()]);
      const first = isBroken ? 'rejected' : 'fulfilled';
      expect(ended.map(({ status }) => status)).toEqual([first, 'fulfilled', first]);
      expect(played.pulls).toBe(isBroken ? 2 : 1);
    }
  });

  it('fail together when the disk is full', async () => {
    const played = new PlayedEngine();
    const acquire = await acquiring(played);
    played.tags.set(tool, digestOf('a')).set(mirror, digestOf('a'));
    played.pullFails = answerError('pulling', 500, 'write /var/lib/x: no space left on device');
    const ended = await Promise.allSettled([acquire(), acquire({ reference: mirror })]);
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(played.pulls).toBe(1);
  });
});

describe('an image for another platform under the name', () => {
  it('is as good as none with "if-not-present": ours is taken from the index', async () => {
    const played = new PlayedEngine();
    played.add(digestOf('a'), [tool, keepName(digestOf('a'))], 'arm64');
    played.tags.set(tool, digestOf('a'));
    const lines: string[] = [];
    const acquire = await acquiring(played);
    const image = await acquire({ policy: 'if-not-present' }, ({ message }) => lines.push(message));
    expect(image).toMatchObject({ architecture: 'amd64', digest: digestOf('a') });
    expect(played.pulls).toBe(1);
    expect(lines[0]).toBe(
      `What the worker has as ${tool} is for linux/arm64; the registry is asked for the worker's own platform.`,
    );
  });

  it('is an error with "never", and stands in for no registry', async () => {
    const played = new PlayedEngine();
    played.add(digestOf('a'), [tool], 'arm64');
    const acquire = await acquiring(played);
    await expect(acquire({ policy: 'never' })).rejects.toThrow('is for linux/arm64');
    expect(played.asked).toBe(0);
    played.registryFails = () => answerError('asking', 500, 'no such host');
    await expect(acquire({ policy: 'if-not-present' })).rejects.toThrow('no such host');
  });
});

describe("a pull that fails on the worker's own disk", () => {
  it.each([
    ['write /var/lib/x: no space left on device', /has no room for .*Free space there/],
    ['failed to register layer: lchown /x: permission denied', /cannot store .*Look at its log/],
  ])('downloads once and asks no registry: %s', async (said, message) => {
    const played = new PlayedEngine();
    const acquire = await acquiring(played);
    played.tags.set(tool, digestOf('a'));
    played.pullFails = answerError('pulling', 500, said);
    const failure = await failureOf(acquire());
    expect(failure).toMatchObject({ kind: 'InfrastructureFailure', details: { ofWorker: true } });
    expect(String(failure)).toMatch(message);
    expect([played.asked, played.pulls]).toEqual([1, 1]);
  });
});
