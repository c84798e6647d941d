/**
 * Finds every occurrence of every needle in a stretch of text, and the first byte from which the text could
 * still become one when more arrives.
 */
import { GRAM_HASH, type GramTable } from './gram-table.ts';
import {
  AFTER_BREAK,
  CHARACTERS_BEFORE_BREAK,
  CHARACTERS_BETWEEN_BREAKS,
  gramAt,
  type NeedleIndex,
  orderBit,
  SHORTEST_NEEDLE,
  TAIL,
  WRAPPED,
} from './needle-index.ts';

const LF = 10;
const CR = 13;

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
  if (!index.short.isEmpty) scanner.everyByte();
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
    const { text } = this;
    const lead = -text.byteOffset & 3;
    if (text.length < lead + 4) return;
    const words = new Int32Array(text.buffer, text.byteOffset + lead, (text.length - lead) >>> 2);
    const table = this.index.strided;
    const { filter, filterShift } = table;
    for (let i = 0; i < words.length; i++) {
      const gram = words[i] as number;
      const bit = Math.imul(gram, GRAM_HASH) >>> filterShift;
      if (((filter[bit >>> 5] as number) >>> (bit & 31)) & 1) this.lookUp(table, gram, lead + (i << 2));
    }
  }

  /** For needles too short for a stride. */
  everyByte(): void {
    const { text } = this;
    const table = this.index.short;
    const { filter, filterShift } = table;
    if (text.length < 4) return;
    let gram = gramAt(text, 0) << 8;
    for (let i = 3; i < text.length; i++) {
      gram = (gram >>> 8) | ((text[i] as number) << 24);
      const bit = Math.imul(gram, GRAM_HASH) >>> filterShift;
      if (((filter[bit >>> 5] as number) >>> (bit & 31)) & 1) this.lookUp(table, gram, i - 3);
    }
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
