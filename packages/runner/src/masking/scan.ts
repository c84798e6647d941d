/**
 * Finds every occurrence of every needle in a stretch of text, and the first byte from which the text could
 * still become one when more arrives.
 */
import { GRAM_HASH, type GramTable } from './gram-table.ts';
import {
  AFTER_BREAK,
  CHARACTERS_BEFORE_BREAK,
  CHARACTERS_BETWEEN_BREAKS,
  type NeedleIndex,
  orderBit,
  pairAt,
  SHORTEST_NEEDLE,
  TAIL,
  WRAPPED,
} from './needle-index.ts';

const LF = 10;
const CR = 13;
const NO_WORDS = new Int32Array(0);

export interface Occurrence {
  /** First byte, and the byte after the last. */
  start: number;
  end: number;
  needle: number;
}

export interface ScanResult {
  /** In no particular order; may overlap. */
  occurrences: Occurrence[];
  /** No needle that is still incomplete begins before this byte. The text's length if none is incomplete. */
  openFrom: number;
}

/**
 * @param afterBreak whether the byte before the text was a line feed
 * @param final nothing follows: a beginning of at least half a needle then counts as the needle
 */
export function scan(index: NeedleIndex, text: Uint8Array, afterBreak: boolean, final: boolean): ScanResult {
  const scanner = new Scanner(index, text, afterBreak, final);
  scanner.strided();
  if (!index.short.isEmpty) scanner.everyPair();
  scanner.tail();
  return scanner;
}

class Scanner implements ScanResult {
  readonly occurrences: Occurrence[] = [];
  openFrom: number;
  private readonly index: NeedleIndex;
  private readonly text: Uint8Array;
  private readonly afterBreak: boolean;
  private readonly final: boolean;

  constructor(index: NeedleIndex, text: Uint8Array, afterBreak: boolean, final: boolean) {
    this.index = index;
    this.text = text;
    this.afterBreak = afterBreak;
    this.final = final;
    this.openFrom = text.length;
  }

  /** Reads every aligned word once. */
  strided(): void {
    const lead = leadOf(this.text);
    const words = wordsOf(this.text);
    const table = this.index.strided;
    const { filter, filterShift } = table;
    for (let i = 0; i < words.length; i++) {
      const gram = words[i] as number;
      const bit = Math.imul(gram, GRAM_HASH) >>> filterShift;
      if (((filter[bit >>> 5] as number) >>> (bit & 31)) & 1) this.lookUp(table, gram, lead + (i << 2));
    }
  }

