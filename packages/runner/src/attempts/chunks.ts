/**
 * Decides when what was read is handed over. A chunk ends where no stream holds anything back. Only when one stream has
 * stopped in the middle of what may be a secret while the other goes on, a chunk is cut anyway after a while, and says how
 * far each stream is.
 */
import type { LogChunk, LogRun } from '@argonaut/contracts/attempt';
import type { OutputBatch } from '../messages/index.ts';

const patienceMs = 1_000;
const patienceBytes = 4 * 1024 * 1024;

export class Chunks {
  #waiting: OutputBatch[] = [];
  #waitingBytes = 0;
  #since = 0;
  /** Of the last chunk: cursor plus what lay ahead. */
  #accounted: number;

  constructor(accounted: number) {
    this.#accounted = accounted;
  }

  add(batch: OutputBatch, nowMs: number): void {
    if (this.#waiting.length === 0) this.#since = nowMs;
    this.#waiting.push(batch);
    this.#waitingBytes += batch.runs.reduce((sum, run) => sum + run.bytes.length, 0);
  }

  /** The chunk that is due, `undefined` while it is better to wait (or nothing has moved). */
  due(nowMs: number, final = false): LogChunk | undefined {
    const last = this.#waiting.at(-1);
    if (!last) return undefined;
    const ahead = last.ahead.stdout + last.ahead.stderr;
    const accounted = last.cursor + ahead;
    if (accounted <= this.#accounted) {
      // Everything is held back: there is nothing to hand over and nothing to remember.
      this.#waiting = [];
      return undefined;
    }
    const patient = nowMs - this.#since < patienceMs && this.#waitingBytes < patienceBytes;
    if (ahead > 0 && patient && !final) return undefined;
    const chunk = toChunk(this.#waiting, last);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#accounted = accounted;
    return chunk;
  }
}

function toChunk(batches: readonly OutputBatch[], last: OutputBatch): LogChunk {
  const progress = batches.findLast((batch) => batch.progress)?.progress;
  const resultMessage = batches.findLast((batch) => batch.resultMessage !== undefined)?.resultMessage;
  const { stdout, stderr } = last.ahead;
  return {
    type: 'log',
    cursor: last.cursor,
    ...(stdout + stderr > 0 ? { ahead: { stdout, stderr } } : {}),
    runs: united(batches.flatMap((batch) => batch.runs)),
    outputs: batches.flatMap((batch) => batch.outputs),
    artifacts: batches.flatMap((batch) => batch.artifacts),
    ...(progress ? { progress } : {}),
    ...(resultMessage === undefined ? {} : { resultMessage }),
  };
}

/** Neighbours of one stream, level and moment become one run. */
function united(runs: readonly LogRun[]): LogRun[] {
  const groups: LogRun[][] = [];
  for (const run of runs) {
    const group = groups.at(-1);
    const first = group?.[0];
    const same = first?.stream === run.stream && first.level === run.level && first.timeMs === run.timeMs;
    if (group && same) group.push(run);
    else groups.push([run]);
  }
  return groups.flatMap((group) => {
    const [first] = group;
    if (!first || group.length === 1) return group;
    return [{ ...first, bytes: Buffer.concat(group.map((run) => run.bytes)) }];
  });
}
