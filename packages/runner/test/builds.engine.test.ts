/** Images built on the worker from a Dockerfile: named by content, shared, cancelled, and what is said when one fails. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Secret } from '@argonaut/contracts';
import type { AcquireProgress, ImageBuild, ImageRequest } from '@argonaut/contracts/attempt';
import { afterAll, describe, expect, it } from 'vitest';
import { passwordRegistry, registry } from '../../../test/services.ts';
import { createDockerEngine, endpointFromDockerHost } from '../src/docker/index.ts';
import { systemClock } from '../src/local/index.ts';
import type { Engine } from '../src/ports/index.ts';
import { acquiring, imageUses } from './acquiring.ts';
import { eventually, patience } from './contract/bench.ts';

const docker = (...args: string[]) => promisify(execFile)('docker', args);
const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
const base = 'argonaut-test/busybox:1';
const made: string[] = [];

/** No two tests build the same. */
const fresh = (): string => `ENV RUN_OF_THIS_TEST=${randomBytes(8).toString('hex')}`;

function request(dockerfile: string, more: Partial<ImageBuild> = {}): ImageRequest {
  return {
    reference: 'the image of "Build"',
    policy: 'if-not-present',
    build: { dockerfile, arguments: {}, credentials: [], ...more },
  };
}

/** A worker's memory, for those that are one after the other on the same worker. */
const uses = await imageUses();

async function build(what: ImageRequest, over: Engine = engine, signal = patience()) {
  const lines: AcquireProgress[] = [];
  const images = await acquiring(over, systemClock, uses);
  const image = await images.acquire(what, (line) => lines.push(line), signal);
  made.push(image.local);
  return { image, lines, text: lines.map(({ message }) => message).join('\n') };
}

/** The real engine; its build calls are counted. */
function counting(): { readonly engine: Engine; readonly builds: string[] } {
  const builds: string[] = [];
  const over = new Proxy(engine, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'buildImage') return value.bind(target);
      return (...all: Parameters<Engine['buildImage']>) => {
        builds.push(all[0].name);
        return target.buildImage(...all);
      };
    },
  });
  return { engine: over, builds };
}

/** A tag in the registry that no engine knows, and whose meaning the test decides. */
async function movingTag() {
  const { host } = await registry();
  const name = `${host}/argonaut-test/moving-${randomBytes(4).toString('hex')}:1`;
  const repository = name.slice(0, -2);
  const forgetBases = async () => {
    const listed = await engine.listImages(patience());
    const names = listed.flatMap(({ repoDigests, repoTags }) =>
      [...repoDigests, ...repoTags].filter((candidate) => candidate.startsWith(repository)),
    );
    for (const known of new Set(names)) await docker('rmi', known).catch(() => {});
  };
  return {
    name,
    /** @returns the digest of what was pushed */
    async push(from: string): Promise<string> {
      await docker('tag', from, name);
      const { stdout } = await docker('push', name);
      await docker('rmi', name);
      return /digest: (sha256:\w+)/.exec(stdout)?.[1] ?? '';
    },
    /** The engine knows it no more, under any name of this repository. */
    forget: forgetBases,
    [Symbol.asyncDispose]: forgetBases,
  };
}

const output = async (image: string, ...command: string[]) =>
  (await docker('run', '--rm', '--network', 'none', image, ...command)).stdout.trim();

