/**
 * Where the time of a task went, read from the log's own records. Milliseconds. Steps overlap on purpose: what is prepared while
 * another step runs costs nothing but is counted here all the same.
 */
import type { PlacedFrame, TimingFrame } from '../tasklog/index.ts';
import type { Task } from './queries.ts';

export interface ActivityTime {
  readonly Id: string;
  readonly Name: string;
  readonly Kind: string;
  /** From the beginning of the task. */
  readonly Began?: number;
  readonly Duration?: number;
  /**
   * In the order in which they happen, as far as they did. `queue`: from its turn (the task was queued, or the step before it had
   * ended) until it was begun with. `resolve`, `pull`: of its image, also where it came before the step and for several. What the
   * worker did: `accept`, `packages`, `sandbox`, `create`, `interpreter`, `start`, `gate` (argonaut-init was there), `services`.
   * `wait`: prepared, at the gate, for its turn. `firstByte`: from the open gate to the first byte of its program. `run`: the program
   * and all that it started. `drain`: until all that they wrote was stored. `confirm`: until the engine agreed. `remove`: until
   * nothing was left of it.
   */
  readonly Timings: Readonly<Record<string, number>>;
}

/** What the log says of an activity. */
interface Seen {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  startedMs?: number;
  endedMs?: number;
  firstByteMs?: number;
}

type Timings = Readonly<Record<string, number>>;

/** What was measured of an activity; told before it is declared when its container was made ahead. */
interface Measured {
  /** Everything up to the gate; of the last preparation, when there were several. */
  prepared: Timings;
  span?: TimingFrame['span'];
  image?: string;
  ended: Timings;
}

export async function whereTheTimeWent(
  id: string,
  task: Task,
  frames: AsyncIterable<PlacedFrame>,
  removals: ReadonlyMap<string, number>,
) {
  const { activities, measured, images } = await read(frames);
  const queued = new Date(task.QueueTime).getTime();
  const started = task.StartTime === null ? undefined : new Date(task.StartTime).getTime();
  const completed = task.CompletedTime === null ? undefined : new Date(task.CompletedTime).getTime();
  const attempts = activities.filter(({ kind }) => kind === 'attempt');
  return {
    TaskId: id,
    Queued: started === undefined ? null : started - queued,
    Duration: started === undefined || completed === undefined ? null : completed - started,
    Activities: activities.map((seen): ActivityTime => {
      const { id: Id, name: Name, kind: Kind, startedMs, endedMs } = seen;
      const known = measured.get(Id);
      const turn = turnOf(seen, attempts, queued);
      return {
        Id,
        Name,
        Kind,
        ...(started === undefined || startedMs === undefined ? {} : { Began: startedMs - started }),
        ...(startedMs === undefined || endedMs === undefined ? {} : { Duration: endedMs - startedMs }),
        Timings: {
          ...between('queue', turn, known?.span?.beganMs),
          ...images.get(Kind === 'attempt' ? known?.image : undefined),
          ...known?.prepared,
          ...between('wait', known?.span?.endedMs, startedMs),
          ...between('firstByte', startedMs, seen.firstByteMs),
          ...known?.ended,
          ...(removals.has(Id) ? { remove: removals.get(Id) ?? 0 } : {}),
        },
      };
    }),
  };
}

/** When nothing stood before an attempt any more: the end of the last one that was over when it began, or the task's own beginning. */
function turnOf({ kind, startedMs }: Seen, attempts: readonly Seen[], queuedMs: number): number | undefined {
  if (kind !== 'attempt' || startedMs === undefined) return undefined;
  const before = attempts.flatMap(({ endedMs = Infinity }) => (endedMs <= startedMs ? [endedMs] : []));
  return Math.max(queuedMs, ...before);
}

/** What was begun before its time has cost nothing. */
function between(name: string, fromMs: number | undefined, toMs: number | undefined): Timings {
  return fromMs === undefined || toMs === undefined ? {} : { [name]: Math.max(0, toMs - fromMs) };
}

async function read(frames: AsyncIterable<PlacedFrame>) {
  const activities = new Map<string, Seen>();
  const measured = new Map<string, Measured>();
  const images = new Map<string | undefined, Timings>();
  for await (const { frame } of frames) {
    if (frame.type === 'activity') {
      const { activity: id, name, kind } = frame;
      if (!activities.has(id)) activities.set(id, { id, name, kind });
    } else if (frame.type === 'timing') {
      const known = measured.get(frame.activity) ?? { prepared: {}, ended: {} };
      measured.set(frame.activity, measure(known, frame));
      if (frame.image !== undefined && frame.timings.resolve !== undefined)
        images.set(frame.image, frame.timings);
    } else {
      const activity = activities.get(frame.activity);
      if (activity === undefined) continue;
      if (frame.type === 'text' && frame.source !== 'server') activity.firstByteMs ??= frame.timeMs;
      if (frame.type !== 'status') continue;
      if (frame.status === 'Running') activity.startedMs ??= frame.timeMs;
      else activity.endedMs = frame.timeMs;
    }
  }
  return { activities: [...activities.values()], measured, images };
}

function measure(known: Measured, { timings, span, image }: TimingFrame): Measured {
  if (span === undefined) return { ...known, ended: { ...known.ended, ...timings } };
  return { ...known, prepared: timings, span, ...(image === undefined ? {} : { image }) };
}
