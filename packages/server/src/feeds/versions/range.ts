/**
 * Version ranges of channel rules, in the notation of NuGet and Maven: `1.0` (that or newer), `[1.0]` (exactly),
 * `[1.0,2.0)`, `(,2.0]`, and several of them with commas, of which one must fit. Pure.
 * Source: https://learn.microsoft.com/nuget/concepts/package-versioning#version-ranges
 */
import { Invalid } from '@argonaut/contracts';
import { compareVersions, parseVersion, type Version } from './version.ts';

interface Bound {
  readonly version: Version;
  readonly included: boolean;
}

interface Interval {
  readonly from: Bound | undefined;
  readonly to: Bound | undefined;
}

/** Longer texts are no range that anybody wrote. */
const LONGEST = 1000;

/** What decides whether a version is in the range. @throws Invalid when the text is no range. */
export function parseRange(text: string): (version: string) => boolean {
  // Space may stand around brackets and commas, never inside a version: "2.0 or so" is no range.
  const intervals =
    text.length > LONGEST ? undefined : intervalsOf(text.trim().replaceAll(/\s*([[\](),])\s*/g, '$1'));
  if (intervals === undefined) {
    throw new Invalid(
      `"${text}" is no range of versions. Write it like "[1.0,2.0)": from 1.0 up to, but without, 2.0.`,
    );
  }
  return (version) => {
    const parsed = parseVersion(version);
    return intervals.some((interval) => isWithin(parsed, interval));
  };
}

function intervalsOf(text: string): Interval[] | undefined {
  if (isVersion(text)) return [{ from: { version: parseVersion(text), included: true }, to: undefined }];
  const parts = text.match(/[[(][^[\]()]*[\])]/g) ?? [];
  if (parts.length === 0 || parts.join(',') !== text) return undefined;
  const intervals = parts.map(intervalOf);
  return intervals.every((interval) => interval !== undefined) ? intervals : undefined;
}

function intervalOf(text: string): Interval | undefined {
  const [opening, closing] = [text.startsWith('['), text.endsWith(']')];
  const sides = text
    .slice(1, -1)
    .split(',')
    .map((side) => side.trim());
  if (sides.length > 2 || sides.some((side) => side !== '' && !isVersion(side))) return undefined;
  const bound = (side: string | undefined, included: boolean): Bound | undefined =>
    side === undefined || side === '' ? undefined : { version: parseVersion(side), included };
  if (sides.length === 2) return { from: bound(sides[0], opening), to: bound(sides[1], closing) };
  const exact = bound(sides[0], true);
  return exact === undefined || !opening || !closing ? undefined : { from: exact, to: exact };
}

function isVersion(text: string): boolean {
  return /^[vV]?\d+(\.\d+){0,3}([.\-_+A-Za-z][0-9A-Za-z.\-_+]*)?$/.test(text);
}

function isWithin(version: Version, { from, to }: Interval): boolean {
  const low = from === undefined ? 1 : compareVersions(version, from.version);
  const high = to === undefined ? -1 : compareVersions(version, to.version);
  return (
    (low > 0 || (low === 0 && from?.included === true)) && (high < 0 || (high === 0 && to?.included === true))
  );
}
