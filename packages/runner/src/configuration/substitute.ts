/** Templates in a file. Pieces that cannot be read as a template stay as they are, because files have braces of their own. */
import { decode, encode } from './encoding.ts';
import { ConfigurationFault } from './errors.ts';

/** The template language, tolerant: `text` null when nothing can be made of it, `error` when something is unresolved. */
export type Evaluate = (template: string) => { readonly text: string | null; readonly error: string | null };

export interface Substituted {
  readonly bytes: Uint8Array;
  readonly changed: boolean;
  /** What stayed unresolved, with line and column. */
  readonly unresolved: string | null;
}

/** @throws ConfigurationFault when the text cannot be worked out at all (a circle, a limit). */
export function substitute(bytes: Uint8Array, evaluate: Evaluate): Substituted {
  const { text, encoding } = decode(bytes);
  if (!text.includes('#{')) return { bytes, changed: false, unresolved: null };
  const { text: made, error } = evaluate(text);
  if (made === null) throw new ConfigurationFault(error ?? 'The template comes to nothing.');
  const changed = made !== text;
  return { bytes: changed ? encode({ text: made, encoding }) : bytes, changed, unresolved: error };
}
