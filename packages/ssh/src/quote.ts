/**
 * Words for a POSIX shell. Everything that this package runs on a worker is a script that is fed to `/bin/sh -s`, so the
 * user's own login shell (fish, csh, …) never sees an argument, and neither does the list of processes.
 */
import { Invalid } from '@argonaut/contracts';

/** The one word that a POSIX shell reads as exactly this text. A NUL cannot be part of a word. */
export function quote(word: string): string {
  if (word.includes('\0')) throw new Invalid('A word of a command cannot contain a NUL character.');
  if (/^[A-Za-z0-9_/.:=@%+,-]+$/.test(word)) return word;
  // Within single quotes a shell reads everything as it is, except the quote itself.
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Words with spaces between them. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ');
}
