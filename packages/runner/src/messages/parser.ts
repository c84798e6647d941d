/**
 * Splits one stream of bytes into text and service messages, whatever the chunks in which it arrives.
 *
 * Nothing is decoded and no line is collected: text is passed on as views of the chunk, so a line of 50 MB costs
 * nothing. Only an unfinished message is kept, up to {@link LONGEST_BODY}. A message begins with `##octopus[`
 * anywhere in a line and ends at the next `]` of the same line; text before and after it on its line become lines
 * of their own, as in Octopus. What is malformed or unknown stays text, unless it was to carry a secret: that is left out.
 */
import { LONGEST_BODY, mayCarrySecret, PREFIX, parseBody } from './grammar.ts';
import { type Effect, meaningOf } from './meaning.ts';

export interface ParserSink {
  /** Bytes of the stream from an offset. A line end that the parser puts in has no bytes of its own in the stream. */
  text(bytes: Uint8Array, from: number): void;
  /** A known message whose first byte is at `from`; always at the beginning of a line. */
  effect(effect: Effect, name: string, from: number): void;
  /** Text that looks like a message follows; `reason` completes "this is not a service message: …". */
  malformed(reason: string, from: number): void;
}

const LF = 10;
const CR = 13;
const CLOSE = 93;
const PREFIX_BYTES = Buffer.from(PREFIX, 'latin1');
const HASH = PREFIX_BYTES[0];
const LINE_END = Uint8Array.of(LF);
const CARRIAGE_RETURN = Uint8Array.of(CR);

export class MessageParser {
  private readonly sink: ParserSink;
  /** Offset of the next byte to be taken. */
  private offset = 0;
  private atLineStart = true;
  /** Bytes of the prefix that the stream's last bytes match. */
  private matched = 0;
  /** The body of a message that has begun, undefined outside. */
  private body: Uint8Array[] | undefined;
  private bodyLength = 0;
  /** Within a message that is too long and not to be shown. */
  private dropping = false;
  /** A message has just ended, so the end of its line is not text: 1 expects LF or CR, 2 has seen CR. */
  private lineEnd: 0 | 1 | 2 = 0;

  constructor(sink: ParserSink) {
    this.sink = sink;
  }

