/**
 * Versions as Octopus reads them, of packages as of image tags: an optional `v`, up to four numbers with dots, then
 * a pre-release, then metadata behind `+`, which has no rank. A text without a number, such as `latest`, is `0.0.0.0`
 * with the whole text as pre-release, so it comes last. Pure.
 */

export interface Version {
  /** Four numbers; missing ones are 0. */
  readonly numbers: readonly bigint[];
  /** Empty for none. */
  readonly prerelease: string;
}

/** Never fails: every text is some version. */
export function parseVersion(text: string): Version {
  const plus = text.indexOf('+');
  const ranked = plus < 0 ? text : text.slice(0, plus);
  const match = /^[vV]?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?/.exec(ranked);
  if (match === null) return { numbers: [0n, 0n, 0n, 0n], prerelease: ranked };
  const numbers = match.slice(1, 5).map((digits) => BigInt(digits ?? 0));
  const rest = ranked.slice(match[0].length);
  return { numbers, prerelease: rest.replace(/^[.\-_]/, '') };
}

/** Below 0 when `a` is older. By the numbers, then a release above its pre-releases, then the pre-releases. */
export function compareVersions(a: Version, b: Version): number {
  for (let i = 0; i < 4; i++) {
    const left = a.numbers[i] ?? 0n;
    const right = b.numbers[i] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  return comparePrereleases(a.prerelease, b.prerelease);
}

/** Newest first; texts that mean the same version in the order of their characters. */
export function newestFirst<T>(items: readonly T[], versionOf: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, text: versionOf(item), version: parseVersion(versionOf(item)) }))
    .sort((a, b) => compareVersions(b.version, a.version) || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ item }) => item);
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
