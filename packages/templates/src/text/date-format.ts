/** Date format strings of .NET: the standard letters and the custom patterns, invariant culture. */

import { DAYS, type DateValue, MONTHS, toUtc } from './date.ts';

const STANDARD: Readonly<Record<string, string>> = {
  d: 'MM/dd/yyyy',
  D: 'dddd, dd MMMM yyyy',
  f: 'dddd, dd MMMM yyyy HH:mm',
  F: 'dddd, dd MMMM yyyy HH:mm:ss',
  g: 'MM/dd/yyyy HH:mm',
  G: 'MM/dd/yyyy HH:mm:ss',
  m: 'MMMM dd',
  M: 'MMMM dd',
  o: "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
  O: "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
  r: "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
  R: "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
  s: "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
  t: 'HH:mm',
  T: 'HH:mm:ss',
  u: "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
  U: 'dddd, dd MMMM yyyy HH:mm:ss',
  y: 'yyyy MMMM',
  Y: 'yyyy MMMM',
};
/** These show the instant, so a date with an offset is moved to UTC first. */
const UNIVERSAL = new Set(['r', 'R', 'u', 'U']);

/** Null if the format is none. An empty format is `G`. */
export function formatDate(date: DateValue, format: string): string | null {
  if (format.length > 1) return custom(date, format);
  const letter = format === '' ? 'G' : format;
  const pattern = Object.hasOwn(STANDARD, letter) ? STANDARD[letter] : undefined;
  if (pattern === undefined) return null;
  return custom(UNIVERSAL.has(letter) && date.offset !== null ? toUtc(date) : date, pattern);
}

function custom(date: DateValue, format: string): string | null {
  const wall = new Date(Number(date.ticks / 10_000n) - (date.ticks % 10_000n < 0n ? 1 : 0));
  const fraction = String(((date.ticks % 10_000_000n) + 10_000_000n) % 10_000_000n).padStart(7, '0');
  let result = '';
  for (let i = 0; i < format.length; ) {
    const letter = format.charAt(i);
    if (letter === '\\' || letter === '%') {
      const next = format.charAt(i + 1);
      if (next === '' || (letter === '%' && next === '%')) return null;
      if (letter === '\\') result += next;
      i += letter === '\\' ? 2 : 1;
      continue;
    }
    if (letter === "'" || letter === '"') {
      const end = format.indexOf(letter, i + 1);
      if (end === -1) return null;
      result += format.slice(i + 1, end);
      i = end + 1;
      continue;
    }
    let count = 1;
    while (format.charAt(i + count) === letter) count++;
    const piece = field(letter, count, wall, fraction, date);
    if (piece === null) return null;
    // An optional fraction that is zero takes its decimal point with it.
    if (letter === 'F' && piece === '' && result.endsWith('.')) result = result.slice(0, -1);
    result += piece;
    i += count;
  }
  return result;
}

function field(letter: string, count: number, wall: Date, fraction: string, date: DateValue): string | null {
  const pad = (value: number, width = Math.min(count, 2)): string => String(value).padStart(width, '0');
  const named = (name: string): string => (count === 3 ? name.slice(0, 3) : name);
  switch (letter) {
    case 'y':
      return count <= 2 ? pad(wall.getUTCFullYear() % 100) : pad(wall.getUTCFullYear(), Math.min(count, 100));
    case 'M':
      return count <= 2 ? pad(wall.getUTCMonth() + 1) : named(MONTHS[wall.getUTCMonth()] ?? '');
    case 'd':
      return count <= 2 ? pad(wall.getUTCDate()) : named(DAYS[wall.getUTCDay()] ?? '');
    case 'H':
      return pad(wall.getUTCHours());
    case 'h':
      return pad(((wall.getUTCHours() + 11) % 12) + 1);
    case 'm':
      return pad(wall.getUTCMinutes());
    case 's':
      return pad(wall.getUTCSeconds());
    case 't':
      return (wall.getUTCHours() < 12 ? 'AM' : 'PM').slice(0, count === 1 ? 1 : 2);
    case 'f':
      return count > 7 ? null : fraction.slice(0, count);
    case 'F':
      return count > 7 ? null : fraction.slice(0, count).replace(/0+$/, '');
    case 'g':
      return 'A.D.';
    case 'K':
      return (date.isUtc ? 'Z' : date.offset === null ? '' : offsetText(date.offset, 3)).repeat(count);
    case 'z':
      return offsetText(date.offset ?? 0, count);
    default:
      return letter.repeat(count);
  }
}

function offsetText(offset: number, count: number): string {
  const size = Math.abs(offset);
  const hours = String(Math.floor(size / 60));
  const sign = offset < 0 ? '-' : '+';
  if (count === 1) return sign + hours;
  return `${sign}${hours.padStart(2, '0')}${count === 2 ? '' : `:${String(size % 60).padStart(2, '0')}`}`;
}
