/** Number format strings of .NET: the standard letters and the custom patterns, invariant culture. */

import { type Decimal, fromDouble, group, isZero, movePoint, round } from './decimal.ts';

export type NumberKind = 'integer' | 'decimal' | 'double';

/** No format asks for more digits than this; a larger number in a format makes it invalid. */
const MAX_PRECISION = 999;

/** A double has digits that its shortest text does not show: `G17` of 0.1 is 0.10000000000000001. */
export function formatDoubleAs(value: number, format: string): string | null {
  const precision = Number(/^[Gg](1[67])$/.exec(format)?.[1] ?? 0);
  return formatNumber(fromDouble(value, precision), 'double', format);
}

/** Null if the format cannot be used for this kind of number. */
export function formatNumber(value: Decimal, kind: NumberKind, format: string): string | null {
  const standard = /^([A-Za-z])(\d{0,9})$/.exec(format === '' ? 'G' : format);
  if (standard === null) return custom(value, format);
  const [, letter = 'G', digits = ''] = standard;
  const precision = digits === '' ? null : Number(digits);
  return precision !== null && precision > MAX_PRECISION
    ? null
    : formatStandard(value, kind, letter, precision);
}

function formatStandard(
  value: Decimal,
  kind: NumberKind,
  letter: string,
  precision: number | null,
): string | null {
  switch (letter.toUpperCase()) {
    case 'C': {
      const text = `¤${fixed(value, precision ?? 2, true)}`;
      return negative(value, precision ?? 2) ? `(${text})` : text;
    }
    case 'D':
      return kind === 'integer' ? minus(value, 0) + (value.whole || '0').padStart(precision ?? 1, '0') : null;
    case 'E':
      return exponential(value, letter, precision ?? 6, 3);
    case 'F':
      return minus(value, precision ?? 2) + fixed(value, precision ?? 2, false);
    case 'G':
    case 'R':
      return letter.toUpperCase() === 'R' && kind !== 'double'
        ? null
        : general(value, kind, letter, precision);
    case 'N':
      return minus(value, precision ?? 2) + fixed(value, precision ?? 2, true);
    case 'P': {
      const percent = movePoint(value, 2);
      return `${minus(percent, precision ?? 2)}${fixed(percent, precision ?? 2, true)} %`;
    }
    case 'X': {
      if (kind !== 'integer') return null;
      const number = Number(value.whole || '0') * (value.negative ? -1 : 1);
      const hex = (number >>> 0).toString(16).padStart(precision ?? 1, '0');
      return letter === 'X' ? hex.toUpperCase() : hex;
    }
    default:
      return null;
  }
}

const negative = (value: Decimal, places: number): boolean => value.negative && !isZero(round(value, places));
const minus = (value: Decimal, places: number): string => (negative(value, places) ? '-' : '');

function fixed(value: Decimal, places: number, grouped: boolean): string {
  const { whole, fraction } = round(value, places);
  const left = whole === '' ? '0' : grouped ? group(whole) : whole;
  return places === 0 ? left : `${left}.${fraction}`;
}

/** Digits in front of the point to take away so that one is left; negative for numbers below one. */
function exponentOf({ whole, fraction }: Decimal): number {
  if (whole !== '') return whole.length - 1;
  const zeros = fraction.search(/[1-9]/);
  return zeros === -1 ? 0 : -zeros - 1;
}

function exponential(value: Decimal, letter: string, places: number, exponentDigits: number): string {
  let exponent = exponentOf(value);
  let rounded = round(movePoint(value, -exponent), places);
  if (rounded.whole.length > 1) rounded = round(movePoint(value, -++exponent), places);
  const digits = `${rounded.whole || '0'}${places === 0 ? '' : `.${rounded.fraction}`}`;
  const power = String(Math.abs(exponent)).padStart(exponentDigits, '0');
  return `${value.negative && !isZero(value) ? '-' : ''}${digits}${letter}${exponent < 0 ? '-' : '+'}${power}`;
}

function general(value: Decimal, kind: NumberKind, letter: string, precision: number | null): string {
  const exponent = exponentOf(value);
  const digits = precision === null || precision === 0 ? null : precision;
  const upper = letter === 'g' || letter === 'r' ? 'e' : 'E';
  const limit = digits ?? (kind === 'double' ? 15 : Number.POSITIVE_INFINITY);
  if (exponent >= limit || (exponent < -5 && (kind === 'double' || digits !== null))) {
    const shown = exponential(value, upper, (digits ?? value.whole.length + value.fraction.length) - 1, 2);
    return shown
      .replace(/\.?0*(?=e)/i, (zeros) => (zeros.startsWith('.') ? '' : zeros))
      .replace(/(\.\d*?)0+(?=e)/i, '$1');
  }
  const rounded = digits === null ? value : round(value, Math.max(0, digits - 1 - exponent));
  // A decimal keeps the zeros that were written; a rounded number or a double does not.
  const fraction =
    kind === 'decimal' && digits === null ? rounded.fraction : rounded.fraction.replace(/0+$/, '');
  const sign = value.negative && !isZero(value) ? '-' : '';
  return `${sign}${rounded.whole || '0'}${fraction === '' ? '' : `.${fraction}`}`;
}