describe('an image that is built on the worker', () => {
  afterAll(async () => {
    for (const name of made) await docker('rmi', '-f', name).catch(() => {});
    await engine.close();
  });

  it('is built from the Dockerfile and its arguments, with every step in the log', async () => {
    const dockerfile = `FROM ${base}\n${fresh()}\nARG WHO\nRUN echo "hello $WHO" | tee /greeting\n`;
    const { image, lines, text } = await build(request(dockerfile, { arguments: { WHO: 'world' } }));
    expect(await output(image.local, 'cat', '/greeting')).toBe('hello world');
    expect(text).toContain('step 4 of 4: RUN echo "hello $WHO" | tee /greeting');
    expect(lines).toContainEqual(expect.objectContaining({ level: 'Verbose', message: 'hello world' }));
    expect(lines.at(-1)?.message).toMatch(/^Built the image of "Build" in .* MB\)$/);
  });

  it("knows the worker's platform as BuildKit does, where the Dockerfile asks for it", async () => {
    const { os, architecture } = await engine.version(patience());
    const dockerfile = `FROM --platform=$BUILDPLATFORM ${base}\n${fresh()}\nARG TARGETARCH\nARG TARGETOS=any\nRUN echo $TARGETOS/$TARGETARCH > /platform\n`;
    const { image } = await build(request(dockerfile));
    expect(await output(image.local, 'cat', '/platform')).toBe(`any/${architecture}`);
    const asked = dockerfile.replace('ARG TARGETOS=any', 'ARG TARGETOS');
    expect(await output((await build(request(asked))).image.local, 'cat', '/platform')).toBe(
      `${os}/${architecture}`,
    );
  });

  it('is named by its content: the second run builds nothing, another argument builds another image', async () => {
    const { engine: over, builds } = counting();
    const dockerfile = `FROM ${base}\n${fresh()}\nARG WHO=1\nRUN echo $WHO > /who\n`;
    const first = await build(request(dockerfile), over);
    const again = await build(request(dockerfile), over);
    expect(builds).toHaveLength(1);
    expect([again.image, again.lines]).toEqual([first.image, []]);
    const other = await build(request(dockerfile, { arguments: { WHO: '2' } }), over);
    expect(other.image.local).not.toBe(first.image.local);
    expect(builds).toHaveLength(2);
  });

  it('is built once for everybody who waits', async () => {
    const { engine: over, builds } = counting();
    const images = await acquiring(over);
    const what = request(`FROM ${base}\n${fresh()}\nRUN sleep 1\n`);
    const ask = () => images.acquire(what, () => {}, patience());
    const got = await Promise.all([ask(), ask(), ask()]);
    made.push(...got.map(({ local }) => local));
    expect(new Set(got.map(({ local }) => local)).size).toBe(1);
    expect(builds).toHaveLength(1);
  });

  it('that fails says which line, with which code, and what was printed last', async () => {
    const dockerfile = `# two lines of comment\n#\nFROM ${base}\n${fresh()}\nRUN echo fetching; \\\n  echo "no such mirror"; \\\n  exit 7\n`;
    const failure: unknown = await build(request(dockerfile)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: 'Invalid', details: { line: 5, exitCode: 7 } });
    expect(String(failure)).toMatch(
      /the image of "Build" cannot be built: line 5 of its Dockerfile \(RUN echo fetching; .*\): the program ended with code 7\. Its last output:\nfetching\nno such mirror/,
    );
  });

  it.each([
    [
      'FROM argonaut-test/busybox:1\nRUN true\nFOO bar\n',
      /dockerfile parse error.* line 3: unknown instruction: FOO/,
    ],
    [
      'FROM argonaut-test/busybox:1\nCOPY x /x\n',
      /line 2 of its Dockerfile \(COPY x \/x\): COPY failed.*no files beside this Dockerfile/,
    ],
    [
      'FROM argonaut-test/busybox:1\nRUN --mount=type=cache,target=/x true\n',
      /line 2 .*requires BuildKit.*does not use BuildKit, so leave that out/,
    ],
    [
      'FROM argonaut-test/busybox:1\nRUN cat <<EOF\nb\nEOF\n',
      /Line 2 of the Dockerfile begins a here-document.*printf/,
    ],
    [
      'FROM argonaut-test/busybox:1\nCOPY <<-"E" /x\nb\nE\n',
      /Line 2 of the Dockerfile begins a here-document.*printf/,
    ],
    ['RUN true\n', /no build stage.*Begin it with FROM/],
    ['FROM --platform=linux/s390x argonaut-test/busybox:1\n', /Line 1 .*linux\/s390x; the worker builds/],
    ['FROM UPPER/Case name\n', /Line 1 of the Dockerfile: "UPPER\/Case" is not an image reference/],
  ])('that cannot be understood is told by its line: %j', async (dockerfile, message) => {
    await expect(build(request(dockerfile))).rejects.toThrow(message);
  });

  it('is given up when nobody waits any more, and the engine stops building', async () => {
    const mark = randomBytes(8).toString('hex');
    const leaving = new AbortController();
    const images = await acquiring(engine);
    const begun = Promise.withResolvers<void>();
    const wanted = images.acquire(
      request(`FROM ${base}\nRUN echo ${mark}; sleep 600\n`),
      ({ message }) => {
        if (message === mark) begun.resolve();
      },
      leaving.signal,
    );
    const left = expect(wanted).rejects.toThrow('left');
    await Promise.race([begun.promise, left]);
    leaving.abort(new Error('left'));
    await left;
    await eventually('no container of the build is left', async () => {
      const { stdout } = await docker('ps', '--all', '--no-trunc', '--format', '{{.Command}}');
      return !stdout.includes(mark);
    });
  });

  it('begins from an image behind a password with the credentials of this one request', async () => {
    const { host, credentials } = await passwordRegistry();
    const { username, password } = credentials;
    const dockerfile = `ARG REGISTRY=${host}\nFROM $REGISTRY/argonaut-test/musl:1\n${fresh()}\nRUN true\n`;
    const own = [{ registry: host, username, password: new Secret(password) }];
    const { image, text } = await build(request(dockerfile, { credentials: own }));
    expect(await engine.inspectImage(image.local, patience())).toBeDefined();
    expect(text).not.toContain(password);
    const { stdout } = await docker('history', '--no-trunc', image.local);
    expect(stdout).not.toContain(password);
    const without = build(request(dockerfile.replace('RUN true', 'RUN false'), { credentials: [] }));
    await expect(without).rejects.toMatchObject({ kind: 'Unauthorised' });
  });

  it('takes the present meaning of a tag when its policy says always, and builds only when that is another', async () => {
    await using tag = await movingTag();
    const { engine: over, builds } = counting();
    const what = { ...request(`FROM ${tag.name}\n${fresh()}\n`), policy: 'always' } as const;
    const one = await tag.push('argonaut-test/busybox:1');
    const first = await build(what, over);
    await build(what, over);
    expect(builds).toEqual([first.image.local]);
    const two = await tag.push('argonaut-test/environment:1');
    const second = await build(what, over);
    expect(builds).toEqual([first.image.local, second.image.local]);
    expect([first.image.bases, second.image.bases]).toEqual([{ [tag.name]: one }, { [tag.name]: two }]);
  });

  it('stays what it was when its tag moves, and says what it begins from; a worker that forgot asks again', async () => {
    await using tag = await movingTag();
    const what = request(`FROM ${tag.name}\n${fresh()}\n`);
    const one = await tag.push('argonaut-test/busybox:1');
    const first = await build(what);
    await tag.push('argonaut-test/environment:1');
    const second = await build(what);
    expect([second.image, second.lines]).toEqual([first.image, []]);
    expect(second.image.bases).toEqual({ [tag.name]: one });
    const forgetful = await acquiring(engine);
    const third = await forgetful.acquire(what, () => {}, patience());
    made.push(third.local);
    expect(third.local).not.toBe(first.image.local);
  });

  it('begins from what its bases are fixed to, whatever their tags mean; then it needs no registry', async () => {
    await using tag = await movingTag();
    const one = await tag.push('argonaut-test/busybox:1');
    const two = await tag.push('argonaut-test/environment:1');
    const dockerfile = `ARG BASE=${tag.name}\nFROM $BASE AS tools\n${fresh()}\nFROM ${base}\nCOPY --from=tools /etc /copied\n`;
    const fixedTo = (digest: string) =>
      request(dockerfile, { digests: { [tag.name]: digest, [base]: local } });
    // The other base exists on the worker only: what is here under that name is taken.
    const { digest: local = '' } = await (await acquiring(engine)).acquire(
      { reference: `${(await registry()).host}/${base}`, policy: 'always' },
      () => {},
      patience(),
    );
    const first = await build(fixedTo(one));
    const second = await build(fixedTo(two));
    expect(first.image.local).not.toBe(second.image.local);
    expect(second.image.bases).toEqual({ [tag.name]: two, [base]: local });
    await tag.forget();
    const { engine: over, builds } = counting();
    const always = { ...fixedTo(one), policy: 'always' } as const;
    const again = await build(always, over);
    expect([again.image, again.lines, builds]).toEqual([first.image, [], []]);
  });

  it('whose base is gone names it', async () => {
    await using tag = await movingTag();
    await tag.push('argonaut-test/busybox:1');
    const gone = `sha256:${'0'.repeat(64)}`;
    const what = request(`FROM ${tag.name}\n${fresh()}\n`, { digests: { [tag.name]: gone } });
    await expect(build(what)).rejects.toMatchObject({ kind: 'NotFound', details: { base: tag.name } });
  });
});
