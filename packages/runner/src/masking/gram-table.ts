/**
 * A table from four consecutive bytes ("gram") to the needles that hold them, with a bit filter in front.
 *
 * The filter decides almost every lookup with one multiplication and one bit; only what passes it is looked
 * up exactly. Everything is in typed arrays, so that 20,000 entries cost less than a megabyte and no garbage.
 */

/** The multiplier of the hash that filter, table and scan share (2^32 divided by the golden ratio). */
export const GRAM_HASH = 0x9e3779b1 | 0;
const SMALLEST_FILTER_BITS = 16;
/** 2^23 bits are one megabyte: beyond that the filter leaves the processor's cache and costs more than it saves. */
const LARGEST_FILTER_BITS = 23;
/** Bits of filter per gram; at 64, one in 64 random words passes by chance. */
const FILTER_BITS_PER_GRAM = 64;

export class GramTable {
  /** Filter bits. A gram may be present if bit `(gram * GRAM_HASH) >>> filterShift` is set. */
  filter = new Int32Array(1 << (SMALLEST_FILTER_BITS - 5));
  filterShift = 32 - SMALLEST_FILTER_BITS;

  private slotShift = 32 - 10;
  private slotGram = new Int32Array(1 << 10);
  /** Index of the first entry of the slot's chain, -1 when the slot is free. */
  private slotHead = new Int32Array(1 << 10).fill(-1);
  private slotCount = new Int32Array(1 << 10);
  private grams = 0;

  private entryNeedle = new Int32Array(256);
  private entryOffset = new Uint8Array(256);
  private entryNext = new Int32Array(256);
  private entries = 0;

  get isEmpty(): boolean {
    return this.entries === 0;
  }

  get byteLength(): number {
    return (
      this.filter.byteLength +
      this.slotGram.byteLength * 3 +
      this.entryNeedle.byteLength * 2 +
      this.entryOffset.byteLength
    );
  }

  /** Says that `needle` holds `gram` at byte `offset` (at most 255). */
  add(gram: number, needle: number, offset: number): void {
    if ((this.grams + 1) * 2 > this.slotGram.length) this.growSlots();
    if (this.entries === this.entryNeedle.length) this.growEntries();
    const slot = this.slotOf(gram);
    if (this.slotHead[slot] === -1) {
      this.slotGram[slot] = gram;
      this.grams += 1;
      this.widenFilter();
      this.mark(gram);
    }
    const entry = this.entries++;
    this.entryNeedle[entry] = needle;
    this.entryOffset[entry] = offset;
    this.entryNext[entry] = this.slotHead[slot] as number;
    this.slotHead[slot] = entry;
    this.slotCount[slot] = (this.slotCount[slot] as number) + 1;
  }

  /** First entry of the gram's chain, or -1. */
  first(gram: number): number {
    return this.slotHead[this.slotOf(gram)] as number;
  }

  next(entry: number): number {
    return this.entryNext[entry] as number;
  }

  needleOf(entry: number): number {
    return this.entryNeedle[entry] as number;
  }

  offsetOf(entry: number): number {
    return this.entryOffset[entry] as number;
  }

  /** How many needles share the gram: what a hit on it costs. */
  countOf(gram: number): number {
    return this.slotCount[this.slotOf(gram)] as number;
  }

  /** The gram's slot, or the free slot where it belongs. */
  private slotOf(gram: number): number {
    const mask = this.slotGram.length - 1;
    let slot = Math.imul(gram, GRAM_HASH) >>> this.slotShift;
    while (this.slotHead[slot] !== -1 && this.slotGram[slot] !== gram) slot = (slot + 1) & mask;
    return slot;
  }

  private mark(gram: number): void {
    const bit = Math.imul(gram, GRAM_HASH) >>> this.filterShift;
    this.filter[bit >>> 5] = (this.filter[bit >>> 5] as number) | (1 << (bit & 31));
  }

  /** Doubles the filter when it has become too full. */
  private widenFilter(): void {
    const bits = 32 - this.filterShift;
    if (bits >= LARGEST_FILTER_BITS || this.grams * FILTER_BITS_PER_GRAM <= 2 ** bits) return;
    this.filterShift -= 1;
    this.filter = new Int32Array(this.filter.length * 2);
    for (let slot = 0; slot < this.slotGram.length; slot++) {
      if (this.slotHead[slot] !== -1) this.mark(this.slotGram[slot] as number);
    }
  }

  private growSlots(): void {
    const { slotGram, slotHead, slotCount } = this;
    const size = slotGram.length * 2;
    this.slotShift -= 1;
    this.slotGram = new Int32Array(size);
    this.slotHead = new Int32Array(size).fill(-1);
    this.slotCount = new Int32Array(size);
    for (let old = 0; old < slotGram.length; old++) {
      if (slotHead[old] === -1) continue;
      const gram = slotGram[old] as number;
      const slot = this.slotOf(gram);
      this.slotGram[slot] = gram;
      this.slotHead[slot] = slotHead[old] as number;
      this.slotCount[slot] = slotCount[old] as number;
    }
  }

  private growEntries(): void {
    const size = this.entryNeedle.length * 2;
    const needle = new Int32Array(size);
    const offset = new Uint8Array(size);
    const next = new Int32Array(size);
    needle.set(this.entryNeedle);
    offset.set(this.entryOffset);
    next.set(this.entryNext);
    this.entryNeedle = needle;
    this.entryOffset = offset;
    this.entryNext = next;
  }
}
