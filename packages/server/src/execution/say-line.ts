/** A line of our own in the log of a task, written while an order is carried out. */
import type { WorkerLine } from '@argonaut/contracts/attempt';
import { serverLine } from './change.ts';
import type { ExecutionSide } from './execution-side.ts';

/** Nothing waits for it: a task that this process gives up needs no line. */
export function sayLine(execution: ExecutionSide, activity: string, { level, message }: WorkerLine): void {
  const line = serverLine(activity, level, message, execution.ports.now());
  execution.post({ frames: [line] }).catch(() => {});
}
