/** Collects what could not be resolved while a piece of text was made. */
export class Findings {
  /** Tokens shown instead of a value, as rendered. */
  readonly missing = new Set<string>();
  /** Whether the `null` filter was met. */
  isNull = false;
  #included: Set<Iterable<string>> | undefined;

  /** Of the same tokens once: a loop asks for the same value in every round, and many may be missing in it. */
  include(tokens: Iterable<string>): void {
    this.#included ??= new Set();
    if (this.#included.has(tokens)) return;
    this.#included.add(tokens);
    for (const token of tokens) this.missing.add(token);
  }
}
