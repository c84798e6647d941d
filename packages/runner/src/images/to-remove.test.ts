import { describe, expect, it } from 'vitest';
import type { ImageDetails } from '../ports/engine.ts';
import { bytesOfOurs, removableImages, type Stock } from './to-remove.ts';

const hour = 3_600_000;
const now = 100 * hour;
const keep = (name: string) => `argonaut.local/keep:sha256-${name}`;

function image(name: string, changes: Partial<ImageDetails> = {}): ImageDetails {
  return {
    id: `id-${name}`,
    repoTags: [keep(name)],
    repoDigests: [`registry:5000/${name}@sha256:${name}`],
    os: 'linux',
    architecture: 'amd64',
    entrypoint: [],
    cmd: [],
    user: '',
    workingDir: '',
    env: [],
    volumes: [],
    sizeBytes: 10,
    ...changes,
  };
}

function names(stock: Partial<Stock>): readonly string[] {
  const found = removableImages({
    images: [],
    inUse: new Set(),
    planned: new Set(),
    usedMs: () => 0,
    nowMs: now,
    minimumAgeMs: hour,
    ...stock,
  });
  return found.map(({ id }) => id);
}

describe('images that may go', () => {
  it('are those that were unused for longest first', () => {
    const used: Record<string, number> = { [keep('a')]: 3, [keep('b')]: 1, [keep('c')]: 2 };
    const images = ['a', 'b', 'c'].map((name) => image(name));
    expect(names({ images, usedMs: (local) => used[local] ?? 0 })).toEqual(['id-b', 'id-c', 'id-a']);
  });

  it('are none that a container stands on, that is planned, or that was used a moment ago', () => {
    const images = ['used', 'planned', 'young', 'old'].map((name) => image(name));
    expect(
      names({
        images,
        inUse: new Set(['id-used']),
        planned: new Set([keep('planned')]),
        usedMs: (local) => (local === keep('young') ? now - hour + 1 : 0),
      }),
    ).toEqual(['id-old']);
  });

  it('are only those that Argonaut pulled or built and that nobody else has named', () => {
    const images = [
      image('theirs', { repoTags: ['app:1'] }),
      image('both', { repoTags: [keep('both'), 'app:1'] }),
      image('sandbox', { repoTags: ['argonaut.local/sandbox:x'] }),
      image('like', { repoTags: ['argonaut.local/keeper:x'] }),
      image('none', { repoTags: ['<none>:<none>'] }),
      image('built', { repoTags: ['argonaut.local/built:1'], repoDigests: ['<none>@<none>'] }),
    ];
    expect(names({ images })).toEqual(['id-built']);
    expect(bytesOfOurs(images)).toBe(20);
  });

  it('lose our name last: until then they can be found', () => {
    const [found] = removableImages({
      images: [image('a')],
      inUse: new Set(),
      planned: new Set(),
      usedMs: () => 0,
      nowMs: now,
      minimumAgeMs: hour,
    });
    expect(found?.names).toEqual(['registry:5000/a@sha256:a', keep('a')]);
  });

  it('may have their digest among their tags, as the containerd store shows them', () => {
    const digest = 'registry:5000/a@sha256:a';
    const [found] = removableImages({
      images: [
        image('a', { repoTags: [digest, keep('a')], repoDigests: ['argonaut.local/keep@sha256:a', digest] }),
      ],
      inUse: new Set(),
      planned: new Set(),
      usedMs: () => 0,
      nowMs: now,
      minimumAgeMs: hour,
    });
    expect(found?.names).toEqual([digest, keep('a')]);
  });
});
