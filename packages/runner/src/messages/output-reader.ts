/**
 * Reads the raw log of an attempt, in the order in which init wrote it, and gives what may leave the worker:
 * masked runs with level and time, output variables, artifacts, progress.
 *
 * Everything it gives is a function of the raw log and the secrets alone. So a reader that starts again after a
 * crash reads the log from 0 and keeps quiet until it comes to what had been given before; on the way it learns
 * again which secrets the script declared and which level the next line has.
 */
import { Secret } from '@argonaut/contracts';
import type { DeclaredArtifact, LogRun, OutputVariable, Stream } from '@argonaut/contracts/attempt';
import { MaskingFailure, type SecretSet } from '../masking/index.ts';
import type { Effect } from './meaning.ts';
import { MessageParser } from './parser.ts';
import { type Item, type Levels, StreamOutput } from './stream-output.ts';

/** How far the log is accounted for. */
export interface Position {
  /** Every byte of the log before this offset. */
  readonly cursor: number;
  /**
   * And so many bytes of each stream beyond it: one stream goes on while the other has stopped in the middle of
   * what may be a secret. Both zero whenever nothing is held back.
   */
  readonly ahead: Readonly<Record<Stream, number>>;
}

export interface OutputBatch extends Position {
  /** Bytes may be views of what was given to `write`. */
  readonly runs: readonly LogRun[];
  readonly outputs: readonly OutputVariable[];
  readonly artifacts: readonly DeclaredArtifact[];
  readonly progress?: { readonly percentage: number; readonly message: string };
  readonly resultMessage?: string;
}

/** Bytes of one stream that lie together in the log. */
interface Segment {
  readonly inLog: number;
  readonly inStream: number;
  length: number;
}

const STREAMS: readonly Stream[] = ['stdout', 'stderr'];

export class OutputReader {
  private readonly secrets: SecretSet;
  private readonly levels: Levels = { stdout: 'Info', stderr: 'Error' };
  private readonly outputs: Record<Stream, StreamOutput>;
  /** Read ahead of `outputs`; absent where there are no messages. */
  private readonly scouts: Record<Stream, MessageParser> | undefined;
  /** Values that a scout has found, and for which not every form could be entered. */
  private readonly partlyForeseen = new Set<string>();
  private readonly segments: Record<Stream, Segment[]> = { stdout: [], stderr: [] };
  private readonly taken: Record<Stream, number> = { stdout: 0, stderr: 0 };
  private inLog = 0;
  private readonly resume: Position | undefined;
  /** Bytes of each stream that were given by an earlier reader; infinite until the cursor is reached. */
  private readonly given: Record<Stream, number>;
  private batch = emptyBatch();
  private failed = false;

  /**
   * @param secrets shared with whoever else masks for this attempt; values declared at run time are added to it
   * @param options.resume where the last stored batch ended; the log must still be written from 0
   */
  constructor(secrets: SecretSet, options: { serviceMessages: boolean; resume?: Position }) {
    this.secrets = secrets;
    this.resume = options.resume;
    const given = options.resume !== undefined && options.resume.cursor > 0 ? Number.POSITIVE_INFINITY : 0;
    this.given = {
      stdout: given || (options.resume?.ahead.stdout ?? 0),
      stderr: given || (options.resume?.ahead.stderr ?? 0),
    };
    const output = (stream: Stream) =>
      new StreamOutput({
        stream,
        levels: this.levels,
        secrets,
        serviceMessages: options.serviceMessages,
        pass: (item) => this.pass(stream, item),
        obey: (effect) => this.obey(effect),
      });
    this.outputs = { stdout: output('stdout'), stderr: output('stderr') };
    this.scouts = options.serviceMessages ? { stdout: this.scout(), stderr: this.scout() } : undefined;
  }

  /**
   * Takes the next bytes of the log.
   * @throws MaskingFailure when they cannot be masked; nothing of them is given out, then or later
   */
  write(stream: Stream, bytes: Uint8Array, timeMs: number): void {
    const cursor = this.resume?.cursor ?? 0;
    const toCursor = cursor - this.inLog;
    if (toCursor > 0 && toCursor < bytes.length) {
      this.write(stream, bytes.subarray(0, toCursor), timeMs);
      this.write(stream, bytes.subarray(toCursor), timeMs);
      return;
    }
    this.place(stream, bytes.length);
    this.guarded(() => this.outputs[stream].write(bytes, timeMs));
    if (this.resume !== undefined && this.inLog === cursor) {
      for (const each of STREAMS) this.given[each] = this.taken[each] + this.resume.ahead[each];
    }
  }

  /**
   * Learns what is declared secret in bytes that `write` gets later. Two pipes have no order: what a script prints on one may
   * stand in the log before what it declared on the other.
   * @throws MaskingFailure as `write` does
   */
  foresee(stream: Stream, bytes: Uint8Array): void {
    this.guarded(() => this.scouts?.[stream].write(bytes));
  }

  private scout(): MessageParser {
    return new MessageParser({
      text: () => {},
      malformed: () => {},
      effect: (effect) => {
        const secret = declaredBy(effect);
        if (secret === undefined) return;
        const { partlyMasked } = this.secrets.add([{ name: secret.name, value: new Secret(secret.value) }]);
        if (partlyMasked.length > 0) this.partlyForeseen.add(secret.value);
      },
    });
  }

  /** The log is complete: what was held back is decided. */
  end(): void {
    for (const stream of STREAMS) this.guarded(() => this.outputs[stream].end());
  }

