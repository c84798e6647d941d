/**
 * The parser. The grammar is an ordered choice: a block that is not closed is tried again as a variable
 * (`#{if a}` alone is the variable "if a"). Every token and every run of nodes inside a block is read at most
 * once and remembered by its position, so the time is linear in the text; nested tokens wait in a list
 * instead of on the stack, so depth is bounded by memory only.
 */

import { isBlank, isNameCharacter } from './characters.ts';
import { Cursor, MAX_PATH_LENGTH } from './cursor.ts';
import { type Reading, readCondition, readPath, readSubstitution } from './expression.ts';
import { readCalculation } from './formula.ts';
import { dottedPath } from './path.ts';
import type { Condition, Conditional, Node, Path, Repetition, Template, Token } from './tree.ts';

/** Tokens inside tokens, unclosed blocks included. Each waits in memory, so their number is bounded. */
const MAX_NESTING = 10_000;

class NestedTooDeeply extends Error {
  readonly position: number;
  constructor(position: number) {
    super('nested too deeply');
    this.position = position;
  }
}

export type ParseResult =
  | { readonly template: Template; readonly failedAt: null }
  /** `failedAt` is the offset up to which the text made sense. */
  | { readonly template: null; readonly failedAt: number; readonly why: 'unreadable' | 'nested too deeply' };

/** Strict: one piece that cannot be read spoils the whole text. The rule for values and properties. */
export function parse(source: string): ParseResult {
  return withinNesting((): ParseResult => {
    const parser = new Parser(source);
    const { nodes, stop } = parser.readNodes(0);
    if (stop === source.length) return { template: { source, nodes }, failedAt: null };
    return { template: null, failedAt: parser.failureOf(stop), why: 'unreadable' };
  });
}

/**
 * Tolerant: pieces that cannot be read are copied as they stand. The rule for files and scripts. Null only if the
 * text is nested too deeply to be read at all.
 */
export function parseTolerantly(source: string): ParseResult {
  return withinNesting((): ParseResult => {
    const parser = new Parser(source);
    const nodes: Node[] = [];
    // What is copied from here on is one text, however many pieces of it could not be read.
    let copied = -1;
    const flush = (end: number): void => {
      if (copied !== -1) nodes.push({ kind: 'text', text: source.slice(copied, end), start: copied, end });
      copied = -1;
    };
    for (let at = 0; at < source.length; ) {
      const part = parser.readNodes(at);
      if (part.nodes.length > 0) flush(at);
      for (const node of part.nodes) nodes.push(node);
      at = part.stop;
      if (at === source.length) break;
      if (copied === -1) copied = at;
      at = Math.max(parser.failureOf(at), at + 1);
    }
    flush(source.length);
    return { template: { source, nodes }, failedAt: null };
  });
}

function withinNesting(read: () => ParseResult): ParseResult {
  try {
    return read();
  } catch (error) {
    if (error instanceof NestedTooDeeply)
      return { template: null, failedAt: error.position, why: 'nested too deeply' };
    throw error;
  }
}

/** Reads the name of a variable as a path; null if it is none, or needs a look-up to be known. */
export function parseName(name: string): Path | null {
  const cursor = new Cursor(name, 0);
  const result = readPath(cursor).next();
  return result.done && cursor.at === name.length ? result.value : null;
}

/** Where a run of nodes ends: everywhere at what cannot be read, and in blocks at `#{else}` and `#{elseif …}`. */
type Within = 'anything' | 'if' | 'unless';

/** A linked list, so that runs that begin at different places can share their ends. */
interface Cell {
  readonly node: Node | null;
  next: Cell | null;
  stop: number;
}

interface ReadBranch {
  readonly condition: Condition;
  readonly run: Cell;
}

const ELSE = '#{else}';
const ELSEIF = '#{elseif';

