/**
 * JSON of request bodies. What cannot be read is told with the place where reading ends; what would be read but harms
 * later (too deep to be written again, names that mean something to JavaScript) is refused before anybody sees it.
 */
import { Invalid } from '@argonaut/contracts';

/** Levels of lists and objects in each other. The deepest of Octopus's resources, a process, has fewer than ten. */
const DEEPEST = 100;

/** @throws Invalid with the place and the remedy. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Invalid(`The body is not valid JSON: ${whereItBreaks(text)} Nothing was done.`);
  }
  checkShape(value);
  return value;
}

/** Without recursion: the stack is what a deep value would exhaust. */
function checkShape(root: unknown): void {
  let level: object[] = typeof root === 'object' && root !== null ? [root] : [];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > DEEPEST) {
      throw new Invalid(
        `The body has lists and objects more than ${DEEPEST} levels deep in each other, which this server does not keep. Send it flatter, or as a text.`,
      );
    }
    const next: object[] = [];
    for (const value of level) {
      if (!Array.isArray(value)) refuseMagicNames(value);
      for (const entry of Object.values(value)) {
        if (typeof entry === 'object' && entry !== null) next.push(entry);
      }
    }
    level = next;
  }
}

/** Copied carelessly, such a name changes what every object has. Nothing here copies so, and nothing shall depend on that. */
function refuseMagicNames(value: object): void {
  const magic = Object.hasOwn(value, '__proto__')
    ? '__proto__'
    : Object.hasOwn(value, 'constructor') && isWithPrototype((value as { constructor: unknown }).constructor)
      ? 'constructor.prototype'
      : undefined;
  if (magic === undefined) return;
  throw new Invalid(
    `The body has a field named ${magic}, which this server refuses for safety: the name has a meaning in JavaScript. Use another name.`,
  );
}

function isWithPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}

const NUMBER_OR_WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * A sentence about the first character at which a text stops being JSON. The engine's own messages say it in several
 * forms, some without the place.
 */
function whereItBreaks(text: string): string {
  const open: ('}' | ']')[] = [];
  let wanted = 'a value';
  let at = 0;
  const afterValue = () => {
    const closing = open.at(-1);
    wanted = closing === undefined ? 'the end' : `a comma or "${closing}"`;
  };
  for (;;) {
    while (' \t\r\n'.includes(text[at] ?? 'end')) at += 1;
    const char = text[at];
    if (char === undefined)
      return `it ends${placeOf(text, at)} where ${wanted} should follow. Send all of it.`;
    const isValue = wanted.startsWith('a value');
    if (char === '"' && (isValue || wanted.startsWith('a name'))) {
      const end = endOfText(text, at);
      if (typeof end === 'string') return end;
      at = end;
      if (isValue) afterValue();
      else wanted = 'a colon';
    } else if (char === open.at(-1) && / or "/.test(wanted)) {
      open.pop();
      at += 1;
      afterValue();
    } else if (isValue && (char === '{' || char === '[')) {
      open.push(char === '{' ? '}' : ']');
      wanted = char === '{' ? 'a name in double quotes or "}"' : 'a value or "]"';
      at += 1;
    } else if (char === ':' && wanted === 'a colon') {
      wanted = 'a value';
      at += 1;
    } else if (char === ',' && wanted.startsWith('a comma')) {
      wanted = open.at(-1) === '}' ? 'a name in double quotes' : 'a value';
      at += 1;
    } else {
      NUMBER_OR_WORD.lastIndex = at;
      if (!isValue || !NUMBER_OR_WORD.test(text))
        return `${found(text, at)}, where ${wanted} should be. Correct it there.`;
      at = NUMBER_OR_WORD.lastIndex;
      afterValue();
    }
  }
}

/** The index behind the text in quotes that begins at `start`, or a sentence about why it has no end. */
function endOfText(text: string, start: number): number | string {
  const notable = /["\\\p{Cc}]/gu;
  notable.lastIndex = start + 1;
  for (let match = notable.exec(text); match !== null; match = notable.exec(text)) {
    const [char] = match;
    if (char === '"') return match.index + 1;
    if (char === '\\') {
      ESCAPE.lastIndex = match.index;
      if (!ESCAPE.test(text))
        return `the backslash${placeOf(text, match.index)} begins no escape of JSON. Write \\\\ for a backslash.`;
      notable.lastIndex = ESCAPE.lastIndex;
    } else if (char < ' ') {
      return `the text that begins${placeOf(text, start)} has a line break, a tab or another control character in it. Write it as an escape, such as \\n.`;
    }
  }
  return `the text that begins${placeOf(text, start)} has no closing quote. Send all of it.`;
}

function found(text: string, at: number): string {
  const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const shown = /\P{C}/u.test(char) ? char : `U+${char.codePointAt(0)?.toString(16).padStart(4, '0')}`;
  return `it has ${shown}${placeOf(text, at)}`;
}

function placeOf(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return ` at line ${line}, column ${at - before.lastIndexOf('\n')}`;
}
