/**
 * One task while this process has it: a single writer that enters events into the state, stores state and orders in one
 * transaction, and only then lets the orders out. Killed between any two lines, the next claim finds everything.
 */
import { messageOf } from '@argonaut/contracts';
import {
  accountedBytes,
  type LogChunk,
  type LogPosition,
  type NamedSecret,
  type TerminalRequest,
  type TerminalSession,
} from '@argonaut/contracts/attempt';
import {
  advance,
  type CommandOf,
  type Order,
  type Plan,
  type TaskEvent,
  type TaskState,
} from '@argonaut/orchestrator';
import { SecretSet } from '@argonaut/runner/masking';
import type { LogFrame } from '../tasklog/index.ts';
import { ChangeBuilder } from './change.ts';
import { crashPoint, holdEdge } from './crash-point.ts';
import type { Entry, ExecutionSide, Located } from './execution-side.ts';
import { Mailbox } from './mailbox.ts';
import { OrderDesk } from './order-desk.ts';
import type { AttemptCursor, ExecutionPorts, StoredArtifact, StoredRun, StoredTimer } from './ports.ts';
import { TaskScope } from './task-scope.ts';

export type Completion = CommandOf<'complete'>;

type WorkerOrder = Exclude<Order, { kind: 'abandon' | 'release-lease' }>;

interface Letter {
  readonly entry: Entry;
  readonly stored: PromiseWithResolvers<void>;
}

export class TaskExecution implements ExecutionSide {
  readonly plan: Plan;
  readonly task: string;
  readonly epoch: number;
  readonly ports: ExecutionPorts;
  readonly scope: TaskScope;
  #state: TaskState;
  readonly #mailbox = new Mailbox<Letter>();
  readonly #orders: Map<string, Order>;
  readonly #cursors: Map<string, AttemptCursor>;
  readonly #artifacts: Map<string, StoredArtifact>;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #desk: OrderDesk;
  readonly #stop = new AbortController();
  #completion: Completion | undefined;
  #storedTimers: readonly StoredTimer[];

  private constructor(run: StoredRun, epoch: number, ports: ExecutionPorts, scope: TaskScope) {
    this.plan = run.plan;
    this.task = run.plan.task;
    this.epoch = epoch;
    this.ports = ports;
    this.scope = scope;
    this.#state = run.state;
    this.#orders = new Map(run.orders.map((order) => [order.id, order]));
    this.#cursors = new Map(Object.entries(run.cursors));
    this.#artifacts = new Map(run.artifacts.map((artifact) => [artifact.id, artifact]));
    this.#storedTimers = run.timers;
    this.#completion = completionOf(run.state);
    this.#desk = new OrderDesk(this);
  }

  /** Takes the task over from whoever had it. */
  static async claim(task: string, ports: ExecutionPorts): Promise<TaskExecution> {
    const { run, epoch } = await ports.store.claim(task);
    const scope = new TaskScope(run.plan, await ports.variables.load(task), run.outputs, ports.now());
    return new TaskExecution(run, epoch, ports, scope);
  }

  get state(): TaskState {
    return this.#state;
  }

  /** Aborted when this process gives the task up, for whatever reason. */
  get stopSignal(): AbortSignal {
    return this.#stop.signal;
  }

  /** False once it has been answered or withdrawn. */
  hasOrder(id: string): boolean {
    return this.#orders.has(id);
  }

