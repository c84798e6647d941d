/** Where the time of a task went: what each activity waited for, read from the log's own records. Milliseconds. */
import type { PlacedFrame } from '../tasklog/index.ts';
import type { Task } from './queries.ts';

export interface ActivityTime {
  readonly Id: string;
  readonly Name: string;
  readonly Kind: string;
  /** From the beginning of the task. */
  Began?: number;
  Duration?: number;
  /** From the attempt's beginning to the first byte that its program wrote. */
  FirstByte?: number;
  /** As the worker measured them: `sandbox`, `create`, `start`, … */
  readonly Timings: Readonly<Record<string, number>>;
}

export async function whereTheTimeWent(id: string, task: Task, frames: AsyncIterable<PlacedFrame>) {
  const activities = new Map<string, ActivityTime & { startedMs?: number }>();
  // Told when a container has been staged, which is before its activity is declared.
  const timings = new Map<string, Record<string, number>>();
  const started = task.StartTime === null ? undefined : new Date(task.StartTime).getTime();
  for await (const { frame } of frames) {
    if (frame.type === 'activity') {
      const { activity: Id, name: Name, kind: Kind } = frame;
      if (!activities.has(Id)) activities.set(Id, { Id, Name, Kind, Timings: {} });
      continue;
    }
    if (frame.type === 'timing') {
      timings.set(frame.activity, { ...timings.get(frame.activity), ...frame.timings });
      continue;
    }
    const activity = activities.get(frame.activity);
    if (activity === undefined) continue;
    if (frame.type === 'status') {
      if (frame.status === 'Running') {
        activity.startedMs ??= frame.timeMs;
        if (started !== undefined) activity.Began ??= frame.timeMs - started;
      } else if (activity.startedMs !== undefined) {
        activity.Duration = frame.timeMs - activity.startedMs;
      }
    }
    if (frame.type === 'text' && frame.source !== 'server' && activity.startedMs !== undefined) {
      activity.FirstByte ??= Math.max(0, frame.timeMs - activity.startedMs);
    }
  }
  const completed = task.CompletedTime === null ? undefined : new Date(task.CompletedTime).getTime();
  return {
    TaskId: id,
    Queued: started === undefined ? null : started - new Date(task.QueueTime).getTime(),
    Duration: started === undefined || completed === undefined ? null : completed - started,
    Activities: [...activities.values()].map(({ startedMs: _, ...rest }) => ({
      ...rest,
      Timings: timings.get(rest.Id) ?? {},
    })),
  };
}
