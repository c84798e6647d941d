/**
 * Which files are meant: paths relative to the step's directory, one a line, with `*` and `?` within a name, `**` for
 * directories, and `{a,b}` for either. Matching takes time in proportion to pattern times path, whatever they hold.
 */
import { ConfigurationFault } from './errors.ts';

/** `{a,b}` multiplies; nobody means more. */
const MOST_ALTERNATIVES = 256;

export interface FilePattern {
  readonly written: string;
  /** `path`: relative, with slashes. */
  matches(path: string): boolean;
}

/** @throws ConfigurationFault for a pattern that leads out of the directory. */
export function compilePatterns(lines: string): readonly FilePattern[] {
  return lines
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(compile);
}

function compile(written: string): FilePattern {
  const alternatives = expand(written.replaceAll('\\', '/')).map((one) => {
    const parts = one.split('/').filter((part) => part !== '.' && part !== '');
    if (one.startsWith('/') || /^[A-Za-z]:/.test(one) || parts.includes('..')) {
      throw new ConfigurationFault(
        `The pattern "${written}" leads out of the step's directory. Write it relative to that directory, without "..".`,
      );
    }
    return parts;
  });
  return {
    written,
    matches: (path) => {
      const names = path.split('/');
      return alternatives.some((parts) => matchParts(parts, names));
    },
  };
}

/** All ways to read the braces, from the first pair on. */
function expand(pattern: string): readonly string[] {
  let open: readonly string[] = [''];
  let rest = pattern;
  for (;;) {
    const found = /\{([^{}]*)\}/.exec(rest);
    if (!found) return open.map((start) => start + rest);
    const before = rest.slice(0, found.index);
    const choices = (found[1] ?? '').split(',');
    if (open.length * choices.length > MOST_ALTERNATIVES) {
      throw new ConfigurationFault(
        `The pattern "${pattern.slice(0, 200)}" has more than ${MOST_ALTERNATIVES} alternatives. Write several lines.`,
      );
    }
    open = open.flatMap((start) => choices.map((choice) => start + before + choice));
    rest = rest.slice(found.index + found[0].length);
  }
}

function matchParts(pattern: readonly string[], names: readonly string[]): boolean {
  return matchSequence(pattern, names, (part) => part === '**', matchName);
}

function matchName(pattern: string, name: string): boolean {
  return matchSequence(
    [...pattern],
    [...name],
    (part) => part === '*',
    (part, one) => part === '?' || part === one,
  );
}

/** One pass with the last wildcard to come back to: quadratic at worst. */
function matchSequence(
  pattern: readonly string[],
  items: readonly string[],
  isWild: (part: string) => boolean,
  fits: (part: string, item: string) => boolean,
): boolean {
  let [at, item] = [0, 0];
  let [wild, resumeAt] = [-1, 0];
  while (item < items.length) {
    const part = pattern[at];
    if (part !== undefined && isWild(part)) {
      wild = at++;
      resumeAt = item;
    } else if (part !== undefined && fits(part, items[item] ?? '')) {
      at++;
      item++;
    } else if (wild >= 0) {
      at = wild + 1;
      item = ++resumeAt;
    } else return false;
  }
  return pattern.slice(at).every(isWild);
}
