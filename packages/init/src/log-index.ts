/**
 * `log.idx` tells which stream wrote which bytes of `log`, and when. 16 bytes a record, little-endian:
 * `u64 start << 2 | stream, u64 wall clock ns`. A byte belongs to the last record whose start is not after it. Init
 * writes a record before its bytes, only when the stream changes or 1 ms has passed. Take the log's size first, then
 * read the index: then every byte has its record. A lost index loses tags, never a byte.
 */

/** `both`: the step asked for one stream; `unknown`: no index record covers the bytes (the script removed the index). */
export type StreamTag = 'stdout' | 'stderr' | 'both' | 'unknown';

export interface IndexRecord {
  /** Offset in the log of the first byte that the record speaks of. */
  readonly start: number;
  readonly stream: StreamTag;
  /** Wall clock of init when it read those bytes, ns since 1970. */
  readonly timeNs: bigint;
}

export interface LogChunk {
  /** Offset in the log. */
  readonly offset: number;
  readonly stream: StreamTag;
  /** Null where no record covers the bytes. */
  readonly timeNs: bigint | null;
  readonly bytes: Uint8Array;
}

const recordBytes = 16;
const streams: readonly StreamTag[] = ['unknown', 'stdout', 'stderr', 'both'];

/** Whole records of an index; a torn tail (`size mod 16` bytes) is left out. Give it the file from a multiple of 16. */
export function decodeIndex(bytes: Uint8Array): IndexRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: IndexRecord[] = [];
  for (let at = 0; at + recordBytes <= bytes.length; at += recordBytes) {
    const packed = view.getBigUint64(at, true);
    records.push({
      start: Number(packed >> 2n),
      stream: streams[Number(packed & 3n)] ?? 'unknown',
      timeNs: view.getBigUint64(at + 8, true),
    });
  }
  return records;
}

/**
 * Cuts log bytes into tagged chunks. `offset` is where `bytes` begin in the log; `index` holds the records in file
 * order (records before `offset` and past the end do no harm). The chunks' bytes are views, not copies, and together
 * are exactly `bytes`. Keep one line buffer per stream: a chunk may end inside a line, and the other stream's next
 * chunk may begin there.
 */
export function tagLog(offset: number, bytes: Uint8Array, index: readonly IndexRecord[]): LogChunk[] {
  const end = offset + bytes.length;
  const chunks: LogChunk[] = [];
  let at = offset;
  let next = firstAfter(index, offset);
  while (at < end) {
    while (next < index.length && (index[next]?.start ?? end) <= at) next++;
    const covering = index[next - 1];
    const stop = Math.min(end, index[next]?.start ?? end);
    chunks.push({
      offset: at,
      stream: covering?.stream ?? 'unknown',
      timeNs: covering?.timeNs ?? null,
      bytes: bytes.subarray(at - offset, stop - offset),
    });
    at = stop;
  }
  return chunks;
}

/** Position of the first record that starts after `offset`. Starts never decrease. */
function firstAfter(index: readonly IndexRecord[], offset: number): number {
  let low = 0;
  let high = index.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((index[middle]?.start ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
