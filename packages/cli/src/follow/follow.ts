/** Shows the log of a server's task while it is written, from its first line, and tells how the task ended. */
import { InfrastructureFailure, type Secret } from '@argonaut/contracts';
import type { LogFrame } from '@argonaut/server/tasklog';
import { RunLines, type RunListener } from '../display/lines-of-run.ts';
import { serverEvents } from './events.ts';

export interface TaskToFollow {
  /** Where the server is: `http://127.0.0.1:8080`. */
  readonly server: string;
  readonly apiKey: Secret;
  /** `ServerTasks-12`. */
  readonly task: string;
  readonly signal: AbortSignal;
  /** Waited for before more is asked of the server. */
  readonly caughtUp?: (signal: AbortSignal) => Promise<void>;
}

export interface TaskEnd {
  /** As the task's `State`: `Success`, `Failed`, `Canceled`, `TimedOut`. */
  readonly state: string;
  readonly errorMessage: string;
}

/** @throws NotFound when there is no such task; InfrastructureFailure when the server stays away. */
export async function followTask(task: TaskToFollow, listener: RunListener): Promise<TaskEnd> {
  const lines = new RunLines(listener);
  const url = new URL(`/api/argonaut/tasks/${encodeURIComponent(task.task)}/log`, task.server).href;
  for await (const { event, data } of serverEvents({ url, apiKey: task.apiKey, signal: task.signal })) {
    if (event === 'end') return JSON.parse(data) as TaskEnd;
    lines.push(frameOf(event, JSON.parse(data)));
    await task.caughtUp?.(task.signal);
  }
  throw new InfrastructureFailure(`The log of ${task.task} stopped before the task ended.`);
}

/** Text travels as text, or as base64 where it is none. */
function frameOf(type: string, { text, base64, ...data }: Record<string, unknown>): LogFrame {
  const bytes =
    typeof base64 === 'string' ? Buffer.from(base64, 'base64') : Buffer.from(String(text ?? ''), 'utf8');
  return { type, ...data, ...(type === 'text' ? { bytes } : {}) } as LogFrame;
}
