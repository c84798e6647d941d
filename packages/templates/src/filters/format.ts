/** `Format`, and the filters that make and move dates. */

import { type DateValue, fromInstant, parseDate, shift, TICKS_PER_HOUR, toUtc } from '../text/date.ts';
import { formatDate } from '../text/date-format.ts';
import { fromDouble, parseDecimal } from '../text/decimal.ts';
import { parseDouble, parseInteger } from '../text/number.ts';
import { formatDoubleAs, formatNumber } from '../text/number-format.ts';
import type { Filter } from './filter.ts';

/** `Format "N2"` tries a number and then a date; `Format Date "yyyy"` says which of them it is. */
export const format: Filter = (input, options) => {
  const [first, second] = options;
  if (input === null || first === undefined || options.length > 2) return null;
  if (second !== undefined) return formatAs(first.toLowerCase(), input, second);
  const number = parseDecimal(input);
  if (number !== null) return formatNumber(number, 'decimal', first);
  const date = parseDate(input);
  return date === null ? null : formatDate({ ...date, offset: date.offset ?? 0, isUtc: false }, first);
};

function formatAs(type: string, input: string, pattern: string): string | null {
  switch (type) {
    case 'int':
    case 'int32': {
      const value = parseInteger(input);
      return value === null ? null : formatNumber(fromDouble(value), 'integer', pattern);
    }
    case 'double': {
      const value = parseDouble(input);
      return value === null || !Number.isFinite(value) ? null : formatDoubleAs(value, pattern);
    }
    case 'decimal': {
      const value = parseDecimal(input);
      return value === null ? null : formatNumber(value, 'decimal', pattern);
    }
    case 'date':
    case 'datetime': {
      const date = parseDate(input);
      return date === null ? null : formatDate(date.offset === null ? date : toUtc(date), pattern);
    }
    case 'datetimeoffset': {
      const date = parseDate(input);
      return date === null ? null : formatDate({ ...date, offset: date.offset ?? 0, isUtc: false }, pattern);
    }
    default:
      return null;
  }
}

const roundTrip = (date: DateValue): string | null => formatDate(date, 'O');

const addTime =
  (hours: number): Filter =>
  (input, options) => {
    const amount = options.length === 1 ? exactNumber(options[0] ?? '') : null;
    const date = input === null || amount === null ? null : parseDate(input);
    if (date === null || amount === null || Math.abs(amount) > 1e8) return null;
    const moved = shift(date, BigInt(Math.round(amount * hours * Number(TICKS_PER_HOUR))));
    return moved === null ? null : roundTrip(moved);
  };

/** Without thousands separators: `1,000` hours is more likely a mistake than a thousand. */
const exactNumber = (text: string): number | null => (text.includes(',') ? null : parseDouble(text));

export const addHours = addTime(1);
export const addDays = addTime(24);

export const nowDate: Filter = (input, options, { now }) => {
  if (input !== null || options.length > 1) return null;
  const instant = now();
  const local = fromInstant(instant.getTime() - instant.getTimezoneOffset() * 60_000, null);
  return formatDate(local, options[0] ?? 'O');
};

export const nowDateUtc: Filter = (input, options, { now }) => {
  if (input !== null || options.length > 1) return null;
  return formatDate(fromInstant(now().getTime(), 0, true), options[0] ?? 'O');
};
