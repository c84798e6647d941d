/** Puts lines together from text that was cut anywhere. One assembler for each activity and source. */
import type { LogLevel } from '@argonaut/contracts/attempt';
import type { TextFrame } from './frames.ts';

export interface Line {
  readonly level: LogLevel;
  /** When its first byte was written. */
  readonly timeMs: number;
  readonly text: string;
}

/** Longer lines are cut for display; the stored bytes stay whole. */
export const MAX_LINE_BYTES = 64 * 1024;

export class LineAssembler {
  #parts: Uint8Array[] = [];
  #kept = 0;
  #length = 0;
  #first: { readonly level: LogLevel; readonly timeMs: number } | undefined;

  /** Lines that this text completes. A change of level in the middle of a line does not end it. */
  *push(frame: TextFrame): Generator<Line> {
    let from = 0;
    for (let at = frame.bytes.indexOf(10); at !== -1; at = frame.bytes.indexOf(10, from)) {
      const bytes = frame.bytes.subarray(from, at);
      from = at + 1;
      if (this.#first === undefined && bytes.length <= MAX_LINE_BYTES) {
        // Most lines begin and end in one frame: their bytes are not copied.
        yield { level: frame.level, timeMs: frame.timeMs, text: textOf(bytes) };
        continue;
      }
      this.#add(frame, bytes);
      const line = this.flush();
      if (line !== undefined) yield line;
    }
    if (from < frame.bytes.length) this.#add(frame, frame.bytes.subarray(from));
  }

  /** Ends the line that has no end yet. */
  flush(): Line | undefined {
    const line = this.peek();
    this.#parts = [];
    this.#kept = 0;
    this.#length = 0;
    this.#first = undefined;
    return line;
  }

  /** The line that has no end yet, as it is now. */
  peek(): Line | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    const kept = Buffer.concat(this.#parts);
    const cut = this.#length - kept.length;
    const text = cut > 0 ? `${kept.toString()} … (${cut} more bytes; the raw log has them)` : textOf(kept);
    return { ...first, text };
  }

  #add(frame: TextFrame, bytes: Uint8Array): void {
    this.#first ??= { level: frame.level, timeMs: frame.timeMs };
    this.#length += bytes.length;
    const room = MAX_LINE_BYTES - this.#kept;
    if (room <= 0) return;
    const part = Buffer.from(bytes.subarray(0, room));
    this.#parts.push(part);
    this.#kept += part.length;
  }
}

/** A carriage return before the line's end belongs to the end. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.at(-1) === 13 ? bytes.length - 1 : bytes.length;
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString();
}