  /** For needles too short for a stride: reads every aligned pair of bytes once, two in a word. */
  everyPair(): void {
    const { text } = this;
    const lead = leadOf(text);
    const words = wordsOf(text);
    const { pairs } = this.index;
    for (let at = text.byteOffset & 1; at < Math.min(lead, text.length - 1); at += 2) this.lookUpPair(at);
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as number;
      if (((pairs[word & 0xffff] as number) | (pairs[word >>> 16] as number)) === 0) continue;
      this.lookUpPair(lead + (i << 2));
      this.lookUpPair(lead + (i << 2) + 2);
    }
    for (let at = lead + (words.length << 2); at < text.length - 1; at += 2) this.lookUpPair(at);
  }

  /** The last bytes, in which a needle may have begun without showing a whole gram. */
  tail(): void {
    const { text } = this;
    for (let start = Math.max(0, text.length - TAIL); start < text.length; start++) {
      if (!this.final && start >= this.openFrom) return;
      const kinds = this.index.mayBegin(text, start);
      if (kinds & orderBit(0)) this.tailFrom(start, 0, text, start, text.length);
      if (kinds & orderBit(WRAPPED)) this.bareTailFrom(start, WRAPPED, CHARACTERS_BEFORE_BREAK);
      if (kinds & orderBit(AFTER_BREAK) && this.isAfterBreak(start)) {
        this.bareTailFrom(start, AFTER_BREAK, CHARACTERS_BETWEEN_BREAKS);
      }
    }
  }

  private bareTailFrom(start: number, kind: number, firstBreakAt: number): void {
    const bare = new Uint8Array(TAIL);
    const length = this.withoutBreaks(start, firstBreakAt, bare);
    if (length > 0) this.tailFrom(start, kind, bare, 0, length);
  }

  private tailFrom(start: number, kind: number, bytes: Uint8Array, from: number, to: number): void {
    if (!this.final) {
      if (this.index.someBeginsWith(kind, bytes, from, to)) this.openFrom = Math.min(this.openFrom, start);
      return;
    }
    const needle = this.index.firstHalfIn(kind, bytes, from, to);
    if (needle !== -1) this.incomplete(start, to - from, this.index.lengthOf(needle), needle);
  }

  private lookUpPair(at: number): void {
    const pair = pairAt(this.text, at);
    if (this.index.pairs[pair] !== 0) this.lookUp(this.index.short, pair, at);
  }

  private lookUp(table: GramTable, gram: number, at: number): void {
    for (let entry = table.first(gram); entry !== -1; entry = table.next(entry)) {
      const needle = table.needleOf(entry);
      const offset = table.offsetOf(entry);
      const kind = this.index.kindOf(needle);
      if (kind === 0) this.compare(needle, at - offset);
      else this.compareKind(needle, kind, offset, at);
    }
  }

  private compare(needle: number, start: number): void {
    if (start < 0) return;
    const { text } = this;
    const { bytes } = this.index;
    const from = this.index.startOf(needle);
    const length = this.index.lengthOf(needle);
    const there = Math.min(length, text.length - start);
    for (let i = 0; i < there; i++) {
      if (text[start + i] !== bytes[from + i]) return;
    }
    if (there === length) this.occurrences.push({ start, end: start + length, needle });
    else this.incomplete(start, there, length, needle);
  }

  private compareKind(needle: number, kind: number, offset: number, at: number): void {
    const start = kind & WRAPPED ? this.startBefore(at, offset) : at - offset;
    if (start < 0) return;
    if (kind & AFTER_BREAK && !this.isAfterBreak(start)) return;
    if (kind & WRAPPED) this.compareWrapped(needle, kind, start);
    else this.compare(needle, start);
  }

  private compareWrapped(needle: number, kind: number, start: number): void {
    const { text } = this;
    const { bytes } = this.index;
    const from = this.index.startOf(needle);
    const length = this.index.lengthOf(needle);
    let breakAllowedAt = kind & AFTER_BREAK ? CHARACTERS_BETWEEN_BREAKS : CHARACTERS_BEFORE_BREAK;
    let at = start;
    for (let i = 0; i < length; i++) {
      const width = i >= breakAllowedAt ? this.breakAt(at) : 0;
      if (width > 0) {
        at += width;
        breakAllowedAt = i + CHARACTERS_BETWEEN_BREAKS;
      }
      if (at >= text.length) {
        this.incomplete(start, i, length, needle);
        return;
      }
      if (text[at] !== bytes[from + i]) return;
      at += 1;
    }
    this.occurrences.push({ start, end: at, needle });
  }

  /** Walks back over `characters` and the breaks between them; -1 where the text does not reach that far. */
  private startBefore(at: number, characters: number): number {
    const { text } = this;
    let start = at;
    for (let left = characters; left > 0; left--) {
      start -= 1;
      if (text[start] === LF) {
        start -= 1;
        if (text[start] === CR) start -= 1;
      }
      if (start < 0) return -1;
    }
    return start;
  }

  /** Bytes of the line break at a place: 1, 2, or 0. A CR at the very end may be half of one. */
  private breakAt(at: number): number {
    const { text } = this;
    if (text[at] === LF) return 1;
    if (text[at] !== CR) return 0;
    return at + 1 === text.length || text[at + 1] === LF ? 2 : 0;
  }

  private isAfterBreak(start: number): boolean {
    return start === 0 ? this.afterBreak : this.text[start - 1] === LF;
  }

  /** Copies the text from `start` to its end without its line breaks; 0 if they stand where none may be. */
  private withoutBreaks(start: number, firstBreakAt: number, into: Uint8Array): number {
    const { text } = this;
    let allowedAt = firstBreakAt;
    let length = 0;
    for (let at = start; at < text.length; at++) {
      const width = this.breakAt(at);
      if (width > 0) {
        if (length < allowedAt) return 0;
        allowedAt = length + CHARACTERS_BETWEEN_BREAKS;
        at += width - 1;
      } else {
        into[length++] = text[at] as number;
      }
    }
    return length;
  }

  private incomplete(start: number, matched: number, length: number, needle: number): void {
    if (!this.final) {
      this.openFrom = Math.min(this.openFrom, start);
    } else if (matched >= SHORTEST_NEEDLE && matched * 2 >= length) {
      this.occurrences.push({ start, end: this.text.length, needle });
    }
  }
}

/** Bytes before the first one whose address is a multiple of four. */
function leadOf(text: Uint8Array): number {
  return -text.byteOffset & 3;
}

/** The text from there on as 32-bit words; up to three bytes are left over. */
function wordsOf(text: Uint8Array): Int32Array {
  const lead = leadOf(text);
  if (text.length < lead + 4) return NO_WORDS;
  return new Int32Array(text.buffer, text.byteOffset + lead, (text.length - lead) >>> 2);
}
