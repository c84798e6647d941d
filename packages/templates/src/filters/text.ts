/** Filters that cut, join and lay out text. */

import { parseInteger } from '../text/number.ts';
import type { Filter } from './filter.ts';

/** Works without input too, so that `#{ | Append x}` is a way to write a text. */
export const append: Filter = (input, options) =>
  options.length === 0 ? null : (input ?? '') + options.join('');
export const prepend: Filter = (input, options) =>
  options.length === 0 ? null : options.join('') + (input ?? '');

/** `Substring length` or `Substring start length`; what lies beyond the end is not there. */
export const substring: Filter = (input, options) => {
  if (input === null || options.length === 0 || options.length > 2) return null;
  const numbers = options.map(parseInteger);
  const [first = null, second = null] = numbers;
  if (first === null || first < 0 || (options.length === 2 && (second === null || second < 0))) return null;
  if (second === null) return input.slice(0, first);
  return first > input.length ? null : input.slice(first, first + second);
};

export const truncate: Filter = (input, [size = '', suffix = '...']) => {
  const length = parseInteger(size);
  if (input === null || length === null || length < 0) return null;
  return length < input.length ? input.slice(0, length) + suffix : input;
};

export const trim: Filter = (input, [side]) => {
  if (input === null) return null;
  switch (side?.toLowerCase()) {
    case undefined:
      return input.trim();
    case 'start':
      return input.trimStart();
    case 'end':
      return input.trimEnd();
    default:
      return null;
  }
};

/** `Indent` (4 blanks), `Indent 2`, `Indent /2` (not the first line), `Indent 4/2`, `Indent "// "`, `Indent "- " "  "`. */
export const indent: Filter = (input, options, { maxLength }) => {
  if (input === null || options.length > 2) return null;
  if (input === '') return '';
  const [first, rest] = indentation(options);
  const lines = input.split('\n');
  if (input.length + first.length + (lines.length - 1) * rest.length > maxLength) return null;
  return first + lines.join(`\n${rest}`);
};

function indentation([first, second]: readonly string[]): [string, string] {
  if (first === undefined) return ['    ', '    '];
  if (second !== undefined) return [first, second];
  const [, slash, initial, rest = ''] = /^((\d{1,3})?\/)?(\d{1,3})$/.exec(first) ?? [];
  // A size above 255 is not a size but a text.
  if (rest === '' || +rest > 255 || +(initial ?? 0) > 255) return [first, first];
  const blanks = ' '.repeat(+rest);
  return [slash === undefined ? blanks : ' '.repeat(+(initial ?? 0)), blanks];
}
