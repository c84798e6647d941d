/** Longest slug that is generated; names may be longer. */
const MAXIMUM_LENGTH = 100;

/** Lower case, letters and digits of ASCII joined by single dashes: `Größe & Test 2` gives `grosse-test-2`. */
export function slugOf(name: string): string {
  return name
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAXIMUM_LENGTH)
    .replace(/^-+|-+$/g, '');
}
