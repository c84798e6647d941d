/**
 * Values in Java properties files (format: `java.util.Properties.load`). Only the value of an entry is written anew, on
 * one line; comments, order, keys, separators and line ends stay. Characters that are not plain ASCII are written as
 * `\uXXXX`, which means the same whatever encoding the file is read in.
 */
import { type ConfigurationValues, type Replaced, type Replacement, splice } from './values.ts';

interface Entry {
  readonly key: string;
  /** Where the key ends. */
  readonly keyEnd: number;
  /** Between the separator and the end of the logical line. */
  readonly start: number;
  readonly end: number;
}

/** Everything that is text is a properties file, so this never fails. */
export function replaceInProperties(text: string, values: ConfigurationValues): Replaced {
  const taking = values.taking();
  const replacements: Replacement[] = [];
  for (const { key, keyEnd, start, end } of entriesOf(text)) {
    const found = taking.at([key]);
    if (found === undefined) continue;
    const hasSeparator = start > keyEnd;
    replacements.push({ start, end, text: `${hasSeparator ? '' : ':'}${escaped(found.value)}` });
  }
  return taking.result(splice(text, replacements));
}

function* entriesOf(text: string): Generator<Entry> {
  for (let at = 0; at < text.length; ) {
    const begin = pastBlanks(text, at);
    const first = text[begin];
    if (first === undefined || isLineEnd(first)) {
      at = begin + 1;
    } else if (first === '#' || first === '!') {
      at = naturalEnd(text, begin);
    } else {
      const entry = entryAt(text, begin);
      yield entry;
      at = entry.end;
    }
  }
}

function entryAt(text: string, begin: number): Entry {
  let key = '';
  let at = begin;
  for (let one = text[at]; one !== undefined && !isLineEnd(one) && !/[ \t\f=:]/.test(one); one = text[at]) {
    if (one !== '\\') {
      key += one;
      at += 1;
      continue;
    }
    // The last character of all goes on into nothing: what is written takes its place.
    if (at + 1 === text.length) break;
    const continued = pastContinuation(text, at);
    if (continued !== undefined) {
      at = continued;
      continue;
    }
    const [meant, next] = unescaped(text, at);
    key += meant;
    at = next;
  }
  const keyEnd = at;
  at = pastSpace(text, at);
  if (text[at] === '=' || text[at] === ':') at = pastSpace(text, at + 1);
  return { key, keyEnd, start: at, end: logicalEnd(text, at) };
}

/** Past blanks, also where they go on in the next line. */
function pastSpace(text: string, from: number): number {
  for (let at = from; ; ) {
    const next = pastBlanks(text, at);
    const continued = text[next] === '\\' ? pastContinuation(text, next) : undefined;
    if (continued === undefined || continued === text.length) return next;
    at = continued;
  }
}

function pastBlanks(text: string, from: number): number {
  let at = from;
  while (/[ \t\f]/.test(text[at] ?? '')) at += 1;
  return at;
}

/** Behind a backslash at the end of a line, and the blanks of the next one; undefined: it escapes a character. */
function pastContinuation(text: string, at: number): number | undefined {
  const next = text[at + 1];
  if (next === undefined) return at + 1;
  if (!isLineEnd(next)) return undefined;
  return pastBlanks(text, at + (next === '\r' && text[at + 2] === '\n' ? 3 : 2));
}

function logicalEnd(text: string, from: number): number {
  for (let at = from; ; ) {
    const one = text[at];
    if (one === undefined || isLineEnd(one)) return at;
    at = one === '\\' ? Math.min(text.length, pastContinuation(text, at) ?? at + 2) : at + 1;
  }
}

function naturalEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isLineEnd(text[at] ?? '')) at += 1;
  return at;
}

function isLineEnd(one: string): boolean {
  return one === '\n' || one === '\r';
}

const NAMED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescaped(text: string, at: number): [meant: string, next: number] {
  const letter = text[at + 1] ?? '';
  const code = letter === 'u' ? /^[0-9A-Fa-f]{4}/.exec(text.slice(at + 2, at + 6))?.[0] : undefined;
  if (code !== undefined) return [String.fromCharCode(Number.parseInt(code, 16)), at + 6];
  return [NAMED[letter] ?? letter, at + 2];
}

function escaped(value: string): string {
  let written = '';
  for (let at = 0; at < value.length; at += 1) {
    const one = value[at] ?? '';
    const named = Object.entries(NAMED).find(([, meant]) => meant === one)?.[0];
    if (named !== undefined) written += `\\${named}`;
    else if (one === '\\') written += '\\\\';
    else if (one === ' ' && at === 0) written += '\\ ';
    else if (one >= ' ' && one <= '~') written += one;
    else written += `\\u${value.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0')}`;
  }
  return written;
}
