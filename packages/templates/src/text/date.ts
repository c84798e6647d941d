/**
 * Dates as .NET's invariant culture reads and writes them. A date without a zone stays without one. Where the
 * original falls back to the machine's own zone, this one takes UTC, so that a deployment does not depend on where
 * its server stands.
 */

export interface DateValue {
  /** Wall-clock time in units of 100 ns since 1970; bigint, because a double cannot hold that many. */
  readonly ticks: bigint;
  /** Minutes east of UTC; null for a date without a zone. */
  readonly offset: number | null;
  /** Shown as `Z` instead of an offset. */
  readonly isUtc: boolean;
}

const TICKS_PER_MS = 10_000n;
export const TICKS_PER_HOUR = 36_000_000_000n;
const FIRST = BigInt(Date.UTC(2000, 0, 1) - 730119 * 86_400_000) * TICKS_PER_MS; // 0001-01-01
const LAST = BigInt(Date.UTC(9999, 11, 31, 23, 59, 59, 999) + 1) * TICKS_PER_MS;

export const fromInstant = (instant: number, offset: number | null, isUtc = false): DateValue => ({
  ticks: BigInt(instant + (offset ?? 0) * 60_000) * TICKS_PER_MS,
  offset,
  isUtc,
});

/** Null if the result would lie outside the years 1 to 9999. */
export function shift(date: DateValue, ticks: bigint): DateValue | null {
  const moved = date.ticks + ticks;
  return moved < FIRST || moved >= LAST ? null : { ...date, ticks: moved };
}

/** The same instant in UTC. */
export function toUtc(date: DateValue): DateValue {
  return { ticks: date.ticks - BigInt(date.offset ?? 0) * (TICKS_PER_HOUR / 60n), offset: 0, isUtc: false };
}

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
export const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

const TIME = String.raw`(?:[T\s]\s{0,9}(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:\.(?<fraction>\d{1,7})\d{0,20})?)?(?:\s?(?<half>[AP]M))?)?`;
const ZONE = String.raw`\s{0,9}(?<zone>Z|GMT|UTC|[-+]\d{1,2}:?\d{2})?`;
const DAY_NAME = String.raw`(?:[A-Za-z]{3,9},?\s{1,9})?`;
const SHAPES = [
  String.raw`(?<year>\d{4})[-/.](?<month>\d{1,2})(?:[-/.](?<day>\d{1,2}))?`,
  String.raw`(?<month>\d{1,2})[-/](?<day>\d{1,2})[-/](?<year>\d{4})`,
  String.raw`${DAY_NAME}(?<day>\d{1,2})[\s-](?<month>[A-Za-z]{3,9})[\s-](?<year>\d{4})`,
  String.raw`${DAY_NAME}(?<month>[A-Za-z]{3,9})\s(?<day>\d{1,2}),?\s(?<year>\d{4})`,
].map((date) => new RegExp(`^${date}${TIME}${ZONE}$`, 'i'));

/** Null if the text is no date. */
export function parseDate(text: string): DateValue | null {
  const trimmed = text.length > 200 ? '' : text.trim();
  for (const shape of SHAPES) {
    const groups = shape.exec(trimmed)?.groups;
    if (groups !== undefined) return fromParts(groups);
  }
  return null;
}

function fromParts(parts: Readonly<Record<string, string | undefined>>): DateValue | null {
  const month = monthNumber(parts.month ?? '');
  const [year, day, minute, second] = [parts.year, parts.day ?? 1, parts.minute ?? 0, parts.second ?? 0].map(
    Number,
  );
  let hour = Number(parts.hour ?? 0);
  const half = parts.half?.toUpperCase();
  if (half !== undefined && (hour < 1 || hour > 12)) return null;
  if (half !== undefined) hour = (hour % 12) + (half === 'PM' ? 12 : 0);
  if (year === undefined || day === undefined || minute === undefined || second === undefined) return null;
  if (year < 1 || hour > 23 || minute > 59 || second > 59) return null;
  const wall = new Date(0);
  wall.setUTCFullYear(year, month - 1, day);
  wall.setUTCHours(hour, minute, second);
  if (wall.getUTCMonth() !== month - 1 || wall.getUTCDate() !== day) return null;
  const fraction = BigInt((parts.fraction ?? '').padEnd(7, '0'));
  const zone = parts.zone?.toUpperCase();
  const ticks = BigInt(wall.getTime()) * TICKS_PER_MS + fraction;
  if (zone === undefined) return { ticks, offset: null, isUtc: false };
  if (/^[A-Z]/.test(zone)) return { ticks, offset: 0, isUtc: true };
  const [hours, minutes] = [zone.slice(1).replace(':', '').slice(0, -2), zone.slice(-2)].map(Number);
  const offset = ((hours ?? 0) * 60 + (minutes ?? 0)) * (zone.startsWith('-') ? -1 : 1);
  return Math.abs(offset) > 14 * 60 ? null : { ticks, offset, isUtc: false };
}

function monthNumber(text: string): number {
  if (/^\d/.test(text)) return Number(text);
  const lower = text.toLowerCase();
  return (
    MONTHS.findIndex((name) => name.toLowerCase() === lower || name.slice(0, 3).toLowerCase() === lower) + 1
  );
}
