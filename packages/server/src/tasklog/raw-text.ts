/** The log as plain text (`tasks/{id}/raw`): lines in the order in which they were stored, under their activities. */
import type { LogFrame } from './frames.ts';
import { type Line, LineAssembler } from './lines.ts';

const STATUS_WORDS = {
  Success: 'Success',
  Failed: 'Failed',
  Skipped: 'Skipped',
  Canceled: 'Canceled',
} as const;

interface Named {
  readonly path: string;
  readonly assemblers: Map<string, LineAssembler>;
}

/** Text pieces that end with a line end. Frames may be a whole log or the part since the last call. */
export class RawText {
  readonly #activities = new Map<string, Named>();
  #shown: string | undefined;

  *push(frame: LogFrame): Generator<string> {
    if (frame.type === 'activity') {
      const parent = this.#activities.get(frame.parent)?.path;
      const path = parent === undefined ? frame.name : `${parent} / ${frame.name}`;
      this.#activities.set(frame.activity, { path, assemblers: new Map() });
      return;
    }
    const named = this.#activities.get(frame.activity);
    if (named === undefined) return;
    if (frame.type === 'text') {
      let assembler = named.assemblers.get(frame.source);
      if (assembler === undefined) {
        assembler = new LineAssembler();
        named.assemblers.set(frame.source, assembler);
      }
      for (const line of assembler.push(frame)) yield* this.#line(frame.activity, named, line);
    } else if (frame.type === 'status' && frame.status in STATUS_WORDS) {
      for (const line of this.#open(named)) yield* this.#line(frame.activity, named, line);
      yield* this.#line(frame.activity, named, {
        level: 'Info',
        timeMs: frame.timeMs,
        text: `== ${frame.status} ==`,
      });
    }
  }

  /** Lines that never got an end. */
  *finish(): Generator<string> {
    for (const [activity, named] of this.#activities) {
      for (const line of this.#open(named)) yield* this.#line(activity, named, line);
    }
  }

  *#open(named: Named): Generator<Line> {
    for (const assembler of named.assemblers.values()) {
      const line = assembler.flush();
      if (line !== undefined) yield line;
    }
  }

  *#line(activity: string, named: Named, line: Line): Generator<string> {
    if (this.#shown !== activity) {
      this.#shown = activity;
      yield `                    | == ${named.path} ==\n`;
    }
    const time = new Date(line.timeMs).toISOString().slice(11, 19);
    yield `${time}   ${line.level.padEnd(9)}| ${line.text}\n`;
  }
}
