/**
 * Which characters a name is made of, and when two names are the same.
 * The language counts UTF-16 units and Unicode categories, as its .NET original does.
 */

const BLANK = 1;
const NAME = 2;
const UNKNOWN = 255;

const classes = new Uint8Array(0x10000).fill(UNKNOWN);
for (let unit = 0; unit < 0x80; unit++) classes[unit] = classify(unit);

function classify(unit: number): number {
  const character = String.fromCharCode(unit);
  if (/[\t-\r \u0085\p{Z}]/u.test(character)) return BLANK;
  return /[\p{L}\p{Nd}_\-:/~()@]/u.test(character) ? NAME : 0;
}

function classOf(unit: number): number {
  const known = classes[unit] ?? 0;
  if (known !== UNKNOWN) return known;
  const found = classify(unit);
  classes[unit] = found;
  return found;
}

export const isBlank = (unit: number): boolean => classOf(unit) === BLANK;
/** Letters, digits and `_ - : / ~ ( ) @`; a blank is a name character too where names may hold blanks. */
export const isNameCharacter = (unit: number): boolean => classOf(unit) === NAME;

const ASCII = /^[\u0000-\u007f]*$/;

/** Two names are the same variable if they fold to the same text: one-to-one upper case, no culture. */
export function foldCase(name: string): string {
  if (ASCII.test(name)) return name.toLowerCase();
  let folded = '';
  for (let i = 0; i < name.length; i++) {
    const unit = name.charAt(i);
    const upper = unit.toUpperCase();
    folded += upper.length === 1 ? upper.toLowerCase().charAt(0) : unit;
  }
  return folded;
}