type Piece = { readonly text: string } | { readonly digit: '0' | '#' } | { readonly point: true };

/** Sections are for positive, negative and zero. */
function custom(value: Decimal, format: string): string | null {
  const sections = splitSections(format);
  const [positive = '', below, zero] = sections;
  if (isZero(value) && zero !== undefined) return section(value, zero);
  if (value.negative && below !== undefined && below !== '')
    return section({ ...value, negative: false }, below);
  return section(value, positive);
}

function splitSections(format: string): string[] {
  const sections = [''];
  for (const [piece] of format.matchAll(/\\[\s\S]|'[^']*'?|"[^"]*"?|[\s\S]/g)) {
    if (piece === ';') sections.push('');
    else sections[sections.length - 1] += piece;
  }
  return sections;
}

function section(value: Decimal, format: string): string {
  const pieces: Piece[] = [];
  let scale = 0;
  let grouped = false;
  let exponent: { readonly mark: string; readonly sign: string; readonly digits: number } | null = null;
  const tokens = format.matchAll(
    /\\([\s\S])|'([^']*)'?|"([^"]*)"?|(,+)(?=[^0#]*(?:\.|$))|([Ee])([-+]?)(0+)|([\s\S])/g,
  );
  for (const [, escaped, single, double, scaling, mark, sign, zeros, other] of tokens) {
    const literal = escaped ?? single ?? double;
    if (literal !== undefined) pieces.push({ text: literal });
    else if (scaling !== undefined) scale -= 3 * scaling.length;
    else if (mark !== undefined) {
      exponent = { mark, sign: sign ?? '', digits: zeros?.length ?? 1 };
      pieces.push({ text: '\u0000' });
    } else if (other === '0' || other === '#') pieces.push({ digit: other });
    else if (other === '.') pieces.push({ point: true });
    else if (other === ',') grouped = true;
    else if (other !== undefined) {
      if (other === '%') scale += 2;
      if (other === '‰') scale += 3;
      pieces.push({ text: other });
    }
  }
  return fill(pieces, movePoint(value, scale), grouped, exponent);
}

function fill(
  pieces: readonly Piece[],
  value: Decimal,
  grouped: boolean,
  exponent: { readonly mark: string; readonly sign: string; readonly digits: number } | null,
): string {
  const pointAt = pieces.findIndex((piece) => 'point' in piece);
  const isDigit = (piece: Piece): boolean => 'digit' in piece;
  const before = (pointAt === -1 ? pieces : pieces.slice(0, pointAt)).filter(isDigit);
  const after = pointAt === -1 ? [] : pieces.slice(pointAt).filter(isDigit);
  const power = exponent === null ? 0 : exponentOf(value) - Math.max(0, before.length - 1);
  const rounded = round(movePoint(value, -power), after.length);
  const firstZero = before.findIndex((piece) => 'digit' in piece && piece.digit === '0');
  const least = firstZero === -1 ? 0 : before.length - firstZero;
  let whole = rounded.whole.padStart(least, '0');
  if (grouped) whole = group(whole);
  const lastZero = after.findLastIndex((piece) => 'digit' in piece && piece.digit === '0');
  const fraction =
    rounded.fraction.slice(0, lastZero + 1) + rounded.fraction.slice(lastZero + 1).replace(/0+$/, '');
  const powerText =
    exponent === null
      ? ''
      : `${exponent.mark}${power < 0 ? '-' : exponent.sign === '+' ? '+' : ''}${String(Math.abs(power)).padStart(exponent.digits, '0')}`;
  return (
    (value.negative && !isZero(rounded) ? '-' : '') + place(pieces, whole, fraction, before.length, powerText)
  );
}

/** Puts the digits into their places, right-aligned before the point: what is left over stands at the first place. */
function place(
  pieces: readonly Piece[],
  whole: string,
  fraction: string,
  places: number,
  powerText: string,
): string {
  let result = '';
  let seen = 0;
  let beyond = 0;
  let afterPoint = false;
  const digits = [...whole];
  const total = whole.replaceAll(',', '').length;
  for (const piece of pieces) {
    if ('text' in piece) result += piece.text === '\u0000' ? powerText : piece.text;
    else if ('point' in piece) {
      if (!afterPoint && fraction !== '') result += '.';
      afterPoint = true;
    } else if (afterPoint) result += fraction.charAt(beyond++);
    else {
      // The first place takes all that is left over; a later one is empty if the number is shorter.
      let take = seen === 0 ? total - (places - 1) : Number(total >= places - seen);
      seen++;
      while (take > 0 && digits.length > 0) {
        const next = digits.shift() ?? '';
        result += next;
        if (next !== ',') take--;
      }
      if (digits[0] === ',' && seen < places) result += digits.shift() ?? '';
    }
  }
  return result;
}