  /** Whatever goes wrong, perhaps a secret was not learnt: nothing may be given out after it. */
  private guarded(work: () => void): void {
    if (this.failed) throw new MaskingFailure('an earlier part of the log failed');
    try {
      work();
    } catch (error) {
      this.failed = true;
      throw error instanceof MaskingFailure
        ? error
        : new MaskingFailure('unexpected error while reading messages');
    }
  }

  /** Something but blanks and service messages was written to stderr, as far as the log was read, given before or not. */
  get wroteErrors(): boolean {
    return this.outputs.stderr.wroteText;
  }

  /** What was decided since the last call. */
  take(): OutputBatch {
    const batch = { ...this.batch, ...this.position() };
    this.batch = emptyBatch();
    return batch;
  }

  private position(): Position {
    const cursor = Math.min(...STREAMS.map((stream) => this.settledInLog(stream)));
    const ahead = { stdout: 0, stderr: 0 };
    for (const stream of STREAMS) {
      const settled = this.outputs[stream].settled;
      const segments = this.segments[stream];
      for (const { inLog, inStream, length } of segments) {
        const from = inStream + Math.min(length, Math.max(0, cursor - inLog));
        ahead[stream] += Math.max(0, Math.min(settled, inStream + length) - from);
      }
      const done = segments.findIndex(({ inLog, length }) => inLog + length > cursor);
      segments.splice(0, done === -1 ? segments.length : done);
    }
    return { cursor, ahead };
  }

  /** Log offset of the first byte of the stream that is not decided; the log's end if all are. */
  private settledInLog(stream: Stream): number {
    const { settled } = this.outputs[stream];
    if (settled >= this.taken[stream]) return this.inLog;
    const segment = this.segments[stream].find(({ inStream, length }) => settled < inStream + length);
    return segment === undefined ? this.inLog : segment.inLog + settled - segment.inStream;
  }

  private place(stream: Stream, length: number): void {
    const last = this.segments[stream].at(-1);
    if (last !== undefined && last.inLog + last.length === this.inLog) last.length += length;
    else this.segments[stream].push({ inLog: this.inLog, inStream: this.taken[stream], length });
    this.inLog += length;
    this.taken[stream] += length;
  }

  /** What holds from now on for both streams, whether or not it was given before. */
  private obey(effect: Effect): string | undefined {
    if (effect.kind === 'level') this.levels[effect.stream] = effect.level;
    const secret = declaredBy(effect);
    if (secret !== undefined) return this.learn(secret.name, secret.value);
    if (effect.kind === 'artifact' && this.secrets.isIn(effect.artifact.path)) {
      return `The artifact "${effect.artifact.name}" is not collected: its path holds a secret, and an artifact's path is shown. Give the file another name.`;
    }
    return undefined;
  }

  /** From now on the value is masked; if it cannot be, gives the warning. */
  private learn(name: string, value: string): string | undefined {
    const { notMasked, partlyMasked } = this.secrets.add([{ name, value: new Secret(value) }]);
    const what = name === '' ? 'A value that was to be masked' : `The value of ${name}`;
    const reason = notMasked[0]?.reason;
    if (reason !== undefined && reason !== 'empty') {
      return `${what} is ${reason === 'too short' ? 'too short' : 'an ordinary word'}, so it is not masked in the log.`;
    }
    if (partlyMasked.length > 0 || this.partlyForeseen.has(value))
      return `${what} is masked as it is, but not in every encoding: there are too many secrets.`;
    return undefined;
  }

  private pass(stream: Stream, item: Item): void {
    const given = this.given[stream];
    if (item.kind === 'effect') {
      if (item.from >= given) this.collect(item.effect);
      return;
    }
    if (item.from >= given) this.batch.runs.push(item.run);
    else if (item.divisible && item.from + item.run.bytes.length > given) {
      this.batch.runs.push({ ...item.run, bytes: item.run.bytes.subarray(given - item.from) });
    }
  }

  private collect(effect: Effect): void {
    if (effect.kind === 'variable') {
      const { variable } = effect;
      // A value that holds a secret is one, whatever the script says.
      this.batch.outputs.push({
        ...variable,
        sensitive: variable.sensitive || this.secrets.isIn(variable.value),
      });
    }
    if (effect.kind === 'artifact' && !this.secrets.isIn(effect.artifact.path)) {
      this.batch.artifacts.push({
        path: effect.artifact.path,
        name: this.secrets.mask(effect.artifact.name),
      });
    }
    if (effect.kind === 'progress') {
      this.batch.progress = { percentage: effect.percentage, message: this.secrets.mask(effect.message) };
    }
    if (effect.kind === 'result') this.batch.resultMessage = this.secrets.mask(effect.message);
  }
}

/** The value that is to be masked from now on. */
function declaredBy(effect: Effect): { readonly name: string; readonly value: string } | undefined {
  if (effect.kind === 'mask') return { name: '', value: effect.value };
  if (effect.kind === 'unsupported' && effect.secret !== undefined) return { name: '', value: effect.secret };
  return effect.kind === 'variable' && effect.variable.sensitive ? effect.variable : undefined;
}

interface Collected {
  runs: LogRun[];
  outputs: OutputVariable[];
  artifacts: DeclaredArtifact[];
  progress?: { percentage: number; message: string };
  resultMessage?: string;
}

function emptyBatch(): Collected {
  return { runs: [], outputs: [], artifacts: [] };
}
