/** Splits the text of `Octopus.Action.Script.ScriptParameters` into words. */
import { Invalid } from '@argonaut/contracts';

/**
 * Splits as a POSIX shell does (blanks, both quotes, backslash), but expands nothing: `$(…)`, `$NAME`, `*` and `;`
 * are ordinary characters, so a variable's value that was put into the parameters cannot run as a command.
 * @throws Invalid for a quote that is not closed
 */
export function splitParameters(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === "'" || character === '"') {
      const [quoted, end] = quotedFrom(text, at);
      word = (word ?? '') + quoted;
      at = end;
    } else if (character === '\\') {
      at += 1;
      word = (word ?? '') + (text[at] ?? '\\');
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
function quotedFrom(text: string, start: number): [quoted: string, end: number] {
  const quote = text[start];
  let quoted = '';
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === quote) return [quoted, at];
    const next = text[at + 1] ?? '';
    if (quote === '"' && character === '\\' && '"\\$`'.includes(next) && next !== '') {
      quoted += next;
      at += 1;
    } else {
      quoted += character;
    }
  }
  throw new Invalid(
    `The script parameters have a ${quote} at character ${start + 1} that is not closed. Close it, or write \\${quote} for the character itself.`,
  );
}
