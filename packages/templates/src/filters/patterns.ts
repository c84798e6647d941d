/**
 * `Match` and `Replace`: regular expressions that users write, in .NET's dialect.
 *
 * JavaScript's own engine backtracks, so a pattern such as `(a+)+$` could hold the server for years. RE2 works in
 * time linear in the text. Its price: no look-around and no back-references; such patterns are refused by name.
 */

import { RE2JS, RE2JSSyntaxException } from 're2js';
import { FilterError } from '../evaluation/errors.ts';
import { type LineBreaks, type Translated, translate, Untranslatable } from './dotnet-pattern.ts';
import type { Filter, PatternTime } from './filter.ts';
import { type Found, replacementParts } from './replacement.ts';

/** Longer patterns are refused: the time is linear in the text, but also in the pattern. */
const MAX_PATTERN_LENGTH = 2000;
/** Compiled patterns kept; templates use a handful. */
const KEPT = 64;
/** States of the compiled pattern times characters of the text; measured 16 ns each at worst, so 8 seconds. */
const MAX_COST = 500_000_000;
const MATCHES_BETWEEN_CHECKS = 32;

interface Pattern extends Translated {
  readonly expression: RE2JS;
}

const compiled = new Map<string, Pattern>();

export const match: Filter = (input, options, { patternTime }) => {
  const [pattern] = options;
  if (input === null || pattern === undefined || options.length !== 1) return null;
  const { expression } = compile(pattern, input, patternTime);
  return patternTime.measure((isOver) => {
    if (isOver()) throw tooSlow();
    return String(expression.test(input));
  });
};

/** The second option may use `$1`, `${name}` and the other signs of replacement.ts; without it what matches is removed. */
export const replace: Filter = (input, [pattern, replacement = ''], { maxLength, patternTime }) => {
  if (input === null || pattern === undefined) return null;
  const { expression, groups, names, breaks } = compile(pattern, input, patternTime);
  return patternTime.measure((isOver) => {
    if (isOver()) throw tooSlow();
    // Whether anything matches at all is found out faster than where.
    if (!expression.test(input)) return input;
    const parts = replacementParts(replacement, groups.length, names);
    const matcher = expression.matcher(input);
    let result = '';
    let last = 0;
    for (let count = 1; matcher.find(); count++) {
      const start = matcher.start();
      const taken = breaks.some((group) => matcher.start(group) !== -1);
      const end = taken ? input.length - 1 : matcher.end();
      const found: Found = {
        input,
        start,
        end,
        group: (number) => {
          const at = groups[number] ?? 0;
          const from = matcher.start(at);
          return from === -1 ? '' : input.slice(from, Math.min(end, matcher.end(at)));
        },
      };
      result += input.slice(last, start);
      for (const part of parts) {
        result += typeof part === 'string' ? part : part(found);
        if (result.length > maxLength) {
          throw new FilterError(
            `Replace would make more than ${maxLength} characters. Shorten the replacement or the value.`,
          );
        }
      }
      last = end;
      if (count % MATCHES_BETWEEN_CHECKS === 0 && isOver()) throw tooSlow();
    }
    return result + input.slice(last);
  });
};

// No message quotes a pattern: it may be a secret, and a piece of one is not recognised as such.

const tooSlow = (): FilterError =>
  new FilterError('The patterns of this text took too long. Make them simpler or the value shorter.');

function compile(pattern: string, input: string, time: PatternTime): Pattern {
  const lineBreaks = lineBreaksOf(input);
  const key = `${lineBreaks}:${pattern}`;
  const known = compiled.get(key);
  if (known !== undefined) return fitting(known, input, time);
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new FilterError(
      `A pattern of ${pattern.length} characters is too long; ${MAX_PATTERN_LENGTH} are allowed.`,
    );
  }
  let made: Pattern;
  try {
    const translated = translate(pattern, lineBreaks);
    made = { ...translated, expression: RE2JS.compile(translated.source) };
  } catch (error) {
    throw new FilterError(
      `A pattern of ${pattern.length} characters cannot be used: ${reasonOf(error)}. Correct the pattern.`,
    );
  }
  const [oldest] = compiled.keys();
  if (compiled.size >= KEPT && oldest !== undefined) compiled.delete(oldest);
  compiled.set(key, made);
  return fitting(made, input, time);
}

function lineBreaksOf(input: string): LineBreaks {
  if (!input.endsWith('\n')) return 'end';
  return input.indexOf('\n') === input.length - 1 ? 'one' : 'several';
}

function reasonOf(error: unknown): string {
  if (error instanceof Untranslatable) return error.message;
  return error instanceof RE2JSSyntaxException ? error.getDescription() : 'it is not a regular expression';
}

function fitting(pattern: Pattern, input: string, time: PatternTime): Pattern {
  const cost = pattern.expression.programSize() * input.length;
  if (cost > MAX_COST) {
    throw new FilterError(
      `A pattern is too large for a text of ${input.length} characters. Use smaller counts in its repetitions.`,
    );
  }
  if (pattern.usesWordEdge && /(?![\u0000-\u007f])[\p{L}\p{Mn}\p{Nd}\p{Pc}\u200c\u200d]/u.test(input)) {
    throw new FilterError(
      'A pattern with \\b or \\B cannot be used on a text with letters or digits beyond ASCII. Name the characters that may stand there instead.',
    );
  }
  if (!time.affords(cost)) throw tooSlow();
  return pattern;
}
