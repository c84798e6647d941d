/**
 * A place in the text of one token while it is read. Reading methods either move on and answer, or stay and
 * answer null (or false); `furthest` remembers how far any attempt came, which is where an error is shown.
 */

import { isBlank, isNameCharacter } from './characters.ts';

/** Names of variables are short; this bound keeps unclosed brackets from being searched to the end of the text. */
export const MAX_INDEX_LENGTH = 1000;
/** A longer path does not parse; its text is compared and shown in errors, and no variable is named like that. */
export const MAX_PATH_LENGTH = 32_768;

const OPEN = 0x5b;
const CLOSE = 0x5d;

export class Cursor {
  readonly source: string;
  at: number;
  furthest: number;

  constructor(source: string, at: number) {
    this.source = source;
    this.at = at;
    this.furthest = at;
  }

  fail(): null {
    if (this.at > this.furthest) this.furthest = this.at;
    return null;
  }

  peek(): number {
    return this.source.charCodeAt(this.at);
  }

  skipBlanks(): number {
    const from = this.at;
    while (this.at < this.source.length && isBlank(this.peek())) this.at++;
    return this.at - from;
  }

  eat(text: string): boolean {
    if (this.source.startsWith(text, this.at)) {
      this.at += text.length;
      return true;
    }
    this.fail();
    return false;
  }

  /** Any spelling of an ASCII keyword. */
  keyword(lower: string): boolean {
    if (this.source.slice(this.at, this.at + lower.length).toLowerCase() !== lower) {
      this.fail();
      return false;
    }
    this.at += lower.length;
    return true;
  }

  /** A name that may hold blanks, trimmed. It ends before a blank that leads to `|`, `}` or an operator. */
  name(): string | null {
    const from = this.at;
    while (this.at < this.source.length) {
      const unit = this.peek();
      if (!isNameCharacter(unit) && !(isBlank(unit) && !this.#endsName())) break;
      this.at++;
    }
    return this.at === from ? this.fail() : this.source.slice(from, this.at).trim();
  }

  #endsName(): boolean {
    const next = this.source.charCodeAt(this.at + 1);
    if (next === 0x7c || next === 0x7d) return true; // | }
    if (!isBlank(this.source.charCodeAt(this.at + 3))) return false;
    const word = this.source.slice(this.at + 1, this.at + 3);
    return word === 'in' || word === '==' || word === '!=';
  }

  /** A name without blanks: filter names and unquoted options. */
  word(): string | null {
    const from = this.at;
    while (this.at < this.source.length && isNameCharacter(this.peek())) this.at++;
    return this.at === from ? this.fail() : this.source.slice(from, this.at);
  }

  /** `"text"` without quotes or hashes in it, or `\"any text\"`; blanks on both sides are skipped. */
  quoted(): string | null {
    const from = this.at;
    this.skipBlanks();
    let text: string | null = null;
    if (this.peek() === 0x22) {
      let end = this.at + 1;
      while (end < this.source.length && this.source[end] !== '"' && this.source[end] !== '#') end++;
      if (this.source[end] === '"') {
        text = this.source.slice(this.at + 1, end);
        this.at = end + 1;
      } else {
        if (end > this.furthest) this.furthest = end;
      }
    } else if (this.source.startsWith('\\"', this.at)) {
      const end = this.source.indexOf('\\"', this.at + 2);
      if (end === -1) this.furthest = this.source.length;
      else {
        text = this.source.slice(this.at + 2, end);
        this.at = end + 2;
      }
    }
    if (text === null) {
      this.fail();
      this.at = from;
      return null;
    }
    this.skipBlanks();
    return text;
  }

  /** `[text]` with balanced brackets. Blanks after an opening bracket do not count. */
  bracketed(): string | null {
    if (this.peek() !== OPEN) return this.fail();
    const limit = Math.min(this.source.length, this.at + MAX_INDEX_LENGTH);
    let depth = 0;
    for (let end = this.at; end < limit; end++) {
      const unit = this.source.charCodeAt(end);
      if (unit === OPEN) depth++;
      else if (unit === CLOSE && --depth === 0) {
        const text = this.source.slice(this.at + 1, end);
        this.at = end + 1;
        return text.trimStart().replace(/\[\s+/g, '[');
      }
    }
    if (limit > this.furthest) this.furthest = limit;
    return null;
  }
}
