/** Numbers as text, read and written as .NET's invariant culture does. */

/** The largest exponent that is still written without one, and the smallest. */
const PLAIN_BELOW = 1e15;
const PLAIN_FROM = 1e-5;

/** Shortest text that reads back as the same number. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Infinity' : 'Infinity';
  const size = Math.abs(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (size < PLAIN_BELOW && size >= PLAIN_FROM) return plain(value);
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  return `${digits}E${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function plain(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  const [digits = '', exponent = '0'] = text.split('e');
  return value.toFixed(Math.min(100, -Number(exponent) + (digits.split('.')[1]?.length ?? 0)));
}

const FLOAT = /^\s*[-+]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*$/;

/** Longer texts count as no number: nobody writes them, and a loop would go through them again and again. */
const LONGEST = 1000;

/** Null if the text is no number. Thousands separators are allowed, as in `1,234.5`. */
export function parseDouble(text: string): number | null {
  if (text.length > LONGEST) return null;
  if (FLOAT.test(text)) return Number(text.replaceAll(',', ''));
  const word = text.trim().toLowerCase();
  if (word === 'nan') return Number.NaN;
  if (word === 'infinity' || word === '+infinity' || word === '∞') return Number.POSITIVE_INFINITY;
  return word === '-infinity' || word === '-∞' ? Number.NEGATIVE_INFINITY : null;
}

/** A whole number of 32 bits, with blanks and a sign; null if the text is none. */
export function parseInteger(text: string): number | null {
  if (text.length > LONGEST || !/^\s*[-+]?\d{1,40}\s*$/.test(text)) return null;
  const value = Number(text);
  return value >= -2147483648 && value <= 2147483647 ? value : null;
}
