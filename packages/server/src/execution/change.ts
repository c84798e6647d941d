/** Collects what one transaction changes, and turns the orchestrator's records into log frames and rows. */
import type { LogChunk } from '@argonaut/contracts/attempt';
import type { Command, Order, RecordCommand, TaskState } from '@argonaut/orchestrator';
import { isRecord } from '@argonaut/orchestrator';
import { encodeFrames, type LogFrame } from '../tasklog/index.ts';
import type { AttemptCursor, RunChange, StoredArtifact, StoredOutput, StoredTimer } from './ports.ts';

export class ChangeBuilder {
  state: TaskState | undefined;
  readonly addedOrders: Order[] = [];
  readonly removedOrders: string[] = [];
  readonly addedTimers: StoredTimer[] = [];
  readonly removedTimers: string[] = [];
  readonly cursors: Record<string, AttemptCursor> = {};
  readonly outputs: StoredOutput[] = [];
  readonly artifacts: StoredArtifact[] = [];
  readonly questions: RunChange['questions'][number][] = [];
  readonly withdrawn: RunChange['withdrawn'][number][] = [];
  readonly frames: LogFrame[] = [];
  completion: RunChange['completion'];
  readonly #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  command(command: Command): void {
    if (isRecord(command)) this.#record(command);
    else this.addedOrders.push(command);
  }

  #record(record: RecordCommand): void {
    const timeMs = this.#now;
    switch (record.kind) {
      case 'activity': {
        const { activity, parent, name, activityKind: kind } = record;
        this.frames.push({ type: 'activity', activity, parent, name, kind });
        return;
      }
      case 'status':
        this.frames.push({ type: 'status', activity: record.activity, status: record.status, timeMs });
        return;
      case 'say':
        this.frames.push(serverLine(record.activity, record.level, record.text, timeMs));
        return;
      case 'outputs':
        for (const [name, value] of Object.entries(record.values)) {
          this.outputs.push({ action: record.action, name, value, sensitive: false });
        }
        return;
      case 'ask':
        this.questions.push(record);
        return;
      case 'withdraw':
        this.withdrawn.push(record);
        return;
      case 'timer':
        this.addedTimers.push({ timer: record.timer, dueMs: this.#now + record.delayMs });
        return;
      case 'complete':
        this.completion = record;
        return;
    }
  }

  /** A chunk with everything that was found in it: all of it is keyed by the new cursor. */
  chunk(
    attempt: string,
    action: string,
    chunk: LogChunk,
    before: AttemptCursor | undefined,
    known: number,
  ): void {
    for (const { stream, level, timeMs, bytes } of chunk.runs) {
      this.frames.push({ type: 'text', activity: attempt, source: stream, level, timeMs, bytes });
    }
    if (chunk.progress !== undefined) {
      this.frames.push({ type: 'progress', activity: attempt, ...chunk.progress });
    }
    for (const output of chunk.outputs) this.outputs.push({ action, ...output });
    for (const [index, { path, name }] of chunk.artifacts.entries()) {
      const id = `${attempt}-${known + index + 1}`;
      this.artifacts.push({ id, attempt, path, name, status: 'declared' });
    }
    const resultMessage = chunk.resultMessage ?? before?.resultMessage;
    const { cursor, ahead } = chunk;
    this.cursors[attempt] = {
      ...before,
      position: { cursor, ...(ahead === undefined ? {} : { ahead }) },
      ...(resultMessage === undefined ? {} : { resultMessage }),
    };
  }

  build(): RunChange {
    return {
      ...(this.state === undefined ? {} : { state: this.state }),
      addedOrders: this.addedOrders,
      removedOrders: this.removedOrders,
      addedTimers: this.addedTimers,
      removedTimers: this.removedTimers,
      cursors: this.cursors,
      outputs: this.outputs,
      artifacts: this.artifacts,
      questions: this.questions,
      withdrawn: this.withdrawn,
      ...(this.completion === undefined ? {} : { completion: this.completion }),
      log: encodeFrames(this.frames),
      frames: this.frames,
    };
  }
}

export function serverLine(
  activity: string,
  level: 'Verbose' | 'Info' | 'Highlight' | 'Wait' | 'Warning' | 'Error',
  text: string,
  timeMs: number,
): LogFrame {
  return { type: 'text', activity, source: 'server', level, timeMs, bytes: Buffer.from(`${text}\n`) };
}
