/**
 * One stream of an attempt: service messages out, text masked, level and time kept with every byte.
 *
 * Messages are read before the text is masked, because a message carries values in base64, and masking covers
 * base64 of secrets. What a message says takes effect at once, but it is passed on only after all text before it:
 * the masker may hold that back.
 */
import type { LogLevel, LogRun, Stream } from '@argonaut/contracts/attempt';
import { type MaskedPart, type SecretSet, StreamMasker } from '../masking/index.ts';
import type { Effect } from './meaning.ts';
import { MessageParser } from './parser.ts';

/** Something to pass on, and the bytes of the stream that it accounts for. */
export type Item =
  | { readonly kind: 'run'; readonly from: number; readonly run: LogRun; readonly divisible: boolean }
  | { readonly kind: 'effect'; readonly from: number; readonly effect: Effect };

/** Text from `at` (offset in the text) on has this level and time and comes from `from` on in the stream. */
interface Mark {
  readonly at: number;
  readonly from: number;
  readonly level: LogLevel | undefined;
  readonly timeMs: number;
}

/** Levels of following lines, by stream. One for the attempt: a message on stdout may switch stderr. */
export type Levels = Record<Stream, LogLevel | undefined>;

export class StreamOutput {
  private readonly stream: Stream;
  private readonly levels: Levels;
  private readonly masker: StreamMasker;
  private readonly secrets: SecretSet;
  private readonly parser: MessageParser | undefined;
  private readonly pass: (item: Item) => void;
  private readonly obey: (effect: Effect) => string | undefined;

  /** Whether anything but blanks and service messages was written; what is not shown counts, too. */
  wroteText = false;
  private timeMs = 0;
  private taken = 0;
  /** Text given to the masker so far. */
  private textTaken = 0;
  private marks: Mark[] = [];
  /** Items that wait until the text before them is out. */
  private waiting: Array<{ readonly at: number; readonly item: Item }> = [];

  constructor(options: {
    stream: Stream;
    levels: Levels;
    secrets: SecretSet;
    serviceMessages: boolean;
    /** Receives what is decided, in the order of the stream. */
    pass: (item: Item) => void;
    /** Receives every effect at once; what it returns is a warning for the reader of the log. */
    obey: (effect: Effect) => string | undefined;
  }) {
    this.stream = options.stream;
    this.levels = options.levels;
    this.secrets = options.secrets;
    this.masker = new StreamMasker(options.secrets);
    this.pass = options.pass;
    this.obey = options.obey;
    this.parser = options.serviceMessages
      ? new MessageParser({
          text: (bytes, from) => this.text(bytes, from),
          effect: (effect, name, from) => this.effect(effect, name, from),
          malformed: (reason, from) =>
            this.line('Warning', `This is not a service message that can be read: ${reason}.`, from),
        })
      : undefined;
  }

  /** Bytes of the stream before this offset have been passed on in full. */
  get settled(): number {
    const cut = this.masker.safeCut;
    if (cut === this.textTaken) return this.parser?.settled ?? this.taken;
    const mark = this.markAt(cut);
    return mark.from + cut - mark.at;
  }

  write(bytes: Uint8Array, timeMs: number): void {
    this.timeMs = timeMs;
    if (this.parser === undefined) this.text(bytes, this.taken);
    else this.parser.write(bytes);
    this.taken += bytes.length;
  }

  end(): void {
    this.parser?.flush();
    this.emit(this.masker.flush());
  }

  private text(bytes: Uint8Array, from: number): void {
    this.wroteText ||= bytes.some(isNoBlank);
    const level = this.levels[this.stream];
    this.marks.push({ at: this.textTaken, from, level, timeMs: this.timeMs });
    this.textTaken += bytes.length;
    this.emit(this.masker.write(bytes));
  }

  private effect(effect: Effect, name: string, from: number): void {
    const warning = this.obey(effect);
    if (warning !== undefined) this.line('Warning', warning, from);
    if (effect.kind === 'unsupported') {
      this.line('Warning', `The service message ${name} was read, but nothing here acts on it.`, from);
    } else if (effect.kind !== 'ignored') {
      this.later({ kind: 'effect', from, effect });
    }
  }

  /** A line of ours in the place of a message. */
  private line(level: LogLevel, text: string, from: number): void {
    const bytes = Buffer.from(`${this.secrets.mask(text)}\n`);
    this.later({
      kind: 'run',
      from,
      run: { stream: this.stream, level, timeMs: this.timeMs, bytes },
      divisible: false,
    });
  }

  private later(item: Item): void {
    if (this.masker.safeCut === this.textTaken) this.pass(item);
    else this.waiting.push({ at: this.textTaken, item });
  }

  /** Passes on masked parts, cut where level or time change, and the items between them. */
  private emit(parts: MaskedPart[]): void {
    for (const part of parts) {
      let at = part.from;
      while (at < part.to) {
        this.release(at);
        const mark = this.markAt(at);
        const end = part.masked ? part.to : Math.min(part.to, this.nextBorder(at));
        const bytes = part.masked ? part.bytes : part.bytes.subarray(at - part.from, end - part.from);
        if (mark.level !== undefined) {
          const run = { stream: this.stream, level: mark.level, timeMs: mark.timeMs, bytes };
          this.pass({ kind: 'run', from: mark.from + at - mark.at, run, divisible: !part.masked });
        }
        at = end;
      }
    }
    this.release(this.masker.safeCut);
    this.forget(this.masker.safeCut);
  }

  private release(upTo: number): void {
    while (this.waiting[0] !== undefined && this.waiting[0].at <= upTo) {
      const next = this.waiting.shift();
      if (next !== undefined) this.pass(next.item);
    }
  }

  /** The next place after `at` where something else than this text begins. */
  private nextBorder(at: number): number {
    const mark = this.marks.find((candidate) => candidate.at > at)?.at ?? this.textTaken;
    const item = this.waiting.find((candidate) => candidate.at > at)?.at ?? this.textTaken;
    return Math.min(mark, item);
  }

  private markAt(at: number): Mark {
    const mark = this.marks.findLast((candidate) => candidate.at <= at);
    if (mark === undefined) throw new RangeError(`no mark for text at ${at}`);
    return mark;
  }

  /** Drops marks of text that is out. Few are left: the masker holds back little. */
  private forget(safeCut: number): void {
    const first = this.marks.findLastIndex((mark) => mark.at <= safeCut);
    if (first > 0) this.marks.splice(0, first);
  }
}

/** ASCII's blanks; every other byte says something. */
function isNoBlank(byte: number): boolean {
  return byte !== 0x20 && (byte < 0x09 || byte > 0x0d);
}
