/**
 * Regular expressions that people write for pre-releases and tags, in time linear in the text (RE2): nobody can stall
 * the server with one. RE2 has no look-ahead, but the one use that people make of it here is at the start, to keep a
 * tag out (`^(?!latest)`), so leading look-aheads are taken apart into expressions of their own.
 */
import { Invalid, messageOf } from '@argonaut/contracts';
import { RE2JS } from 're2js';

/** Longer expressions are refused. */
const LONGEST = 1000;

/** What decides whether a text matches somewhere. @throws Invalid when the expression cannot be used. */
export function parsePattern(pattern: string): (text: string) => boolean {
  if (pattern.length > LONGEST) {
    throw new Invalid(
      `The regular expression has ${pattern.length} characters; at most ${LONGEST} are read.`,
    );
  }
  const conditions: ((text: string) => boolean)[] = [];
  let rest = pattern;
  for (let found = leadingLookAhead(rest); found !== undefined; found = leadingLookAhead(rest)) {
    const condition = compile(`^(?:${found.inner})`, pattern);
    const { negative } = found;
    conditions.push((text) => condition(text) !== negative);
    rest = `^${found.rest}`;
  }
  conditions.push(compile(rest, pattern));
  return (text) => conditions.every((condition) => condition(text));
}

function leadingLookAhead(
  pattern: string,
): { readonly inner: string; readonly negative: boolean; readonly rest: string } | undefined {
  const start = /^\^\(\?([!=])/.exec(pattern);
  if (start === null) return undefined;
  let depth = 1;
  let inClass = false;
  for (let at = start[0].length; at < pattern.length; at += 1) {
    const character = pattern[at];
    if (character === '\\') at += 1;
    else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    if (depth === 0) {
      const inner = pattern.slice(start[0].length, at);
      return { inner, negative: start[1] === '!', rest: pattern.slice(at + 1) };
    }
  }
  return undefined;
}

function compile(source: string, whole: string): (text: string) => boolean {
  try {
    const compiled = RE2JS.compile(source);
    return (text) => compiled.matcher(text).find();
  } catch (error) {
    throw new Invalid(
      `The regular expression "${whole}" cannot be used: ${messageOf(error)}. Look-arounds are possible only at its start, as in "^(?!latest)"; references back are not.`,
    );
  }
}
