/** Which images may go, and in which order. Pure. */
import type { ImageDetails } from '../ports/engine.ts';
import { builtRepository, keepRepository } from './names.ts';

export interface RemovableImage {
  /** The engine's id. */
  readonly id: string;
  /** Our name for it, by which its uses are known. */
  readonly local: string;
  /** Every name, ours last: as long as it is there the image can be found and used. */
  readonly names: readonly string[];
  readonly sizeBytes: number;
  readonly usedMs: number;
}

export interface Stock {
  readonly images: readonly ImageDetails[];
  /** Ids of images that a container stands on, running or not. */
  readonly inUse: ReadonlySet<string>;
  /** Our names of images that somebody will use soon. */
  readonly planned: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly usedMs: (local: string) => number;
  readonly nowMs: number;
  /** What was used less long ago stays, however full the disk is. */
  readonly minimumAgeMs: number;
}

/**
 * Images that were pulled or built by Argonaut and that nobody else has named, longest unused first. An image with a tag
 * of somebody else is not ours to remove.
 */
export function removableImages(stock: Stock): readonly RemovableImage[] {
  const found: RemovableImage[] = [];
  for (const { id, repoTags, repoDigests, sizeBytes } of stock.images) {
    // The containerd store lists names by digest among the tags (28.5).
    const tags = repoTags.filter((tag) => !tag.startsWith('<none>') && !tag.includes('@'));
    const ours = tags.filter(isOurs);
    const [local] = ours;
    if (local === undefined || ours.length < tags.length || stock.inUse.has(id)) continue;
    if (ours.some((name) => stock.planned.has(name))) continue;
    const usedMs = Math.max(...ours.map(stock.usedMs));
    if (stock.nowMs - usedMs < stock.minimumAgeMs) continue;
    const digests = [...repoDigests, ...repoTags].filter((name) => name.includes('@') && !isOurs(name));
    const names = [...new Set(digests.filter((name) => !name.startsWith('<none>'))), ...ours];
    found.push({ id, local, names, sizeBytes, usedMs });
  }
  return found.toSorted((a, b) => a.usedMs - b.usedMs);
}

/** Bytes of all images of ours, also of those that stay. Layers that several share are counted for each. */
export function bytesOfOurs(images: readonly ImageDetails[]): number {
  return images
    .filter(({ repoTags }) => repoTags.some(isOurs))
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function isOurs(name: string): boolean {
  return [keepRepository, builtRepository].some((repository) => /^[:@]/.test(afterPrefix(name, repository)));
}

function afterPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : '';
}
