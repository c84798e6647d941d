/** Turns log frames into what a person or a program follows: steps that change, and whole lines. */
import { type Line, LineAssembler, type LogFrame, type TextSource } from '@argonaut/server/tasklog';

/** The step (or the preparation, or the whole run) that something belongs to. */
export interface Place {
  readonly kind: 'task' | 'preparation' | 'step';
  readonly name: string;
  /** Of a step, from 1. */
  readonly number?: number;
}

export interface RunListener {
  /** A step, the preparation or the run changed its status. */
  status(place: Place, status: string, timeMs: number): void;
  line(place: Place, source: TextSource, line: Line): void;
}

export class RunLines {
  readonly #listener: RunListener;
  readonly #places = new Map<string, Place>();
  readonly #own = new Set<string>();
  readonly #assemblers = new Map<string, LineAssembler>();

  constructor(listener: RunListener) {
    this.#listener = listener;
  }

  push(frame: LogFrame): void {
    if (frame.type === 'activity') {
      const { kind, activity, parent, name } = frame;
      const inherited = this.#places.get(parent);
      if (kind === 'task' || kind === 'preparation' || kind === 'step') {
        this.#places.set(activity, placeNamed(kind, name));
        this.#own.add(activity);
      } else if (inherited !== undefined) {
        this.#places.set(activity, inherited);
      }
      return;
    }
    const place = this.#places.get(frame.activity);
    if (place === undefined) return;
    if (frame.type === 'text') {
      const key = `${frame.source} ${frame.activity}`;
      let assembler = this.#assemblers.get(key);
      if (assembler === undefined) {
        assembler = new LineAssembler();
        this.#assemblers.set(key, assembler);
      }
      for (const line of assembler.push(frame)) this.#listener.line(place, frame.source, line);
    } else if (frame.type === 'status') {
      if (frame.status !== 'Running') this.#flush(frame.activity, place);
      if (this.#own.has(frame.activity)) this.#listener.status(place, frame.status, frame.timeMs);
    }
  }

  /** The program is over: what it wrote last has no line end. */
  #flush(activity: string, place: Place): void {
    for (const source of ['stdout', 'stderr'] as const) {
      const line = this.#assemblers.get(`${source} ${activity}`)?.flush();
      if (line !== undefined) this.#listener.line(place, source, line);
    }
  }
}

/** A step's activity is called `Step 2: Build`. */
function placeNamed(kind: Place['kind'], name: string): Place {
  const match = kind === 'step' ? /^Step (\d+): (.*)$/s.exec(name) : null;
  return match === null ? { kind, name } : { kind, name: match[2] ?? '', number: Number(match[1]) };
}
