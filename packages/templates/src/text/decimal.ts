/** Decimal numbers as digits, so that formatting rounds what people wrote and not what a double made of it. */

export interface Decimal {
  readonly negative: boolean;
  /** Without leading zeros; empty for zero. */
  readonly whole: string;
  readonly fraction: string;
}

/** The most digits before the point that a .NET decimal can have. */
const MAX_WHOLE_DIGITS = 29;
const SHAPE = /^\s*([-+]?)\s*(?:(\d[\d,]*)(?:\.(\d*))?|\.(\d+))\s*([-+]?)\s*$/;

/** Null if the text is no decimal number. */
export function parseDecimal(text: string): Decimal | null {
  const found = text.length > 500 ? null : SHAPE.exec(text);
  if (found === null) return null;
  const [, sign = '', digits = '', after = '', only = '', trailing = ''] = found;
  if (sign !== '' && trailing !== '') return null;
  const whole = digits.replaceAll(',', '').replace(/^0+/, '');
  if (whole.length > MAX_WHOLE_DIGITS) return null;
  return { negative: sign === '-' || trailing === '-', whole, fraction: after + only };
}

/** A finite double, by its shortest text, or by so many digits. */
export function fromDouble(value: number, precision = 0): Decimal {
  const size = Math.abs(value);
  const text = precision === 0 ? size.toExponential() : size.toExponential(precision - 1);
  const [digits = '0', exponent = '0'] = text.split('e');
  const [lead = '0', tail = ''] = digits.split('.');
  return movePoint({ negative: value < 0, whole: lead.replace(/^0/, ''), fraction: tail }, Number(exponent));
}

/** Times ten to the power of `places`. */
export function movePoint({ negative, whole, fraction }: Decimal, places: number): Decimal {
  const digits = whole + fraction;
  const point = whole.length + places;
  const left = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0');
  const right = point <= 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  return { negative, whole: left.replace(/^0+/, ''), fraction: right };
}

/** Exactly `places` digits after the point, halves away from zero. */
export function round(value: Decimal, places: number): Decimal {
  const { negative, whole, fraction } = value;
  if (fraction.length <= places) return { negative, whole, fraction: fraction.padEnd(places, '0') };
  const kept = whole + fraction.slice(0, places);
  const up = (fraction[places] ?? '0') >= '5';
  const digits = (BigInt(kept === '' ? '0' : kept) + (up ? 1n : 0n)).toString().padStart(places, '0');
  const split = digits.length - places;
  return { negative, whole: digits.slice(0, split).replace(/^0+/, ''), fraction: digits.slice(split) };
}

export const isZero = ({ whole, fraction }: Decimal): boolean => whole === '' && /^0*$/.test(fraction);

export const group = (digits: string): string => digits.replace(/\B(?=(?:\d{3})+$)/g, ',');
