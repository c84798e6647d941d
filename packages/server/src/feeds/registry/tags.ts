/**
 * Tags as versions: their order, and which are near to one that does not exist. Pure.
 */
import { newestFirst } from '../versions/version.ts';

/** Newest version first; tags that mean the same version by name, the order of their characters. */
export function orderTags(tags: readonly string[]): string[] {
  return newestFirst(tags, (tag) => tag);
}

/** The tags whose spelling is nearest to `wanted`, nearest first; of equal ones the newest first. */
export function nearestTags(wanted: string, tags: readonly string[], most = 5): string[] {
  const lower = wanted.toLowerCase();
  return orderTags(tags)
    .filter((tag) => tag !== wanted)
    .map((tag) => ({ tag, distance: editDistance(lower, tag.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ tag }) => tag);
}

/** Least number of characters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, at(beforeLast, j - 2) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
