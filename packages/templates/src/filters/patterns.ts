/**
 * `Match` and `Replace`: regular expressions that users write, in .NET's dialect.
 *
 * JavaScript's own engine backtracks, so a pattern such as `(a+)+$` could hold the server for years. RE2 works in
 * time linear in the text. Its price: no look-around and no back-references; such patterns are refused by name.
 */

import { RE2JS } from 're2js';
import { FilterError } from '../evaluation/errors.ts';
import type { Filter } from './filter.ts';

/** Longer patterns are refused: the time is linear in the text, but also in the pattern. */
const MAX_PATTERN_LENGTH = 2000;
/** Compiled patterns kept; templates use a handful. */
const KEPT = 64;
/** States of the compiled pattern times characters of the text; measured 16 ns each at worst, so 8 seconds. */
const MAX_COST = 500_000_000;
const MATCHES_BETWEEN_CHECKS = 32;
const compiled = new Map<string, RE2JS>();

export const match: Filter = (input, options, { patternTime }) => {
  const [pattern] = options;
  if (input === null || pattern === undefined || options.length !== 1) return null;
  const expression = compile(pattern, input);
  return patternTime.measure((isOver) => {
    if (isOver()) throw tooSlow(pattern);
    return String(expression.test(input));
  });
};

/** The second option may use `$1`, `${name}`, `$0`, `$&` and `$$`; without it what matches is removed. */
export const replace: Filter = (input, [pattern, replacement = ''], { maxLength, patternTime }) => {
  if (input === null || pattern === undefined) return null;
  const expression = compile(pattern, input);
  return patternTime.measure((isOver) => {
    if (isOver()) throw tooSlow(pattern);
    // Whether anything matches at all is found out faster than where.
    if (!expression.test(input)) return input;
    const parts = replacementParts(replacement, expression);
    const matcher = expression.matcher(input);
    let result = '';
    let end = 0;
    for (let count = 1; matcher.find(); count++) {
      result += input.slice(end, matcher.start());
      for (const part of parts) result += typeof part === 'string' ? part : (matcher.group(part) ?? '');
      end = matcher.end();
      if (result.length > maxLength) {
        throw new FilterError(
          `Replace would make more than ${maxLength} characters. Shorten the replacement or the value.`,
        );
      }
      if (count % MATCHES_BETWEEN_CHECKS === 0 && isOver()) throw tooSlow(pattern);
    }
    return result + input.slice(end);
  });
};

const tooSlow = (pattern: string): FilterError =>
  new FilterError(
    `The patterns of this text took too long; the last was "${pattern}". Make it simpler or the value shorter.`,
  );

function compile(pattern: string, input: string): RE2JS {
  // `$` stands before a last line break too. RE2 knows that only for every line or for none.
  const beforeLastBreak = input.endsWith('\n') && input.indexOf('\n') === input.length - 1;
  const key = `${beforeLastBreak ? 'm' : ''}:${pattern}`;
  const known = compiled.get(key);
  if (known !== undefined) return affordable(known, pattern, input);
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new FilterError(
      `A pattern of ${pattern.length} characters is too long; ${MAX_PATTERN_LENGTH} are allowed.`,
    );
  }
  let made: RE2JS;
  try {
    made = RE2JS.compile(translate(pattern, beforeLastBreak));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const hint = /\(\?<?[=!]|\\[1-9k]/.test(pattern)
      ? ' Look-around and back-references are not supported, because they cannot be matched in linear time.'
      : '';
    throw new FilterError(`The pattern "${pattern}" cannot be used: ${why}.${hint}`);
  }
  const [oldest] = compiled.keys();
  if (compiled.size >= KEPT && oldest !== undefined) compiled.delete(oldest);
  compiled.set(key, made);
  return affordable(made, pattern, input);
}

function affordable(expression: RE2JS, pattern: string, input: string): RE2JS {
  if (expression.programSize() * input.length <= MAX_COST) return expression;
  throw new FilterError(
    `The pattern "${pattern}" is too large for a text of ${input.length} characters. Use smaller counts in its repetitions.`,
  );
}

/** .NET's classes are Unicode's. */
const CLASSES: Readonly<Record<string, string>> = {
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: '\\p{L}\\p{Mn}\\p{Nd}\\p{Pc}',
  s: '\\t-\\r \\x{85}\\p{Z}',
};
const ANCHORS: Readonly<Record<string, string>> = { Z: '(?:\\n?\\z)', A: '\\A', z: '\\z' };

/** From .NET's way of writing to RE2's. */
function translate(pattern: string, beforeLastBreak: boolean): string {
  let result = '';
  let inClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i);
    const next = pattern.charAt(i + 1);
    if (character === '\\') {
      i++;
      result += translateEscape(next, inClass);
    } else if (inClass) {
      if (character === '-' && next === '[')
        throw new Error('class subtraction ("[a-z-[aeiou]]") is not supported');
      if (character === ']' && result.at(-1) !== '[' && !result.endsWith('[^')) inClass = false;
      result += character === '[' ? '\\[' : character;
    } else if (character === '[') {
      inClass = true;
      result += character;
    } else if (character === '$' && beforeLastBreak) result += '(?m:$)';
    else if (character === '(' && pattern.startsWith("(?'", i)) {
      const end = pattern.indexOf("'", i + 3);
      result += `(?P<${pattern.slice(i + 3, end)}>`;
      i = end === -1 ? pattern.length : end;
    } else if (/^\(\?<[A-Za-z_]/.test(pattern.slice(i, i + 4))) {
      result += '(?P<';
      i += 2;
    } else result += character;
  }
  return result;
}

function translateEscape(letter: string, inClass: boolean): string {
  const unicode = CLASSES[letter];
  if (unicode !== undefined) return inClass || letter === 'd' || letter === 'D' ? unicode : `[${unicode}]`;
  if (letter === 'W' && !inClass) return `[^${CLASSES.w}]`;
  if (letter === 'S' && !inClass) return `[^${CLASSES.s}]`;
  if (!inClass && ANCHORS[letter] !== undefined) return ANCHORS[letter] ?? '';
  if (letter === 'e') return '\\x1b';
  // RE2 refuses to escape what needs no escape; .NET does not mind.
  return /[\s<>"'#%&,:;=@`~!/_-]/.test(letter)
    ? /[-\s]/.test(letter) && inClass
      ? `\\x{${letter.charCodeAt(0).toString(16)}}`
      : letter
    : `\\${letter}`;
}

/** Texts, and numbers of groups. What names no group is text. */
function replacementParts(replacement: string, expression: RE2JS): (string | number)[] {
  const names: Readonly<Record<string, number>> = expression.namedGroups();
  const groups = expression.groupCount();
  const parts: (string | number)[] = [];
  let from = 0;
  for (const found of replacement.matchAll(/\$(?:(\d{1,3})|\{(\w{1,100})\}|([$&]))/g)) {
    const [whole, digits, name, sign] = found;
    const wanted = digits ?? name ?? '0';
    const group = /^\d+$/.test(wanted) ? Number(wanted) : (names[wanted] ?? Number.POSITIVE_INFINITY);
    if (sign !== '$' && group > groups) continue;
    parts.push(replacement.slice(from, found.index), sign === '$' ? '$' : group);
    from = found.index + whole.length;
  }
  parts.push(replacement.slice(from));
  return parts;
}
