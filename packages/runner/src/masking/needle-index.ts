/**
 * The byte strings that must not appear in a log ("needles"), laid out for the scan.
 *
 * Each needle of 7 bytes or more is entered under four consecutive grams. Wherever it occurs, one of the four
 * lies on a multiple of four bytes, so the scan reads every aligned 32-bit word once and no more. Needles of 4
 * to 6 bytes are too short for that: they are entered under two consecutive pairs of bytes, one of which lies on
 * a multiple of two, in a table of their own, for which the text is read once more, and only if it holds something.
 *
 * Three kinds of needle:
 * - plain: must appear exactly;
 * - WRAPPED: base64, in which encoders put a line break after every 64 or 76 characters. Breaks (LF or CRLF)
 *   inside are skipped, if at least 4 characters stand before the first and 16 between two;
 * - AFTER_BREAK: counts only directly after a line feed. It is the rest of a wrapped needle whose first one to
 *   three characters ended the line before. Those are left visible (at most 12 bits of the value): to hold
 *   them back would mean to hold back the end of nearly every line.
 */
import { GRAM_HASH, GramTable } from './gram-table.ts';

export const WRAPPED = 1;
export const AFTER_BREAK = 2;

export const SHORTEST_NEEDLE = 4;
/** Below this length a wrapped needle may hold no gram that every position of the break leaves whole. */
export const SHORTEST_WRAPPED = 16;
export const CHARACTERS_BEFORE_BREAK = 4;
export const CHARACTERS_BETWEEN_BREAKS = 16;
/** An occurrence that reaches this many bytes into the text holds a gram that the scan has seen. */
export const TAIL = 32;

const GRAM = 4;
const PAIR = 2;
const STRIDE = 4;
const SHORTEST_STRIDED = GRAM + STRIDE - 1;
/** Grams are taken from the first bytes only, so that {@link TAIL} stays small. */
const LAST_ANCHOR = 9;
const BEGINNING_BITS = 16;

export class NeedleIndex {
  readonly strided = new GramTable();
  readonly short = new GramTable();
  /** By two bytes as a number: 1 if `short` has that pair. Not hashed: logs repeat few pairs, which stay in the cache. */
  readonly pairs = new Uint8Array(1 << 16);
  /** Longest stretch of text that one occurrence can cover, in bytes, line breaks included. */
  longestSpan = 0;
  count = 0;

  /** All needles' bytes, one after the other. */
  bytes = new Uint8Array(4096);
  private used = 0;
  private starts = new Int32Array(256);
  private lengths = new Int32Array(256);
  private kinds = new Uint8Array(256);
  private owners = new Int32Array(256);
  /** By the hash of a needle's first one to four bytes: which of the three orders has one that begins so. */
  private readonly beginnings = new Uint8Array(1 << BEGINNING_BITS);
  /** Needle numbers in the order of their bytes: [exact, wrapped, after a break]. */
  private readonly orders: [number[], number[], number[]] = [[], [], []];

  get byteLength(): number {
    const numbers = this.orders.reduce((sum, order) => sum + order.length * 8, 0);
    return (
      this.strided.byteLength +
      this.short.byteLength +
      this.pairs.byteLength +
      this.bytes.byteLength +
      this.beginnings.byteLength +
      this.starts.length * 13 +
      numbers
    );
  }

  startOf(needle: number): number {
    return this.starts[needle] as number;
  }

  lengthOf(needle: number): number {
    return this.lengths[needle] as number;
  }

  kindOf(needle: number): number {
    return this.kinds[needle] as number;
  }

  /** The secret that the needle was made from, as given to {@link add}. */
  ownerOf(needle: number): number {
    return this.owners[needle] as number;
  }

  /** Enters a needle of at least {@link SHORTEST_NEEDLE} bytes; false if it is too short or there already. */
  add(bytes: Uint8Array, kind: number, owner: number): boolean {
    if (bytes.length < SHORTEST_NEEDLE) return false;
    const order = this.orderFor(kind);
    const place = this.lowerBound(order, bytes, 0, bytes.length);
    const neighbour = order[place];
    if (
      neighbour !== undefined &&
      this.lengthOf(neighbour) === bytes.length &&
      this.hasPrefix(neighbour, bytes, 0, bytes.length)
    ) {
      return false;
    }
    const needle = this.store(bytes, kind, owner);
    order.splice(place, 0, needle);
    this.anchor(needle, bytes, kind);
    for (let length = 1; length <= GRAM; length++) {
      const hash = beginningHash(bytes, 0, length);
      this.beginnings[hash] = (this.beginnings[hash] as number) | orderBit(kind);
    }
    const breaks = kind & WRAPPED ? Math.floor(bytes.length / CHARACTERS_BETWEEN_BREAKS) + 1 : 0;
    this.longestSpan = Math.max(this.longestSpan, bytes.length + 2 * breaks);
    return true;
  }

  /**
   * Whether needles of a kind may begin as `text` does from `from` on: a quick look at its first bytes, in which no
   * kind allows a break. Gives bits for {@link orderBit}; 0 for nearly every place of nearly every text.
   */
  mayBegin(text: Uint8Array, from: number): number {
    return this.beginnings[beginningHash(text, from, Math.min(GRAM, text.length - from))] as number;
  }

  /** The first needle of a kind that begins with `text[from, to)` and is at most twice as long; -1 if none is. */
  firstHalfIn(kind: number, text: Uint8Array, from: number, to: number): number {
    const order = this.orderFor(kind);
    let first = -1;
    for (let place = this.lowerBound(order, text, from, to); place < order.length; place++) {
      const needle = order[place] as number;
      if (!this.hasPrefix(needle, text, from, to)) break;
      const length = this.lengthOf(needle);
      if (length > to - from && length <= 2 * (to - from) && (first === -1 || needle < first)) first = needle;
    }
    return first;
  }

