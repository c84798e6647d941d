/** Splits the text of `Octopus.Action.Script.ScriptParameters` into words. */
import { Invalid } from '@argonaut/contracts';
import type { ScriptSyntax } from './source.ts';

/** How a language quotes. Both quotes are the same in all of them. */
interface Quoting {
  /** What takes the meaning from the next character. */
  readonly sign: string;
  /** Characters before which it does so between double quotes; elsewhere there it stands for itself. */
  readonly escapable: RegExp;
  /** A quote that is written twice between its like is one. */
  readonly doubled: boolean;
}

const shell: Quoting = { sign: '\\', escapable: /["\\$`]/, doubled: false };
/** A backslash is a character like any other: `DOMAIN\user`, `C:\Dir\`. */
const powerShell: Quoting = { sign: '`', escapable: /["'`$]/, doubled: true };

/**
 * Splits as the script's language does (blanks, both quotes, its escape character; Python as a POSIX shell), but expands
 * nothing: `$(…)`, `$NAME`, `*` and `;` are ordinary characters, so a variable's value that was put into the parameters
 * cannot run as a command.
 * @throws Invalid for a quote that is not closed
 */
export function splitParameters(text: string, syntax: ScriptSyntax): string[] {
  const quoting = syntax === 'PowerShell' ? powerShell : shell;
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === "'" || character === '"') {
      const [quoted, end] = quotedFrom(text, at, quoting);
      word = (word ?? '') + quoted;
      at = end;
    } else if (character === quoting.sign) {
      at += 1;
      word = (word ?? '') + (text[at] ?? quoting.sign);
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** The text between the quote at a place and its partner, and the partner's place. */
function quotedFrom(
  text: string,
  start: number,
  { sign, escapable, doubled }: Quoting,
): [quoted: string, end: number] {
  const quote = text[start];
  let quoted = '';
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at] ?? '';
    const next = text[at + 1] ?? '';
    if (character === quote && !(doubled && next === quote)) return [quoted, at];
    const isEscaped = quote === '"' && character === sign && escapable.test(next);
    if (isEscaped || character === quote) {
      quoted += next;
      at += 1;
    } else {
      quoted += character;
    }
  }
  throw new Invalid(
    `The script parameters have a ${quote} at character ${start + 1} that is not closed. Close it, or write ${sign}${quote} for the character itself.`,
  );
}