class Parser {
  readonly #source: string;
  readonly #tokens = new Map<number, Token | null>();
  readonly #failures = new Map<number, number>();
  readonly #paths = new Map<string, Path>();
  readonly #deadEnds = new Set<number>();
  readonly #runs = {
    anything: new Map<number, Cell>(),
    if: new Map<number, Cell>(),
    unless: new Map<number, Cell>(),
  };
  #searchedFrom = Number.POSITIVE_INFINITY;
  #nextOpening = -1;

  constructor(source: string) {
    this.#source = source;
  }

  failureOf(position: number): number {
    return this.#failures.get(position) ?? this.#impossibleFrom(position) ?? position;
  }

  /**
   * Where a token fails that no rule of the grammar could read, as its first character already shows; null if one might.
   * Files may be full of them (`#{#{#{`), and nothing is kept of them.
   */
  #impossibleFrom(start: number): number | null {
    let at = start + 2;
    while (at < this.#source.length && isBlank(this.#source.charCodeAt(at))) at++;
    const unit = this.#source.charCodeAt(at);
    if (unit === 0x2f && at === start + 2) return start; // `#{/` opens nothing
    return isNameCharacter(unit) || unit === 0x7c ? null : at; // |
  }

  readNodes(from: number): { nodes: Node[]; stop: number } {
    const nodes: Node[] = [];
    let at = from;
    while (at < this.#source.length) {
      const text = this.#textAt(at);
      if (text.node !== null) nodes.push(text.node);
      at = text.end;
      if (at === this.#source.length) break;
      const token = this.#knownToken(at) ?? this.#drive(at);
      if (token === null) break;
      nodes.push(token);
      at = token.end;
    }
    return { nodes, stop: at };
  }

  /** Runs the reading of one token, and of those that it waits for. */
  #drive(position: number): Token | null {
    const known = this.#tokens.get(position);
    if (known !== undefined) return known;
    if (this.#impossibleFrom(position) !== null) return null;
    const waiting = [{ position, reading: this.#readToken(position) }];
    const wait = (on: number): void => {
      if (waiting.length >= MAX_NESTING) throw new NestedTooDeeply(on);
      waiting.push({ position: on, reading: this.#readToken(on) });
    };
    let answer: Token | null = null;
    for (let top = waiting.at(-1); top !== undefined; top = waiting.at(-1)) {
      const step = top.reading.next(answer);
      if (step.done) {
        this.#tokens.set(top.position, step.value);
        answer = step.value;
        waiting.pop();
        continue;
      }
      const wanted = this.#knownToken(step.value);
      const isKnown = wanted !== null || this.#tokens.has(step.value);
      if (isKnown || this.#impossibleFrom(step.value) !== null) answer = wanted;
      else wait(step.value);
    }
    return answer;
  }

  /** The plain `#{Name.Other}` that most tokens are, read at once; or one that was read before. */
  #knownToken(start: number): Token | null {
    const source = this.#source;
    let end = start + 2;
    let named = false;
    let unit = source.charCodeAt(end);
    if (unit === 0x2f) return null; // `#{/` opens nothing
    for (const most = start + MAX_PATH_LENGTH; end <= most; unit = source.charCodeAt(++end)) {
      if (isNameCharacter(unit)) named = true;
      else if (unit === 0x2e && named) named = false;
      else break;
    }
    if (unit !== 0x7d || !named || end - start > MAX_PATH_LENGTH) return this.#tokens.get(start) ?? null;
    const text = source.slice(start + 2, end);
    let path = this.#paths.get(text);
    if (path === undefined) {
      path = dottedPath(text);
      this.#paths.set(text, path);
    }
    return { kind: 'substitution', expression: path, start, end: end + 1 };
  }

  /**
   * Text up to the next token. Hashes directly before a brace count in pairs from the left: an even number
   * escapes the brace (`##{` is the text `#{`), an odd number above one gives one hash less and a token.
   */
  #textAt(start: number): { node: Node | null; end: number } {
    const source = this.#source;
    let text = '';
    let from = start;
    let at = start;
    for (;;) {
      const opening = this.#openingAfter(at);
      if (opening === -1) {
        text += source.slice(from);
        at = source.length;
        break;
      }
      let run = opening;
      while (run > at && source.charCodeAt(run - 1) === 0x23) run--;
      const hashes = opening - run + 1;
      if (hashes % 2 === 1) {
        text += source.slice(from, hashes === 1 ? opening : opening - 1);
        at = opening;
        break;
      }
      text += source.slice(from, opening - 1);
      from = opening;
      at = opening + 2;
    }
    return { node: text === '' ? null : { kind: 'text', text, start, end: at }, end: at };
  }

  #openingAfter(at: number): number {
    if (at < this.#searchedFrom || (at > this.#nextOpening && this.#nextOpening !== -1)) {
      this.#nextOpening = this.#source.indexOf('#{', at);
      this.#searchedFrom = at;
    }
    return this.#nextOpening;
  }

  *#readToken(start: number): Reading<Token | null> {
    const cursor = new Cursor(this.#source, start);
    const token = (yield* this.#readBlock(cursor, start)) ?? (yield* readSubstitution(cursor, start));
    if (token !== null) return token;
    this.#failures.set(start, cursor.furthest);
    return null;
  }

  /** Only the rule is tried whose keyword begins like this. */
  *#readBlock(cursor: Cursor, start: number): Reading<Token | null> {
    cursor.at = start + 2;
    cursor.skipBlanks();
    switch (cursor.peek() | 0x20) {
      case 0x69: // i
      case 0x75: // u
        return yield* this.#readConditional(cursor, start);
      case 0x65: // e
        return yield* this.#readRepetition(cursor, start);
      case 0x63: // c
        return yield* readCalculation(cursor, start);
      default:
        return null;
    }
  }

  *#readConditional(cursor: Cursor, start: number): Reading<Conditional | null> {
    cursor.at = start + 2;
    cursor.skipBlanks();
    const keyword = cursor.keyword('if') ? 'if' : cursor.keyword('unless') ? 'unless' : null;
    if (keyword === null) return null;
    const branches = yield* this.#readBranches(cursor, keyword);
    if (branches === null) return null;
    const otherwise: Cell | null = cursor.eat(ELSE) ? yield* this.#readRun(cursor.at, 'anything') : null;
    if (otherwise !== null) cursor.at = otherwise.stop;
    if (!cursor.eat(`#{/${keyword}}`)) return this.#markDead(branches);
    return {
      kind: 'conditional',
      keyword,
      branches: branches.map(({ condition, run }) => ({ condition, body: listOf(run) })),
      otherwise: otherwise === null ? null : listOf(otherwise),
      start,
      end: cursor.at,
    };
  }

  *#readBranches(cursor: Cursor, keyword: 'if' | 'unless'): Reading<ReadBranch[] | null> {
    const branches: ReadBranch[] = [];
    do {
      if (cursor.skipBlanks() === 0) return this.#markDead(branches);
      const condition = yield* readCondition(cursor);
      cursor.skipBlanks();
      if (condition === null || !cursor.eat('}')) return this.#markDead(branches);
      const run = yield* this.#readRun(cursor.at, keyword);
      cursor.at = run.stop;
      branches.push({ condition, run });
      if (this.#deadEnds.has(cursor.at)) return this.#markDead(branches);
    } while (keyword === 'if' && opensElseIf(this.#source, cursor.at) && cursor.eat(ELSEIF));
    return branches;
  }

  /** An `#{elseif}` from which no end was found will not have one for the next block either. */
  #markDead(branches: readonly ReadBranch[]): null {
    for (const { run } of branches) if (opensElseIf(this.#source, run.stop)) this.#deadEnds.add(run.stop);
    return null;
  }

  *#readRepetition(cursor: Cursor, start: number): Reading<Repetition | null> {
    cursor.at = start + 2;
    cursor.skipBlanks();
    if (!cursor.keyword('each') || cursor.skipBlanks() === 0) return cursor.fail();
    const variable = cursor.name();
    cursor.skipBlanks();
    if (variable === null || !cursor.keyword('in')) return cursor.fail();
    cursor.skipBlanks();
    const collection = yield* readPath(cursor);
    cursor.skipBlanks();
    if (collection === null || !cursor.eat('}')) return cursor.fail();
    const run = yield* this.#readRun(cursor.at, 'anything');
    cursor.at = run.stop;
    if (!cursor.eat('#{/each}')) return null;
    return { kind: 'repetition', variable, collection, body: listOf(run), start, end: cursor.at };
  }

  /** The nodes of a block's body. Ends are shared between runs, see `Cell`. */
  *#readRun(from: number, within: Within): Reading<Cell> {
    const known = this.#runs[within];
    const fresh: Cell[] = [];
    let last: Cell | undefined;
    const add = (position: number, node: Node | null): Cell => {
      const cell: Cell = { node, next: null, stop: position };
      known.set(position, cell);
      fresh.push(cell);
      if (last !== undefined) last.next = cell;
      last = cell;
      return fresh[0] ?? cell;
    };
    const finish = (stop: number): void => {
      for (const cell of fresh) cell.stop = stop;
    };
    for (let at = from; ; ) {
      const before = known.get(at);
      if (before !== undefined) {
        if (last !== undefined) last.next = before;
        finish(before.stop);
        return fresh[0] ?? before;
      }
      const text = this.#textAt(at);
      if (text.node !== null) add(at, text.node);
      const position = text.end;
      if (text.node !== null && known.has(position)) {
        at = position;
        continue;
      }
      const ends = position === this.#source.length || this.#endsRun(position, within);
      const token: Token | null = ends ? null : (this.#knownToken(position) ?? (yield position));
      const first = add(position, token);
      if (token === null) {
        finish(position);
        return first;
      }
      at = token.end;
    }
  }

  #endsRun(position: number, within: Within): boolean {
    if (within === 'anything') return false;
    return (
      this.#source.startsWith(ELSE, position) || (within === 'if' && opensElseIf(this.#source, position))
    );
  }
}

const opensElseIf = (source: string, at: number): boolean =>
  source.startsWith(ELSEIF, at) && isBlank(source.charCodeAt(at + ELSEIF.length));

function listOf(run: Cell): Node[] {
  const nodes: Node[] = [];
  for (let cell: Cell | null = run; cell?.node; cell = cell.next) nodes.push(cell.node);
  return nodes;
}
