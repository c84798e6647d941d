/**
 * Masks one stream of bytes, whatever the chunks in which it arrives.
 *
 * Every occurrence of every needle is covered; occurrences that overlap become one replacement, named after the
 * first and longest. Bytes are held back only while they are the beginning of a needle. The result does not
 * depend on where the chunks are cut.
 */
import { MaskingFailure } from './errors.ts';
import type { NeedleIndex } from './needle-index.ts';
import { type Occurrence, scan } from './scan.ts';

/** What is looked for, and what stands in its place. */
export interface Needles {
  readonly index: NeedleIndex;
  replacementOf(occurrence: Occurrence): Uint8Array;
}

export interface MaskedPart {
  /** May be a view of the chunk that was given to `write`: copy it to keep it beyond the chunk's life. */
  readonly bytes: Uint8Array;
  /** The part of the stream that it stands for, as offsets of input bytes. */
  readonly from: number;
  readonly to: number;
  /** True for a replacement; false for bytes as they came. */
  readonly masked: boolean;
}

const NOTHING = new Uint8Array(0);
const LF = 10;

export class StreamMasker {
  private readonly secrets: Needles;
  /** Input bytes taken so far. */
  private taken = 0;
  /** Copy of the last bytes taken, in which a needle may have begun. */
  private held: Uint8Array = NOTHING;
  /** An occurrence that the held bytes may still lengthen; it begins before them. */
  private pending: Occurrence | undefined;
  private endsInBreak = false;
  private failed = false;
  private ended = false;

  constructor(secrets: Needles) {
    this.secrets = secrets;
  }

  /** Input up to this offset is decided and given out. Only here may a reader that starts anew begin. */
  get safeCut(): number {
    return this.pending?.start ?? this.taken - this.held.length;
  }

  /**
   * Takes a chunk and returns what is decided.
   * @throws MaskingFailure if anything goes wrong; nothing of the chunk is given out, then or later.
   */
  write(chunk: Uint8Array): MaskedPart[] {
    return this.guarded('unexpected error while scanning', () =>
      chunk.length === 0 ? [] : this.take(chunk, false),
    );
  }

  /** The stream has ended: returns what was held back. A beginning of at least half a secret is masked. */
  flush(): MaskedPart[] {
    return this.guarded('unexpected error at the end', () => {
      const parts = this.take(NOTHING, true);
      this.ended = true;
      return parts;
    });
  }

  private guarded(what: string, work: () => MaskedPart[]): MaskedPart[] {
    if (this.failed) throw new MaskingFailure('an earlier chunk failed');
    if (this.ended) throw new MaskingFailure('bytes after the end');
    try {
      return work();
    } catch {
      this.failed = true;
      this.held = NOTHING;
      throw new MaskingFailure(what);
    }
  }

  private take(chunk: Uint8Array, final: boolean): MaskedPart[] {
    const { held } = this;
    const base = this.taken - held.length;
    const { occurrences, openFrom } = this.look(chunk, final);
    this.taken += chunk.length;

    const settled = final ? this.taken : base + openFrom;
    const covered = this.merge(occurrences, base, settled);
    const parts = new Parts(this.secrets, held, base, chunk);
    let at = this.pending === undefined ? base : this.pending.start;
    this.pending = undefined;
    for (const occurrence of covered) {
      parts.plain(at, occurrence.start);
      at = occurrence.start;
      if (occurrence.end > settled) {
        this.pending = occurrence;
        break;
      }
      parts.replaced(occurrence);
      at = occurrence.end;
    }
    if (this.pending === undefined) parts.plain(at, settled);
    this.endsInBreak = parts.byteBefore(settled, this.endsInBreak);
    this.held = parts.copy(settled, this.taken);
    return parts.list;
  }

  /** Scans held bytes and chunk as one text; offsets of the result count from the first held byte. */
  private look(chunk: Uint8Array, final: boolean): { occurrences: Occurrence[]; openFrom: number } {
    const { held, endsInBreak } = this;
    const { index } = this.secrets;
    if (held.length === 0) return scan(index, chunk, endsInBreak, final);
    // What begins in the held bytes ends within the longest span; only so much of the chunk is copied to them.
    const reach = Math.min(chunk.length, index.longestSpan);
    const joined = new Uint8Array(held.length + reach);
    joined.set(held);
    joined.set(chunk.subarray(0, reach), held.length);
    const bridge = scan(index, joined, endsInBreak, final && reach === chunk.length);
    if (reach === chunk.length) return bridge;
    const rest = scan(index, chunk, held[held.length - 1] === LF, final);
    const occurrences = bridge.occurrences.filter(({ start }) => start < held.length);
    for (const { start, end, needle } of rest.occurrences) {
      occurrences.push({ start: start + held.length, end: end + held.length, needle });
    }
    return { occurrences, openFrom: rest.openFrom + held.length };
  }

  /** Stream offsets, in order, overlaps united. What begins at or after `settled` is found again later. */
  private merge(occurrences: Occurrence[], base: number, settled: number): Occurrence[] {
    const sorted = occurrences
      .map(({ start, end, needle }) => ({ start: start + base, end: end + base, needle }))
      .filter(({ start }) => start < settled)
      .sort((a, b) => a.start - b.start || b.end - a.end || a.needle - b.needle);
    const united: Occurrence[] = this.pending === undefined ? [] : [this.pending];
    for (const occurrence of sorted) {
      const last = united.at(-1);
      if (last !== undefined && occurrence.start < last.end) last.end = Math.max(last.end, occurrence.end);
      else united.push(occurrence);
    }
    return united;
  }
}

/** Collects the output of one write from the two places where its bytes lie. */
class Parts {
  readonly list: MaskedPart[] = [];
  private readonly secrets: Needles;
  private readonly held: Uint8Array;
  private readonly base: number;
  private readonly chunk: Uint8Array;

  constructor(secrets: Needles, held: Uint8Array, base: number, chunk: Uint8Array) {
    this.secrets = secrets;
    this.held = held;
    this.base = base;
    this.chunk = chunk;
  }

  plain(from: number, to: number): void {
    const border = this.base + this.held.length;
    if (from < border && from < to) {
      const end = Math.min(to, border);
      this.list.push({
        bytes: this.held.subarray(from - this.base, end - this.base),
        from,
        to: end,
        masked: false,
      });
    }
    const start = Math.max(from, border);
    if (start < to) {
      this.list.push({
        bytes: this.chunk.subarray(start - border, to - border),
        from: start,
        to,
        masked: false,
      });
    }
  }

  replaced(occurrence: Occurrence): void {
    const bytes = this.secrets.replacementOf(occurrence);
    this.list.push({ bytes, from: occurrence.start, to: occurrence.end, masked: true });
  }

  /** Whether the byte before an offset is a line feed; `otherwise` if that byte is gone. */
  byteBefore(offset: number, otherwise: boolean): boolean {
    const at = offset - this.base - 1;
    if (at < 0) return otherwise;
    return (at < this.held.length ? this.held[at] : this.chunk[at - this.held.length]) === LF;
  }

  copy(from: number, to: number): Uint8Array {
    const copy = new Uint8Array(to - from);
    const border = this.base + this.held.length;
    if (from < border) copy.set(this.held.subarray(from - this.base, Math.min(to, border) - this.base));
    const start = Math.max(from, border);
    if (start < to) copy.set(this.chunk.subarray(start - border, to - border), start - from);
    return copy;
  }
}
