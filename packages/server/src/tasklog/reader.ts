/** Reads a task log from any frame's boundary on, a piece at a time: a log of gigabytes never sits in memory. */
import { LogDamaged } from './errors.ts';
import { decodeFrame, type LogFrame, MAGIC } from './frames.ts';

/** Committed bytes of one log, wherever they lie. */
export interface LogSource {
  /** Bytes that are committed now. */
  length(): Promise<number>;
  /** At most `maxBytes` from `offset`; fewer near the end, none at it. */
  read(offset: number, maxBytes: number): Promise<Uint8Array>;
}

export interface PlacedFrame {
  readonly frame: LogFrame;
  /** Where the next frame begins: the place to resume from. */
  readonly next: number;
}

const PIECE = 256 * 1024;

/** Frames from `from` (0: the beginning) to `to` (default: what is committed when the call is made). */
export async function* readFrames(source: LogSource, from = 0, to?: number): AsyncGenerator<PlacedFrame> {
  const end = to ?? (await source.length());
  let position = Math.max(from, MAGIC.length);
  if (end === 0) return;
  if (from < MAGIC.length) {
    const magic = await source.read(0, MAGIC.length);
    if (!MAGIC.equals(magic)) throw new LogDamaged(0, 'it is not a task log of a known version');
  }
  let fetched = position;
  let pending: Buffer = Buffer.alloc(0);
  while (position < end) {
    const decoded = decodeFrame(pending, position);
    if (decoded !== undefined) {
      position += decoded.length;
      pending = pending.subarray(decoded.length);
      yield { frame: decoded.frame, next: position };
      continue;
    }
    const piece = await source.read(fetched, Math.min(PIECE, end - fetched));
    if (piece.length === 0) throw new LogDamaged(position, 'the last frame is cut off');
    fetched += piece.length;
    pending = pending.length === 0 ? Buffer.from(piece) : Buffer.concat([pending, piece]);
  }
}
