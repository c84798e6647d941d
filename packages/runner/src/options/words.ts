/** Words as a shell would see them: quotes, backslashes, blanks. Nothing is expanded: `$`, `*` and backticks are letters. */
import { Invalid } from '@argonaut/contracts';

/** `Invalid` for a quote that has no end. Line ends separate words, and one behind a backslash is nothing at all. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? '';
    if (quote === "'") {
      if (letter === "'") quote = undefined;
      else word += letter;
      continue;
    }
    if (letter === '\\') {
      const next = text[at + 1];
      if (next === undefined) throw new Invalid('The container options end with a backslash.');
      at += 1;
      if (next === '\n') continue;
      // Within double quotes a backslash means itself before most letters (POSIX, "Double-Quotes").
      word = (word ?? '') + (quote === '"' && !'$`"\\'.includes(next) ? `\\${next}` : next);
    } else if (quote === '"') {
      if (letter === '"') quote = undefined;
      else word += letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + letter;
    }
  }
  if (quote !== undefined) throw new Invalid(`The container options have a ${quote} that is not closed.`);
  if (word !== undefined) words.push(word);
  return words;
}

/** One word again, whatever it holds. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
