/**
 * The slow and obvious masker: every needle is tried at every byte. What the streaming one is compared with.
 * Also the seeded randomness of these tests; `ARGONAUT_SEED` repeats a run.
 */

import { Secret } from '@argonaut/contracts';
import type { NamedSecret } from '@argonaut/contracts/attempt';
import { type SecretSet, StreamMasker } from '../../src/masking/index.ts';
import {
  AFTER_BREAK,
  CHARACTERS_BEFORE_BREAK,
  CHARACTERS_BETWEEN_BREAKS,
  type NeedleIndex,
  SHORTEST_NEEDLE,
  WRAPPED,
} from '../../src/masking/needle-index.ts';

/** Secrets from plain values. */
export function named(values: Record<string, string>): NamedSecret[] {
  return Object.entries(values).map(([name, value]) => ({ name, value: new Secret(value) }));
}

export class Random {
  readonly seed: number;
  private state: number;

  constructor(seed = Number(process.env.ARGONAUT_SEED ?? Date.now() % 1_000_000_007)) {
    this.seed = seed;
    this.state = seed >>> 0;
  }

  /** Integer in [0, below), by mulberry32. */
  below(below: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  text(length: number, alphabet: string): string {
    return Array.from({ length }, () => this.pick([...alphabet])).join('');
  }

  /** Cuts bytes into chunks of 1 to `longest` bytes, copied to odd places in memory. */
  chunks(bytes: Uint8Array, longest: number): Uint8Array[] {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, 1 + this.below(longest));
      const room = new Uint8Array(length + 3);
      const shift = this.below(4);
      room.set(bytes.subarray(at, at + length), shift);
      chunks.push(room.subarray(shift, shift + length));
      at += length;
    }
    return chunks;
  }
}

export function maskWhole(secrets: SecretSet, chunks: Iterable<Uint8Array>): Buffer {
  const masker = new StreamMasker(secrets);
  const out: Uint8Array[] = [];
  for (const chunk of chunks) for (const part of masker.write(chunk)) out.push(Uint8Array.from(part.bytes));
  for (const part of masker.flush()) out.push(part.bytes);
  return Buffer.concat(out);
}

export function maskSlowly(secrets: SecretSet, text: Uint8Array): Buffer {
  const { index } = secrets;
  const found: Array<{ start: number; end: number; needle: number }> = [];
  for (let start = 0; start < text.length; start++) {
    for (let needle = 0; needle < index.count; needle++) {
      const end = endOf(index, needle, text, start);
      if (end !== undefined) found.push({ start, end: end.end, needle });
    }
  }
  found.sort((a, b) => a.start - b.start || b.end - a.end || a.needle - b.needle);
  const out: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < found.length; ) {
    const first = found[i] as (typeof found)[number];
    let end = first.end;
    for (i += 1; i < found.length && (found[i] as typeof first).start < end; i++) {
      end = Math.max(end, (found[i] as typeof first).end);
    }
    out.push(text.subarray(at, first.start), secrets.replacementOf(first));
    at = end;
  }
  out.push(text.subarray(at));
  return Buffer.concat(out);
}

function endOf(index: NeedleIndex, needle: number, text: Uint8Array, start: number) {
  const kind = index.kindOf(needle);
  const length = index.lengthOf(needle);
  if (kind & AFTER_BREAK && (start === 0 || text[start - 1] !== 10)) return undefined;
  let allowed =
    kind & WRAPPED ? (kind & AFTER_BREAK ? CHARACTERS_BETWEEN_BREAKS : CHARACTERS_BEFORE_BREAK) : length;
  let at = start;
  for (let i = 0; i < length; i++) {
    if (i >= allowed) {
      const width = text[at] === 10 ? 1 : text[at] === 13 && text[at + 1] === 10 ? 2 : 0;
      const halfBreak = text[at] === 13 && at + 1 === text.length;
      if (width > 0 || halfBreak) {
        at += halfBreak ? 1 : width;
        allowed = i + CHARACTERS_BETWEEN_BREAKS;
      }
    }
    if (at >= text.length) {
      return i >= SHORTEST_NEEDLE && i * 2 >= length ? { end: text.length } : undefined;
    }
    if (text[at] !== index.bytes[index.startOf(needle) + i]) return undefined;
    at += 1;
  }
  return { end: at };
}
