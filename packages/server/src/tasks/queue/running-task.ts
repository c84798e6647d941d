/** One task that this server has taken from the queue, from its lease to the lease's end. */
import { type ErrorKind, kindOf, messageOf } from '@argonaut/contracts';
import { timestamp } from '@argonaut/contracts/rest';
import { initialState, plan, ROOT_ACTIVITY } from '@argonaut/orchestrator';
import type { Lease, Stored } from '../../database/index.ts';
import { type ExecutionPorts, TaskExecution } from '../../execution/index.ts';
import type { Services } from '../../services.ts';
import { encodeFrames, type LogFrame } from '../../tasklog/index.ts';
import { recordTask } from '../audit.ts';
import { type End, endTask } from '../ending.ts';
import type { SentEvent } from '../events.ts';
import type { LoadedRun, TaskKind } from '../kinds.ts';
import { changeTask, isCompleted, type Task, tasksIn } from '../queries.ts';
import { forgetEntries } from '../runs/entries.ts';
import type { DatabaseRunStore } from '../runs/run-store.ts';
import { waitsForPeople } from './waiting.ts';

/** Everything of the execution's ports that is the same for all tasks. */
export type SharedPorts = Pick<
  ExecutionPorts,
  'workers' | 'images' | 'packages' | 'artifacts' | 'containerOptions'
>;

export interface Surroundings {
  readonly services: Services;
  readonly kinds: ReadonlyMap<string, TaskKind>;
  readonly store: DatabaseRunStore;
  readonly ports: SharedPorts;
  /** Shown with the task. */
  readonly node: string;
  /** Something has changed that lets another task begin. */
  readonly onRoom: () => void;
}

/** These say that the task itself cannot be done; others may pass, and it is tried again. */
const FINAL: readonly (ErrorKind | undefined)[] = ['Invalid', 'NotFound'];

export class RunningTask {
  readonly lease: Lease;
  /** True while it only waits for a person. */
  waiting = false;
  readonly #surroundings: Surroundings;
  readonly #stop = new AbortController();
  readonly #cancel = new AbortController();
  readonly #delivered = new Set<string>();
  #execution: TaskExecution | undefined;

  constructor(lease: Lease, surroundings: Surroundings) {
    this.lease = lease;
    this.#surroundings = surroundings;
  }

  /** Gives the task up; what runs on workers goes on running. */
  stop(reason: Error): void {
    this.#stop.abort(reason);
  }