  /** Whether a needle of the kind begins with `text[from, to)` and is longer. */
  someBeginsWith(kind: number, text: Uint8Array, from: number, to: number): boolean {
    const order = this.orderFor(kind);
    const place = this.lowerBound(order, text, from, to);
    for (let next = place; next <= place + 1 && next < order.length; next++) {
      const needle = order[next] as number;
      if (!this.hasPrefix(needle, text, from, to)) return false;
      if (this.lengthOf(needle) > to - from) return true;
    }
    return false;
  }

  private orderFor(kind: number): number[] {
    return kind & AFTER_BREAK ? this.orders[2] : kind & WRAPPED ? this.orders[1] : this.orders[0];
  }

  private store(bytes: Uint8Array, kind: number, owner: number): number {
    if (this.used + bytes.length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.used + bytes.length));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    if (this.count === this.starts.length) this.growNeedles();
    const needle = this.count++;
    this.bytes.set(bytes, this.used);
    this.starts[needle] = this.used;
    this.lengths[needle] = bytes.length;
    this.kinds[needle] = kind;
    this.owners[needle] = owner;
    this.used += bytes.length;
    return needle;
  }

  private growNeedles(): void {
    const size = this.starts.length * 2;
    const grown = {
      starts: new Int32Array(size),
      lengths: new Int32Array(size),
      owners: new Int32Array(size),
    };
    grown.starts.set(this.starts);
    grown.lengths.set(this.lengths);
    grown.owners.set(this.owners);
    const kinds = new Uint8Array(size);
    kinds.set(this.kinds);
    Object.assign(this, grown);
    this.kinds = kinds;
  }

  private anchor(needle: number, bytes: Uint8Array, kind: number): void {
    const wrapped = (kind & WRAPPED) !== 0;
    if (bytes.length < SHORTEST_STRIDED) {
      this.anchorPairs(needle, bytes);
      return;
    }
    // A break inside the first window leaves the second whole, because two breaks are 16 characters apart.
    const reach = wrapped ? SHORTEST_STRIDED + 6 : SHORTEST_STRIDED;
    const at = this.rarestWindow(bytes, Math.min(bytes.length - reach, LAST_ANCHOR));
    for (let offset = at; offset < at + STRIDE; offset++) {
      this.strided.add(gramAt(bytes, offset), needle, offset);
      if (wrapped) this.strided.add(gramAt(bytes, offset + 6), needle, offset + 6);
    }
  }

  /** Where the two pairs are shared with the fewest other needles. */
  private anchorPairs(needle: number, bytes: Uint8Array): void {
    const costAt = (at: number): number =>
      this.short.countOf(pairAt(bytes, at)) + this.short.countOf(pairAt(bytes, at + 1));
    let best = 0;
    for (let at = 1; at + PAIR < bytes.length; at++) if (costAt(at) < costAt(best)) best = at;
    for (let offset = best; offset < best + PAIR; offset++) {
      const pair = pairAt(bytes, offset);
      this.pairs[pair] = 1;
      this.short.add(pair, needle, offset);
    }
  }

  /** Where the four grams are shared with the fewest other needles: many secrets begin alike ("ghp_", "AKIA"). */
  private rarestWindow(bytes: Uint8Array, last: number): number {
    let best = 0;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let at = 0; at <= last && bestCost > 0; at++) {
      let cost = 0;
      for (let offset = at; offset < at + STRIDE; offset++) {
        const gram = gramAt(bytes, offset);
        // Four equal bytes (blanks, zeros, dashes) are common in any log.
        const common = gram === Math.imul(gram & 0xff, 0x01010101) ? 1000 : 0;
        cost += this.strided.countOf(gram) + common;
      }
      if (cost < bestCost) {
        best = at;
        bestCost = cost;
      }
    }
    return best;
  }

  /** First place in the order whose needle is not smaller than `text[from, to)`. */
  private lowerBound(order: number[], text: Uint8Array, from: number, to: number): number {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isSmaller(order[middle] as number, text, from, to)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private isSmaller(needle: number, text: Uint8Array, from: number, to: number): boolean {
    const start = this.startOf(needle);
    const length = this.lengthOf(needle);
    const common = Math.min(length, to - from);
    for (let i = 0; i < common; i++) {
      const difference = (this.bytes[start + i] as number) - (text[from + i] as number);
      if (difference !== 0) return difference < 0;
    }
    return length < to - from;
  }

  private hasPrefix(needle: number, text: Uint8Array, from: number, to: number): boolean {
    const start = this.startOf(needle);
    if (this.lengthOf(needle) < to - from) return false;
    for (let i = from; i < to; i++) {
      if (this.bytes[start + i - from] !== text[i]) return false;
    }
    return true;
  }
}

/** The bit of a kind in {@link NeedleIndex.mayBegin}. */
export function orderBit(kind: number): number {
  return kind & AFTER_BREAK ? 4 : kind & WRAPPED ? 2 : 1;
}

function beginningHash(bytes: Uint8Array, from: number, length: number): number {
  let key = length;
  for (let i = 0; i < length; i++) key = Math.imul(key ^ (bytes[from + i] as number), GRAM_HASH);
  return key >>> (32 - BEGINNING_BITS);
}

/** Four bytes as the processor reads them: little-endian, as on every platform that Argonaut runs on. */
export function gramAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** Two bytes in the same order, from 0 to 65,535. */
export function pairAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
