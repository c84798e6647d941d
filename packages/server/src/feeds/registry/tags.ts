/**
 * Tags as versions: their order, and which are near to one that does not exist. Pure.
 *
 * A tag is read as Octopus reads it: an optional `v`, up to four numbers with dots, the rest is a pre-release. A
 * tag without a number, such as `latest`, is `0.0.0.0` with the whole tag as pre-release, so it comes last.
 */

interface TagVersion {
  /** Four numbers; missing ones are 0. */
  readonly numbers: readonly bigint[];
  readonly prerelease: string;
}

/** Newest version first; tags that mean the same version by name, the order of their characters. */
export function orderTags(tags: readonly string[]): string[] {
  return tags
    .map((tag) => ({ tag, version: versionOf(tag) }))
    .sort((a, b) => compareVersions(b.version, a.version) || (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0))
    .map(({ tag }) => tag);
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

function versionOf(tag: string): TagVersion {
  const match = /^[vV]?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?/.exec(tag);
  if (match === null) return { numbers: [0n, 0n, 0n, 0n], prerelease: tag };
  const numbers = match.slice(1, 5).map((digits) => BigInt(digits ?? 0));
  const rest = tag.slice(match[0].length);
  return { numbers, prerelease: rest.replace(/^[.\-_]/, '') };
}

function compareVersions(a: TagVersion, b: TagVersion): number {
  for (let i = 0; i < 4; i++) {
    const left = a.numbers[i] ?? 0n;
    const right = b.numbers[i] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  return comparePrereleases(a.prerelease, b.prerelease);
}

/** Semantic Versioning 2.0.0, 11: none is above any; identifiers one by one; numbers below words; fewer below more. */
function comparePrereleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? 1 : -1;
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareIdentifiers(left[i] ?? '', right[i] ?? '');
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareIdentifiers(a: string, b: string): number {
  const numeric = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numeric[0] && numeric[1]) {
    const [left, right] = [BigInt(a), BigInt(b)];
    return left === right ? 0 : left < right ? -1 : 1;
  }
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
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
