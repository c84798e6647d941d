/** Upper and lower case without a culture: each character becomes at most one other, so lengths never change. */

import { type Filter, plainFilter } from './filter.ts';

/** The two Turkish letters whose other case belongs to a culture; the invariant one leaves them alone. */
const CULTURAL = new Set(['\u0130', '\u0131']);
function oneToOne(text: string, change: (character: string) => string): string {
  if (/^[\u0000-\u007f]*$/.test(text)) return change(text);
  let result = '';
  for (const character of text) {
    const changed = CULTURAL.has(character) ? character : change(character);
    result += changed.length === character.length ? changed : character;
  }
  return result;
}

export const toUpper: Filter = plainFilter((input) => oneToOne(input, (each) => each.toUpperCase()));
export const toLower: Filter = plainFilter((input) => oneToOne(input, (each) => each.toLowerCase()));
