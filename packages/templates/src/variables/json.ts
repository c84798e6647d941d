/**
 * Lenient JSON, as people write it into variables: names without quotes, single quotes, comments, commas before
 * a closing bracket. Nesting is bounded, so a hostile value cannot exhaust the stack.
 */

/** Deeper values do not count as JSON; the same bound as Json.NET 13's default. */
const MAX_DEPTH = 64;

/** A number keeps its text: `15.21` must come out as it went in, and 20 digits must not be rounded. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Json = null | boolean | string | JsonNumber | readonly Json[] | ReadonlyMap<string, Json>;

/** Undefined if the text is not JSON. */
export function parseJson(text: string): Json | undefined {
  const reader = new Reader(text);
  try {
    const value = reader.value(0);
    reader.skip();
    return reader.at === text.length ? value : undefined;
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

class NotJson extends Error {}

const WORD = /[\p{L}_$][\p{L}\p{Nd}_$]*/uy;
const NUMBER = /[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?![\p{L}\p{Nd}_.])/uy;
const BLANKS = /\s+/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

class Reader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): Json {
    this.skip();
    const first = this.text[this.at];
    if (first === '{') return this.#object(depth + 1);
    if (first === '[') return this.#array(depth + 1);
    if (first === '"' || first === "'") return this.#string(first);
    const number = this.#match(NUMBER);
    if (number !== null) return new JsonNumber(number);
    const word = this.#match(WORD);
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null' || word === 'undefined') return null;
    if (word === 'NaN' || word === 'Infinity') return new JsonNumber(word);
    throw new NotJson();
  }

  skip(): void {
    for (;;) {
      this.#match(BLANKS);
      const rest = this.text.slice(this.at, this.at + 2);
      if (rest === '//') this.#jump('\n', 0);
      else if (rest === '/*') this.#jump('*/', 2);
      else return;
    }
  }

  #jump(to: string, length: number): void {
    const found = this.text.indexOf(to, this.at + 2);
    if (found === -1 && length > 0) throw new NotJson();
    this.at = found === -1 ? this.text.length : found + length;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) return null;
    this.at += found.length;
    return found;
  }

  #take(character: string): boolean {
    this.skip();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  #object(depth: number): Json {
    this.#enter(depth);
    const members = new Map<string, Json>();
    while (!this.#take('}')) {
      const name = this.#memberName();
      if (!this.#take(':')) throw new NotJson();
      members.set(name, this.value(depth));
      if (this.#take(',')) continue;
      if (this.#take('}')) break;
      throw new NotJson();
    }
    return members;
  }

  #memberName(): string {
    this.skip();
    const quote = this.text[this.at];
    const name =
      quote === '"' || quote === "'" ? this.#string(quote) : (this.#match(WORD) ?? this.#match(/\d+/y));
    if (name === null) throw new NotJson();
    return name;
  }

  #array(depth: number): Json {
    this.#enter(depth);
    const items: Json[] = [];
    while (!this.#take(']')) {
      items.push(this.value(depth));
      if (this.#take(',')) continue;
      if (this.#take(']')) break;
      throw new NotJson();
    }
    return items;
  }

  #enter(depth: number): void {
    if (depth > MAX_DEPTH) throw new NotJson();
    this.at++;
  }

  #string(quote: string): string {
    let value = '';
    let from = ++this.at;
    for (; ; this.at++) {
      const character = this.text[this.at];
      if (character === undefined) throw new NotJson();
      if (character === quote) {
        value += this.text.slice(from, this.at++);
        return value;
      }
      if (character !== '\\') continue;
      value += this.text.slice(from, this.at);
      value += this.#escape();
      from = this.at + 1;
    }
  }

  /** Leaves `at` on the last character of the escape. */
  #escape(): string {
    const character = this.text[++this.at];
    if (character === undefined) throw new NotJson();
    if (character !== 'u') {
      const meaning = ESCAPES[character] ?? character;
      if (!/[nrtbf"'\\/]/.test(character)) throw new NotJson();
      return meaning;
    }
    const digits = this.text.slice(this.at + 1, this.at + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new NotJson();
    this.at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
}
