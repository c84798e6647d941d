/**
 * A value that must not be seen. It prints, logs and serialises as asterisks; only `reveal()` gives the text, so
 * every place where a secret leaves its type can be found by that word.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The text itself. Call it as late as possible and keep the result nowhere. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '********';
  }

  toJSON(): string {
    return '********';
  }

  // What Node's console and util.inspect ask for, by its public name: browsers read this file too.
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return 'Secret(********)';
  }
}
