/** Room is made on a real engine: the image that was unused for longest goes, with all its names; others stay. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ImageCleanUpRules } from '@argonaut/contracts/attempt';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registry } from '../../../test/services.ts';
import { createDockerEngine, endpointFromDockerHost } from '../src/docker/index.ts';
import type { ImageAcquisition } from '../src/images/acquisition.ts';
import { ImageCleanUp } from '../src/images/clean-up.ts';
import { ImageKnowledge } from '../src/images/knowledge.ts';
import type { ImageUses } from '../src/images/uses.ts';
import { createLocalFiles, systemClock } from '../src/local/index.ts';
import type { Engine } from '../src/ports/index.ts';
import { acquiring, imageUses } from './acquiring.ts';
import { patience } from './contract/bench.ts';

const docker = (...args: string[]) => promisify(execFile)('docker', args);
const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));

/** So that nothing of the machine's own images is ever touched, only those of this test are shown. */
function showing(ids: ReadonlySet<string>): Engine {
  return new Proxy(engine, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'listImages') return value.bind(target);
      return async (signal: AbortSignal) =>
        (await target.listImages(signal)).filter(({ repoTags }) => repoTags.some((tag) => ids.has(tag)));
    },
  });
}

describe('clean-up of images', () => {
  let at: number;
  let uses: ImageUses;
  let images: ImageAcquisition;
  let directory: string;
  let ours: Set<string>;
  let inAttempts: Set<string>;
  const clock = { ...systemClock, now: () => at };

  beforeEach(async () => {
    at = Date.now();
    directory = await mkdtemp(join(tmpdir(), 'argonaut-clean-'));
    uses = await imageUses(clock, directory);
    images = await acquiring(engine, clock, uses);
    ours = new Set();
    inAttempts = new Set();
  });
  afterEach(async () => {
    await uses.close();
    for (const name of ours) await docker('rmi', '-f', name).catch(() => {});
    await rm(directory, { recursive: true });
  });
  afterAll(() => engine.close());

  /** A small image of its own, pulled from the registry by its digest. */
  async function pulled(): Promise<string> {
    const { host } = await registry();
    const name = `${host}/argonaut-test/gone-${randomBytes(6).toString('hex')}:1`;
    const built = await images.acquire(
      {
        reference: name,
        policy: 'if-not-present',
        build: {
          dockerfile: `FROM argonaut-test/busybox:1\nLABEL its.name=${name}\n`,
          arguments: {},
          credentials: [],
        },
      },
      () => {},
      patience(),
    );
    await docker('tag', built.local, name);
    await docker('push', '--quiet', name);
    await docker('rmi', name, built.local);
    uses.forget(built.local);
    const { local } = await images.acquire({ reference: name, policy: 'always' }, () => {}, patience());
    ours.add(local);
    return local;
  }

  const isThere = async (local: string) => (await engine.inspectImage(local, patience())) !== undefined;
  const cleanUp = () =>
    new ImageCleanUp({
      engine: showing(ours),
      files: createLocalFiles(),
      clock,
      knowledge: new ImageKnowledge(engine),
      uses,
      inAttempts: () => inAttempts,
    });
  /** As if there were room for nothing. */
  const all: ImageCleanUpRules = { marks: { unit: 'bytes', high: 1, low: 0 }, minimumAgeMs: 60_000 };

  it('takes the one that was unused for longest, with its digest, and forgets its use', async () => {
    const [first, second] = [await pulled(), await pulled()];
    const listed = await engine.listImages(patience());
    const size = listed.find(({ repoTags }) => repoTags.includes(first))?.sizeBytes ?? 0;
    at += 3_600_000;
    uses.note(first);
    at += 3_600_000;
    const rules = {
      ...all,
      marks: { unit: 'bytes', high: 1.5 * size, low: 1.2 * size },
    } as const;
    const report = await cleanUp().run(rules, [], patience());
    expect(report).toMatchObject({
      kind: 'cleaned',
      removed: [{ image: expect.stringContaining('/argonaut-test/gone-'), unusedMs: 7_200_000 }],
    });
    expect([await isThere(first), await isThere(second)]).toEqual([true, false]);
    const { stdout } = await docker('images', '--all', '--digests', '--format', '{{.Digest}}');
    expect(stdout).not.toContain(second.split('sha256-')[1]);
    expect(await cleanUp().run(rules, [], patience())).toMatchObject({ kind: 'room' });
  });

  it('never takes one that a container stands on, that an attempt or a task has, or that is young', async () => {
    const [contained, staged, planned, byDigest, young] = [
      await pulled(),
      await pulled(),
      await pulled(),
      await pulled(),
      await pulled(),
    ];
    const name = `argonaut-clean-${randomBytes(6).toString('hex')}`;
    await engine.createContainer(name, { Image: contained, Cmd: ['true'] }, patience());
    try {
      inAttempts.add(staged);
      at += 3_600_000;
      uses.note(young);
      const digest = `sha256:${byDigest.split('sha256-')[1]}`;
      const report = await cleanUp().run(all, [planned, digest], patience());
      expect(report).toMatchObject({ kind: 'cleaned', removed: [] });
      for (const image of [contained, staged, planned, byDigest, young])
        expect(await isThere(image)).toBe(true);
    } finally {
      await engine.removeContainer(name, patience());
    }
    const report = await cleanUp().run(all, [], patience());
    expect(report.kind === 'cleaned' && report.removed.length).toBe(3);
  });

  it('never takes one that was built from what a task is fixed to: it would be built again', async () => {
    const base = await pulled();
    const digest = `sha256:${base.split('sha256-')[1]}`;
    const { host } = await registry();
    const { stdout } = await docker('inspect', '--format', '{{index .Config.Labels "its.name"}}', base);
    const reference = `${host}/argonaut-test/built:1`;
    const dockerfile = `FROM ${stdout.trim()}\nLABEL built.from=it\n`;
    const build = { dockerfile, arguments: {}, credentials: [] };
    const { local } = await images.acquire(
      { reference, policy: 'if-not-present', build },
      () => {},
      patience(),
    );
    ours.add(local);
    at += 3_600_000;

    expect(await cleanUp().run(all, [digest], patience())).toMatchObject({ kind: 'cleaned', removed: [] });
    await cleanUp().run(all, [], patience());
    expect([await isThere(local), await isThere(base)]).toEqual([false, false]);
  });

  it('goes by the disk that the engine keeps its images on', async () => {
    await pulled();
    at += 3_600_000;
    const full = { marks: { unit: 'percent', high: 0, low: 0 }, minimumAgeMs: 60_000 } as const;
    const report = await cleanUp().run(full, [], patience());
    expect(report.kind === 'cleaned' && report.removed.length).toBe(1);
    if (report.kind === 'cleaned') expect(report.before).toBeGreaterThan(0);
    const empty = { marks: { unit: 'percent', high: 100, low: 99 }, minimumAgeMs: 0 } as const;
    expect(await cleanUp().run(empty, [], patience())).toMatchObject({ kind: 'room' });
  });

  it('remembers uses over a restart', async () => {
    const image = await pulled();
    const usedMs = at;
    await uses.close();
    at += 7_200_000;
    const again = await imageUses(clock, directory);
    expect(again.usedMs(image)).toBe(usedMs);
    await again.close();
  });
});