  /** Bytes of the stream before this offset have been passed on; the rest is kept. */
  get settled(): number {
    if (this.body !== undefined) return this.offset - this.bodyLength - PREFIX.length;
    return this.offset - this.matched - (this.lineEnd === 2 ? 1 : 0);
  }

  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const base = this.offset;
    let at = 0;
    while (at < bytes.length) {
      if (this.body !== undefined) at = this.inBody(bytes, at);
      else if (this.dropping) at = this.inDropped(bytes, at);
      else if (this.lineEnd !== 0) at = this.inLineEnd(bytes, at);
      else if (this.matched > 0) at = this.inPrefix(bytes, at);
      else at = this.inText(bytes, at);
      this.offset = base + at;
    }
  }

  /** The stream has ended: what was kept becomes text. */
  flush(): void {
    if (this.body !== undefined && !this.leaveOut('the output ends in the middle of it', this.body))
      this.bodyAsText();
    if (this.lineEnd === 2) this.emit(CARRIAGE_RETURN, this.offset - 1);
    if (this.matched > 0) this.emit(PREFIX_BYTES.subarray(0, this.matched), this.offset - this.matched);
    this.lineEnd = 0;
    this.matched = 0;
  }

  private inText(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(PREFIX_BYTES, at);
    if (found !== -1) {
      this.emit(bytes.subarray(at, found), this.offset);
      this.body = [];
      this.bodyLength = 0;
      return found + PREFIX.length;
    }
    const kept = prefixAtEnd(bytes, at);
    this.emit(bytes.subarray(at, bytes.length - kept), this.offset);
    this.matched = kept;
    return bytes.length;
  }

  private inPrefix(bytes: Buffer, at: number): number {
    const byte = bytes[at];
    if (byte === PREFIX_BYTES[this.matched]) {
      this.matched += 1;
      if (this.matched === PREFIX.length) {
        this.matched = 0;
        this.body = [];
        this.bodyLength = 0;
      }
      return at + 1;
    }
    const from = this.offset - this.matched;
    if (this.matched === 2 && byte === HASH) {
      // "###": the first is text, the others may still begin the prefix.
      this.emit(PREFIX_BYTES.subarray(0, 1), from);
      return at + 1;
    }
    this.emit(PREFIX_BYTES.subarray(0, this.matched), from);
    this.matched = 0;
    return at;
  }

  private inBody(bytes: Buffer, at: number): number {
    const body = this.body ?? [];
    const close = bytes.indexOf(CLOSE, at);
    const end = close === -1 ? bytes.length : close;
    const lineBreak = bytes.subarray(at, end).indexOf(LF);
    const stop = lineBreak === -1 ? end : at + lineBreak;
    const length = this.bodyLength + stop - at;
    if (length > LONGEST_BODY) {
      const reason = `it is longer than ${LONGEST_BODY} bytes`;
      this.dropping = this.leaveOut(reason, [...body, bytes.subarray(at, stop)]);
      if (this.dropping) return at;
      if (lineBreak === -1) this.warn(reason);
      this.bodyAsText();
      return at;
    }
    body.push(Uint8Array.prototype.slice.call(bytes, at, stop));
    this.bodyLength = length;
    if (lineBreak !== -1) {
      this.offset += stop - at;
      if (this.leaveOut('its line ends before it does', body)) this.lineEnd = 1;
      else this.bodyAsText();
      return stop;
    }
    if (close === -1) return bytes.length;
    this.offset += stop - at;
    this.close();
    return close + 1;
  }

  /** The message is complete but for its `]`, which stands at `offset`. */
  private close(): void {
    const from = this.offset - this.bodyLength - PREFIX.length;
    const parsed = parseBody(Buffer.concat(this.body ?? []).toString('latin1'));
    const meaning = 'message' in parsed ? meaningOf(parsed.message) : parsed;
    if ('effect' in meaning && 'message' in parsed) {
      this.startLine(from);
      this.sink.effect(meaning.effect, parsed.message.name, from);
      this.body = undefined;
      this.lineEnd = 1;
      return;
    }
    if ('malformed' in meaning) {
      if (this.leaveOut(meaning.malformed, this.body ?? [], true)) {
        this.lineEnd = 1;
        return;
      }
      this.warn(meaning.malformed);
    }
    this.bodyAsText();
    this.emit(Uint8Array.of(CLOSE), this.offset);
  }

  /**
   * Drops a message that cannot be read and was to declare a secret: nobody knows the secret, so nothing would mask it.
   * False if it is not one of those.
   */
  private leaveOut(reason: string, body: readonly Uint8Array[], isWhole = false): boolean {
    if (!mayCarrySecret(Buffer.concat(body).toString('latin1'), isWhole)) return false;
    this.warn(`${reason}. It may hold a secret, so it is not shown`);
    this.body = undefined;
    return true;
  }

  private inDropped(bytes: Buffer, at: number): number {
    const rest = bytes.subarray(at);
    const end = rest.findIndex((byte) => byte === LF || byte === CLOSE);
    if (end === -1) return bytes.length;
    this.dropping = false;
    this.lineEnd = 1;
    return at + end + (rest[end] === CLOSE ? 1 : 0);
  }

  private warn(reason: string): void {
    const from = this.offset - this.bodyLength - PREFIX.length;
    this.startLine(from);
    this.sink.malformed(reason, from);
  }

  private startLine(from: number): void {
    if (!this.atLineStart) this.emit(LINE_END, from);
  }

  private bodyAsText(): void {
    let from = this.offset - this.bodyLength - PREFIX.length;
    for (const part of [PREFIX_BYTES, ...(this.body ?? [])]) {
      this.emit(part, from);
      from += part.length;
    }
    this.body = undefined;
  }

  private inLineEnd(bytes: Buffer, at: number): number {
    const byte = bytes[at];
    if (byte === LF) {
      this.lineEnd = 0;
      return at + 1;
    }
    if (byte === CR && this.lineEnd === 1) {
      this.lineEnd = 2;
      return at + 1;
    }
    if (this.lineEnd === 2) this.emit(CARRIAGE_RETURN, this.offset - 1);
    this.lineEnd = 0;
    return at;
  }

  private emit(bytes: Uint8Array, from: number): void {
    if (bytes.length === 0) return;
    this.atLineStart = bytes[bytes.length - 1] === LF;
    this.sink.text(bytes, from);
  }
}

/** How many bytes at the end of the text could begin the prefix. */
function prefixAtEnd(bytes: Buffer, from: number): number {
  for (let length = Math.min(PREFIX.length - 1, bytes.length - from); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(PREFIX_BYTES.subarray(0, length))) return length;
  }
  return 0;
}
