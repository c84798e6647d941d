/** Collects what could not be resolved while a piece of text was made. */
export class Findings {
  /** Tokens shown instead of a value, as rendered. */
  readonly missing = new Set<string>();
  /** Whether the `null` filter was met. */
  isNull = false;

  include(tokens: Iterable<string>): void {
    for (const token of tokens) this.missing.add(token);
  }
}