  /** `done`: over, and its lease has ended. `stopped`: somebody said stop. Rejects when it has to be tried again. */
  async run(): Promise<'done' | 'stopped'> {
    const { services, store, kinds } = this.#surroundings;
    const { task: id } = this.lease;
    store.hold(this.lease);
    try {
      const task = await tasksIn(services.database).get(id);
      const kind = kinds.get(task.document.Name);
      const isNew = !(await store.exists(id));
      if (!isNew || !isCompleted(task.document)) {
        if (kind?.load !== undefined) {
          if ((await this.#runProcess(task, kind, kind.load, isNew)) === 'stopped') return 'stopped';
        } else if (!isCompleted(task.document)) {
          await this.#perform(task, kind);
          if (this.#stop.signal.aborted) return 'stopped';
        }
      }
      await this.#release();
      return 'done';
    } finally {
      store.letGo(this.lease);
    }
  }

  /** Resolves when it has been stored; the same event twice is entered once. */
  async deliver({ id, event }: SentEvent): Promise<boolean> {
    if (this.#delivered.has(id)) return false;
    if (this.#execution === undefined) {
      if (event.type === 'cancel-requested') this.#cancel.abort(new Error('The task was cancelled.'));
      return false;
    }
    this.#delivered.add(id);
    try {
      await this.#execution.post({ events: [event] });
      return true;
    } catch {
      this.#delivered.delete(id);
      return false;
    }
  }

  async #runProcess(
    task: Stored<Task>,
    kind: TaskKind,
    load: NonNullable<TaskKind['load']>,
    isNew: boolean,
  ): Promise<'over' | 'stopped'> {
    const { services, store, ports } = this.#surroundings;
    let loaded: LoadedRun;
    try {
      loaded = await load(services, task);
      if (isNew) await this.#plan(task, loaded);
    } catch (error) {
      // What has begun is never ended by a guess.
      if (!isNew || !FINAL.includes(kindOf(error))) throw error;
      await this.#failBeforeStart(task, messageOf(error), kind);
      return 'over';
    }
    this.#execution = await TaskExecution.claim(task.id, {
      ...ports,
      store,
      variables: { load: async () => loaded.variables },
      now: () => services.now().getTime(),
      observer: {
        onState: (state) => {
          const waiting = waitsForPeople(state);
          if (waiting === this.waiting) return;
          this.waiting = waiting;
          this.#surroundings.onRoom();
        },
      },
    });
    using _ = services.tasksHere.add(this.#execution);
    this.waiting = waitsForPeople(this.#execution.state);
    // Events that came before are waiting for somebody to read them.
    this.#surroundings.onRoom();
    const timeMs = services.now().getTime();
    const opening = loaded.warnings.map((warning) => line(warning, timeMs, 'Warning', ROOT_ACTIVITY));
    const completion = await this.#execution.run(this.#stop.signal, opening);
    return completion === 'stopped' ? 'stopped' : 'over';
  }

  /** The plan, and that the task has begun, in one transaction. */
  async #plan(task: Stored<Task>, loaded: LoadedRun): Promise<void> {
    const { services, store } = this.#surroundings;
    const made = plan({
      ...(await loaded.planInput()),
      task: task.id,
      title: task.document.Description,
      server: services.installationId,
      attemptPrefix: `${task.id.toLowerCase()}-${services.installationId.slice(0, 8)}`,
    });
    await services.database.transaction(async () => {
      await store.create(made, initialState(made));
      await this.#begin();
    });
  }

  async #begin(): Promise<void> {
    const { services, node } = this.#surroundings;
    const now = timestamp(services.now());
    let starts = false;
    const stored = await changeTask(services.database, this.lease.task, (document) => {
      starts = document.StartTime === null;
      return starts
        ? {
            ...document,
            State: document.State === 'Queued' ? 'Executing' : document.State,
            StartTime: now,
            LastUpdatedTime: now,
            ServerNode: node,
          }
        : { ...document, ServerNode: node };
    });
    if (starts) await recordTask(services, stored, 'Started');
  }

  /** A task of the server itself: no plan, no workers of its own. */
  async #perform(task: Stored<Task>, kind: TaskKind | undefined): Promise<void> {
    const { services, store } = this.#surroundings;
    await services.database.transaction(() => this.#begin());
    const root = rootFrames(task, services.now().getTime());
    await store.note(this.lease, encodeFrames(root));
    const signal = AbortSignal.any([this.#stop.signal, this.#cancel.signal]);
    let end: End = { state: 'Success', errorMessage: '' };
    try {
      if (kind?.perform === undefined)
        throw new Error(`This server does not know tasks of the kind "${task.document.Name}".`);
      await kind.perform(services, task, {
        signal,
        log: (frames) => store.note(this.lease, encodeFrames(frames)),
      });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      end = this.#cancel.signal.aborted
        ? { state: 'Canceled', errorMessage: 'The task was cancelled.' }
        : { state: 'Failed', errorMessage: messageOf(error) };
    }
    await this.#end(end, kind);
  }

  async #failBeforeStart(task: Stored<Task>, errorMessage: string, kind: TaskKind): Promise<void> {
    const { services, store } = this.#surroundings;
    await services.database.transaction(() => this.#begin());
    await store.note(this.lease, encodeFrames(rootFrames(task, services.now().getTime())));
    await this.#end({ state: 'Failed', errorMessage }, kind);
  }

  async #end(end: End, kind: TaskKind | undefined): Promise<void> {
    const { services, store } = this.#surroundings;
    const timeMs = services.now().getTime();
    const frames: LogFrame[] = [];
    if (end.errorMessage !== '') frames.push(line(end.errorMessage, timeMs));
    const status = end.state === 'TimedOut' ? 'Failed' : end.state;
    frames.push({ type: 'status', activity: ROOT, status, timeMs });
    await store.note(this.lease, encodeFrames(frames), () => endTask(services, this.lease.task, end, kind));
  }

  /** Nothing is left of it on any worker: its lease ends, and with it everything that only its run needed. */
  async #release(): Promise<void> {
    const { services } = this.#surroundings;
    const { database, coordination } = services;
    const { task } = this.lease;
    await database.transaction(async () => {
      await coordination.release(this.lease, 'done');
      await forgetEntries(database, task);
      await database.query.deleteFrom('task_events').where('task', '=', task).execute();
      await database.query.deleteFrom('worker_leases').where('task', '=', task).execute();
    });
  }
}

const ROOT = 'task';

function rootFrames(task: Stored<Task>, timeMs: number): LogFrame[] {
  return [
    { type: 'activity', activity: ROOT, parent: '', name: task.document.Description, kind: 'task' },
    { type: 'status', activity: ROOT, status: 'Running', timeMs },
  ];
}

function line(text: string, timeMs: number, level: 'Warning' | 'Error' = 'Error', activity = ROOT): LogFrame {
  return { type: 'text', activity, source: 'server', level, timeMs, bytes: Buffer.from(`${text}\n`) };
}