  /**
   * Works until the task is over and everything of it is put away, or until `signal` says stop: then everything that
   * runs goes on running, and a later claim picks it up. Rejects when the store fails or another process has the task.
   * @param opening lines for the beginning of the log, stored with it: a task may be over as soon as it has begun
   */
  async run(signal: AbortSignal, opening: readonly LogFrame[] = []): Promise<Completion | 'stopped'> {
    const onAbort = () => this.#stop.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      if (this.#completion !== undefined && this.#orders.size === 0) return this.#completion;
      for (const { timer, dueMs } of this.#storedTimers) this.#arm(timer, dueMs);
      this.#desk.recover([...this.#orders.values()]);
      if (this.#state.phase === 'new') {
        this.post({ events: [{ type: 'begin' }] }).catch(() => {});
        this.post({ frames: opening }).catch(() => {});
      }
      while (this.#completion === undefined || this.#orders.size > 0) {
        await this.#store(await this.#mailbox.take(this.#stop.signal));
      }
      return this.#completion;
    } catch (error) {
      if (signal.aborted) return 'stopped';
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#stop.abort(new Error('The execution of this task has ended here.'));
      for (const timer of this.#timers.values()) clearTimeout(timer);
      for (const { stored } of this.#mailbox.close()) stored.reject(this.stopSignal.reason);
      await this.#desk.settled();
    }
  }

  /** Resolves when it is durable; rejects when this process gives the task up first. */
  post(entry: Entry): Promise<void> {
    if (this.stopSignal.aborted) return Promise.reject(this.stopSignal.reason);
    const stored = Promise.withResolvers<void>();
    this.#mailbox.put({ entry, stored });
    return stored.promise;
  }

  /** Asks for the end of the task; every request with a new id insists more. */
  cancel(request: string, by?: string): Promise<void> {
    return this.post({
      events: [{ type: 'cancel-requested', request, ...(by === undefined ? {} : { by }) }],
    });
  }

  /** A person's terminal in an attempt that is open or held; ends when this process gives the task up. */
  terminal(
    attempt: string,
    request: Omit<TerminalRequest, 'secrets'>,
    signal: AbortSignal,
  ): Promise<TerminalSession> {
    return this.#desk.terminal(attempt, request, AbortSignal.any([signal, this.stopSignal]));
  }

  position(attempt: string): LogPosition {
    return this.#cursors.get(attempt)?.position ?? { cursor: 0 };
  }

  resultMessage(attempt: string): string | undefined {
    return this.#cursors.get(attempt)?.resultMessage;
  }

  artifactsOf(attempt: string): readonly StoredArtifact[] {
    return [...this.#artifacts.values()].filter((artifact) => artifact.attempt === attempt);
  }

  /** The values to hide in an attempt's log: those known when its gate opened. */
  secretsOf(attempt: string): readonly NamedSecret[] {
    const { action, step } = this.locate(attempt);
    return this.scope.secrets(action, step, this.#cursors.get(attempt)?.outputsAtOpen);
  }

  /** Errors quote what they were given, and a worker's quote what a script did. */
  told(error: unknown): string {
    return new SecretSet(this.scope.everySecret()).mask(messageOf(error));
  }

  locate(attempt: string): Located {
    const key = this.#state.attempts[attempt]?.action;
    for (const step of this.plan.steps) {
      const planned = step.actions.find((candidate) => candidate.key === key);
      if (planned !== undefined) return { step, planned, action: planned.action };
    }
    throw new Error(`Attempt ${attempt} does not belong to task ${this.task}.`);
  }

  /** The store or the worker says that this process does not have the task any more, or something is badly wrong. */
  fail(error: unknown): void {
    this.#stop.abort(error);
  }

  async #store(letters: readonly Letter[]): Promise<void> {
    const now = this.ports.now();
    this.scope.nowMs = now;
    const change = new ChangeBuilder(now);
    for (const { entry } of letters) this.#enter(entry, change);
    const built = change.build();
    const edge = holdEdge(
      built,
      letters.map(({ entry }) => entry),
    );
    try {
      crashPoint('execution.before-commit');
      if (edge !== undefined) crashPoint(`hold.before-${edge}`);
      await this.ports.store.commit(this.task, this.epoch, built);
      if (edge !== undefined) crashPoint(`hold.after-${edge}`);
      crashPoint('execution.after-commit');
    } catch (error) {
      for (const { stored } of letters) stored.reject(error);
      throw error;
    }
    for (const { stored } of letters) stored.resolve();
    this.#completion ??= built.completion;
    for (const order of built.addedOrders) this.#orders.set(order.id, order);
    for (const id of built.removedOrders) this.#orders.delete(id);
    for (const { timer, dueMs } of built.addedTimers) this.#arm(timer, dueMs);
    const { observer } = this.ports;
    if (built.frames.length > 0) observer?.onFrames?.(built.frames);
    for (const question of built.questions) observer?.onQuestion?.(question);
    if (built.state !== undefined) observer?.onState?.(built.state);
    for (const order of built.addedOrders) {
      if (this.hasOrder(order.id)) this.#desk.carryOut(order);
    }
  }

  #enter(entry: Entry, change: ChangeBuilder): void {
    const { events = [], chunk, frames, artifact, doneOrders, firedTimer, openedAt } = entry;
    if (frames !== undefined) change.frames.push(...frames);
    if (chunk !== undefined) this.#enterChunk(chunk.attempt, chunk.chunk, change);
    if (artifact !== undefined) {
      this.#artifacts.set(artifact.id, artifact);
      change.artifacts.push(artifact);
    }
    if (openedAt !== undefined) {
      const cursor = {
        position: { cursor: 0 },
        ...this.#cursors.get(openedAt.attempt),
        outputsAtOpen: openedAt.moment,
      };
      this.#cursors.set(openedAt.attempt, cursor);
      change.cursors[openedAt.attempt] = cursor;
    }
    if (doneOrders !== undefined) change.removedOrders.push(...doneOrders);
    if (firedTimer !== undefined) change.removedTimers.push(firedTimer);
    for (const event of events) this.#enterEvent(event, change);
  }

  #enterEvent(event: TaskEvent, change: ChangeBuilder): void {
    const advanced = advance(this.plan, this.#state, event, this.scope);
    this.#state = advanced.state;
    change.state = advanced.state;
    const outputsBefore = change.outputs.length;
    for (const command of advanced.commands) change.command(command);
    for (const output of change.outputs.slice(outputsBefore)) this.scope.add(output);
    for (const command of advanced.commands) {
      if (command.kind === 'abandon') change.removedOrders.push(command.order);
    }
    if (event.type === 'worker-lost') {
      const { pool, generation } = event;
      this.#dropOrders(change, (order) => order.pool === pool && order.generation === generation);
    } else if (event.type === 'staging-gone') {
      this.#dropOrders(change, (order) => 'attempt' in order && order.attempt === event.attempt);
    }
  }

  /** A chunk that was stored before changes nothing. */
  #enterChunk(attempt: string, chunk: LogChunk, change: ChangeBuilder): void {
    const before = this.#cursors.get(attempt);
    if (before !== undefined && accountedBytes(chunk) <= accountedBytes(before.position)) return;
    const outputsBefore = change.outputs.length;
    const { action } = this.locate(attempt);
    change.chunk(attempt, action.name, chunk, before, this.artifactsOf(attempt).length);
    const cursor = change.cursors[attempt];
    if (cursor !== undefined) this.#cursors.set(attempt, cursor);
    for (const output of change.outputs.slice(outputsBefore)) this.scope.add(output);
    for (const artifact of change.artifacts) this.#artifacts.set(artifact.id, artifact);
  }

  /** What a lost worker was told to do, or was to be done with a staging that is gone, is not to be done any more. */
  #dropOrders(change: ChangeBuilder, concerns: (order: WorkerOrder) => boolean): void {
    for (const order of [...this.#orders.values(), ...change.addedOrders]) {
      if (order.kind === 'abandon' || order.kind === 'release-lease' || !concerns(order)) continue;
      change.removedOrders.push(order.id);
      this.#desk.abandon(order.id);
    }
  }

  #arm(timer: string, dueMs: number): void {
    const fire = (): void => {
      const left = dueMs - this.ports.now();
      // Longer waits than a timer can hold are taken in pieces.
      if (left > 0) {
        this.#timers.set(timer, setTimeout(fire, Math.min(left, 2 ** 30)));
        return;
      }
      this.#timers.delete(timer);
      this.post({ events: [{ type: 'timer-fired', timer }], firedTimer: timer }).catch(() => {});
    };
    fire();
  }
}

/** A task that was completed may have orders left: leases to give back. */
function completionOf(state: TaskState): Completion | undefined {
  if (state.result === undefined) return undefined;
  const errorMessage = state.result === 'Success' ? '' : (state.failure ?? 'The task was cancelled.');
  const unknown = errorMessage.startsWith('Outcome unknown');
  return { id: 'completion', kind: 'complete', result: state.result, errorMessage, unknown };
}
