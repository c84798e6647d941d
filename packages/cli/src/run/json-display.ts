/** What a program reads of a run: one JSON object a line. */
import type { Line, TextSource } from '@argonaut/server/tasklog';
import type { Place, RunListener } from '../display/lines-of-run.ts';

export class JsonDisplay implements RunListener {
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  status(place: Place, status: string, timeMs: number): void {
    this.#event({ type: 'status', ...where(place), status, time: iso(timeMs) });
  }

  line(place: Place, source: TextSource, { level, timeMs, text }: Line): void {
    this.#event({ type: 'log', ...where(place), source, level, time: iso(timeMs), text });
  }

  begin(run: string, title: string, resumed: boolean): void {
    this.#event({ type: 'run', run, title, resumed });
  }

  end(run: string, result: string, message: string, exitCode: number, tookMs: number): void {
    this.#event({ type: 'end', run, result, message, exitCode, durationMs: tookMs });
  }

  #event(event: Readonly<Record<string, unknown>>): void {
    this.#write(`${JSON.stringify(event)}\n`);
  }
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function where({ kind, name, number }: Place) {
  return { of: kind, name, ...(number === undefined ? {} : { step: number }) };
}
