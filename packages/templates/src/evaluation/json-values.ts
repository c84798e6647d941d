/**
 * Values that are read as JSON in one evaluation. Loops ask for the same pieces again and again, so what was read and
 * what was found in it is kept: a piece is parsed once, found once, and written as text once, if at all.
 */

import { type Json, parseJson } from '../variables/json.ts';
import { VariableNode } from '../variables/variables.ts';
import type { Account } from './account.ts';

/** Parsed values kept for the rest of the evaluation. */
const KEPT = 32;
/** What a character counts that is read as JSON: measured 55 to 208 ns each, where most filters take 1 to 40. */
const READING = 10;

export type Container = NonNullable<VariableNode['json']>;

export class JsonValues {
  readonly #account: Account;
  readonly #parsed = new Map<string, Json | undefined>();
  readonly #members = new WeakMap<Container, Map<string | number, VariableNode>>();
  /** Objects and arrays without any token in them: their text would be read as the same again. */
  readonly #plain = new WeakSet<Container>();

  constructor(account: Account) {
    this.#account = account;
  }

  /** Undefined for anything but an object or an array: nothing else has members or items. */
  parse(text: string): Container | undefined {
    const bare = text.trimStart();
    this.#account.blanks(text.length - bare.length);
    if (!/^(?:[[{]|\/[/*])/.test(bare)) return undefined;
    let json = this.#parsed.get(text);
    if (json === undefined && !this.#parsed.has(text)) {
      this.#account.work(text.length * READING);
      json = parseJson(text);
      const [oldest] = this.#parsed.keys();
      if (this.#parsed.size >= KEPT && oldest !== undefined) this.#parsed.delete(oldest);
      this.#parsed.set(text, json);
      if (isContainer(json) && !/#\{|\\u/.test(text)) this.#plain.add(json);
    }
    return isContainer(json) ? json : undefined;
  }

  /** What the text of a place would be read as, where that is known without writing it. */
  containerOf({ json }: VariableNode): Container | undefined {
    return json !== null && this.#plain.has(json) ? json : undefined;
  }

  /** The same place for the same piece; the place of what is not there has an empty text. */
  member(container: Container, at: string | number): VariableNode {
    let known = this.#members.get(container);
    if (known === undefined) {
      known = new Map();
      this.#members.set(container, known);
    }
    let member = known.get(at);
    if (member === undefined) {
      const piece = container instanceof Map ? container.get(at) : (container as readonly Json[])[Number(at)];
      if (isContainer(piece) && this.#plain.has(container)) this.#plain.add(piece);
      member = VariableNode.of(piece);
      known.set(at, member);
    }
    return member;
  }
}

export const isContainer = (json: Json | undefined): json is Container =>
  json instanceof Map || Array.isArray(json);
