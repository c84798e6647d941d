/** What a person sees of a run: step headers, lines, durations, the result. */
import type { Line } from '@argonaut/server/tasklog';
import pc from 'picocolors';
import type { Place, RunListener } from './lines-of-run.ts';

export interface TerminalOptions {
  readonly write: (text: string) => void;
  readonly colours: boolean;
  readonly verbose: boolean;
}

const MARKS: Readonly<Record<string, string>> = { Success: '✓', Failed: '✗', Skipped: '○', Canceled: '■' };

export class TerminalDisplay implements RunListener {
  readonly #write: (text: string) => void;
  readonly #colours: ReturnType<typeof pc.createColors>;
  readonly #verbose: boolean;
  readonly #began = new Map<Place, number>();
  readonly #running = new Set<Place>();

  constructor({ write, colours, verbose }: TerminalOptions) {
    this.#write = write;
    this.#colours = pc.createColors(colours);
    this.#verbose = verbose;
  }

  status(place: Place, status: string, timeMs: number): void {
    const { bold, cyan, dim } = this.#colours;
    if (status === 'Running') {
      this.#began.set(place, timeMs);
      if (place.kind === 'step') {
        this.#running.add(place);
        this.#write(`${cyan(`▶ ${place.number}`)} ${bold(place.name)}\n`);
      }
      return;
    }
    this.#running.delete(place);
    if (place.kind === 'task' || (place.kind === 'preparation' && status === 'Success')) return;
    const began = this.#began.get(place);
    const took = began === undefined ? '' : ` ${dim(durationText(timeMs - began))}`;
    this.#write(
      `${this.#painted(status, `${MARKS[status] ?? '·'} ${place.name}`)} ${statusText(status)}${took}\n`,
    );
  }

  line(place: Place, _source: string, { level, text }: Line): void {
    if (level === 'Verbose' && !this.#verbose) return;
    const { dim } = this.#colours;
    const prefix = this.#running.size > 1 ? dim(`${place.name} │ `) : '  ';
    this.#write(`${prefix}${this.#levelled(level, text)}\n`);
  }

  /** The last line of all. */
  end(result: string, message: string, tookMs: number): void {
    const text = message === '' ? '' : `: ${message}`;
    this.#write(`\n${this.#painted(result, `${statusText(result)} after ${durationText(tookMs)}`)}${text}\n`);
  }

  /** Something about the run itself, not part of its log. */
  note(text: string): void {
    this.#write(`${this.#colours.dim(text)}\n`);
  }

  #levelled(level: Line['level'], text: string): string {
    const { red, yellow, bold, dim, blue, magenta } = this.#colours;
    switch (level) {
      case 'Error':
        return red(text);
      case 'Warning':
        return yellow(text);
      case 'Highlight':
        return bold(blue(text));
      case 'Wait':
        return magenta(text);
      case 'Verbose':
        return dim(text);
      default:
        return text;
    }
  }

  #painted(status: string, text: string): string {
    const { green, red, yellow, dim } = this.#colours;
    if (status === 'Success') return green(text);
    if (status === 'Failed') return red(text);
    return status === 'Canceled' ? yellow(text) : dim(text);
  }
}

function statusText(status: string): string {
  return status === 'Canceled' ? 'cancelled' : status.toLowerCase();
}

/** `0.3 s`, `12.0 s`, `3 min 4 s`. */
export function durationText(ms: number): string {
  if (ms < 60_000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
