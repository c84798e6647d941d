/**
 * Carries orders out. Orders about the same attempt, lease or image follow each other; others run side by side. Each
 * order's answer and its removal are stored together, so a crash in between repeats the order, never its effect.
 */
import { NotFound } from '@argonaut/contracts';
import type { TerminalRequest, TerminalSession } from '@argonaut/contracts/attempt';
import { type Order, ROOT_ACTIVITY, type TaskEvent } from '@argonaut/orchestrator';
import { acquireImage } from './acquire-order.ts';
import { acquirePackage } from './acquire-package-order.ts';
import { cancelAttempt, discardAttempt, openAttempt, releaseHold, stageAttempt } from './attempt-orders.ts';
import type { Call } from './call.ts';
import { crashPoint } from './crash-point.ts';
import type { Entry, ExecutionSide } from './execution-side.ts';
import { finishAttempt } from './finish-order.ts';
import { followAttempt } from './follow-attempt.ts';
import { isFenced, isTrouble, WorkerLost, withPatience } from './patience.ts';
import type { WorkerLease } from './ports.ts';
import { sayLine } from './say-line.ts';

const DEFAULT_LOST_AFTER_MS = 10 * 60_000;

export class OrderDesk {
  readonly #execution: ExecutionSide;
  readonly #chains = new Map<string, Promise<void>>();
  readonly #controllers = new Map<string, AbortController>();
  readonly #leases = new Map<string, Promise<WorkerLease>>();
  readonly #followed = new Set<string>();
  /** By lease whose worker was told to be away: the calls that wait for it. */
  readonly #away = new Map<string, Set<object>>();

  constructor(execution: ExecutionSide) {
    this.#execution = execution;
  }

  /** After a claim: asks what became of every attempt that was staged or opened, and takes up the orders that are left. */
  recover(orders: readonly Order[]): void {
    const attempts = Object.values(this.#execution.state.attempts);
    for (const { id, phase, pool, generation } of attempts) {
      if (phase === 'staged' || phase === 'opening') this.#findGoneStaging(id, pool, generation);
    }
    for (const order of orders) this.carryOut(order);
    for (const { id, phase } of attempts) {
      if (phase === 'open' || phase === 'ended') this.follow(id);
    }
  }

  carryOut(order: Order): void {
    if (order.kind === 'abandon') {
      this.abandon(order.order);
      this.#execution.post({ doneOrders: [order.id] }).catch(() => {});
      return;
    }
    const controller = new AbortController();
    this.#controllers.set(order.id, controller);
    const signal = AbortSignal.any([this.#execution.stopSignal, controller.signal]);
    this.#chain(subjectOf(order), async () => {
      try {
        if (signal.aborted || !this.#execution.hasOrder(order.id)) return;
        crashPoint('execution.before-order');
        const entry = await this.#perform(order, signal);
        crashPoint('execution.after-order');
        await this.#execution.post({ ...entry, doneOrders: [order.id] });
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof WorkerLost) || order.kind === 'release-lease') throw error;
        await this.#lose(order.pool, order.generation, error.message);
      } finally {
        this.#controllers.delete(order.id);
      }
    });
  }

  abandon(order: string): void {
    this.#controllers.get(order)?.abort(new Error('The order was withdrawn.'));
  }

  /** Reads the log of an open attempt and waits for its end. */
  follow(attempt: string): void {
    const state = this.#execution.state.attempts[attempt];
    if (state === undefined || this.#followed.has(attempt)) return;
    this.#followed.add(attempt);
    const { pool, generation } = state;
    const signal = this.#execution.stopSignal;
    this.#chain(`follow:${attempt}`, async () => {
      try {
        await followAttempt(attempt, await this.#call(pool, generation, signal));
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof WorkerLost)) throw error;
        await this.#lose(pool, generation, error.message);
      }
    });
  }

  /** A person's terminal in an attempt that is open or held. Its output hides every secret that the task knows by now. */
  async terminal(
    attempt: string,
    request: Omit<TerminalRequest, 'secrets'>,
    signal: AbortSignal,
  ): Promise<TerminalSession> {
    const state = this.#execution.state.attempts[attempt];
    if (state === undefined) throw new NotFound(`There is no attempt ${attempt}.`);
    const { lease } = await this.#call(state.pool, state.generation, signal);
    const secrets = this.#execution.scope.everySecret();
    return lease.connection.terminal(attempt, { ...request, secrets }, signal);
  }

  /** Resolves when nothing is being carried out any more. */
  async settled(): Promise<void> {
    while (this.#chains.size > 0) await Promise.all(this.#chains.values());
  }

  #chain(subject: string, work: () => Promise<void>): void {
    const before = this.#chains.get(subject) ?? Promise.resolve();
    const now = before.then(work).catch((error: unknown) => this.#execution.fail(error));
    this.#chains.set(subject, now);
    void now.then(() => {
      if (this.#chains.get(subject) === now) this.#chains.delete(subject);
    });
  }

  async #perform(order: Exclude<Order, { kind: 'abandon' }>, signal: AbortSignal): Promise<Entry> {
    const { task, ports } = this.#execution;
    if (order.kind === 'lease') return { events: [await this.#lease(order.pool, order.generation, signal)] };
    if (order.kind === 'release-lease') {
      const { pool, generation } = order;
      this.#leases.delete(`${pool}:${generation}`);
      await ports.workers.release({ task, pool, generation });
      return {};
    }
    const call = await this.#call(order.pool, order.generation, signal);
    switch (order.kind) {
      case 'acquire':
        return acquireImage(order, call);
      case 'acquire-package':
        return acquirePackage(order, call);
      case 'stage':
        return stageAttempt(order, call);
      case 'open': {
        const entry = await openAttempt(order, call);
        await this.#execution.post(entry);
        if (entry.openedAt !== undefined) this.follow(order.attempt);
        return {};
      }
      case 'discard':
        return discardAttempt(order, call);
      case 'cancel':
        return cancelAttempt(order, call);
      case 'release-hold':
        return releaseHold(order, call);
      case 'finish':
        return finishAttempt(order, call);
      case 'end-lane':
        // The lane's sandbox is swept by the worker sooner or later; a failure here must not hold the task.
        await call.lease.connection.endLane(order.lane, signal).catch(() => {});
        return {};
    }
  }

  async #lease(pool: string, generation: number, signal: AbortSignal): Promise<TaskEvent> {
    try {
      const { worker, name } = await this.#take(pool, generation, signal);
      return { type: 'leased', pool, generation, worker, workerName: name };
    } catch (error) {
      if (signal.aborted) throw error;
      return { type: 'lease-failed', pool, generation, message: this.#execution.told(error) };
    }
  }

  /** The worker of a lease; after a restart the same one as before. */
  #take(pool: string, generation: number, signal: AbortSignal): Promise<WorkerLease> {
    const key = `${pool}:${generation}`;
    let lease = this.#leases.get(key);
    if (lease === undefined) {
      const { task, ports, state } = this.#execution;
      const held = state.leases[pool];
      const worker = held?.generation === generation ? held.worker : undefined;
      const request = { task, pool, generation, ...(worker === undefined ? {} : { worker }) };
      lease = ports.workers.lease(request, signal);
      this.#leases.set(key, lease);
      lease.catch(() => this.#leases.delete(key));
    }
    return lease;
  }

  async #call(pool: string, generation: number, signal: AbortSignal): Promise<Call> {
    const { ports, epoch, state } = this.#execution;
    const worker = state.leases[pool]?.workerName ?? pool;
    const lostAfterMs = ports.lostAfterMs ?? DEFAULT_LOST_AFTER_MS;
    const key = `${pool}:${generation}`;
    const asking = async <T>(
      mayPass: (error: unknown) => boolean,
      call: (answered: () => void) => Promise<T>,
    ): Promise<T> => {
      const waiting = {};
      const onWait = (error: unknown): void =>
        this.#tellAway(
          key,
          waiting,
          `Worker "${worker}" does not answer, or has trouble: ${this.#execution.told(error)} It is asked again for ${Math.round(lostAfterMs / 1000)} s at most. What runs there goes on meanwhile; what it is to do, a cancel too, reaches it when it answers.`,
        );
      const patience = { worker, lostAfterMs, now: ports.now, signal, mayPass, onWait };
      try {
        return await withPatience(patience, (answered) =>
          call(() => {
            answered();
            this.#tellBack(key, waiting, worker);
          }),
        );
      } finally {
        // Who leaves without an answer waits no longer. That the worker is back, the next answer tells.
        this.#away.get(key)?.delete(waiting);
      }
    };
    const lease = await asking(isTrouble, () => this.#take(pool, generation, signal));
    const patiently: Call['patiently'] = async (call, mayPass = isTrouble) => {
      try {
        return await asking(mayPass, async (answered) => {
          const answer = await call(answered);
          answered();
          return answer;
        });
      } catch (error) {
        if (isFenced(error)) this.#execution.fail(error);
        throw error;
      }
    };
    return { execution: this.#execution, lease, epoch, signal, patiently };
  }

  /** Once, until it answers: several calls may wait for the same worker. */
  #tellAway(key: string, waiting: object, message: string): void {
    const others = this.#away.get(key);
    if (others === undefined) this.#tell('Warning', message);
    this.#away.set(key, (others ?? new Set()).add(waiting));
  }

  /** When it has answered all of them: its engine may be away while what needs none goes on. */
  #tellBack(key: string, waiting: object, worker: string): void {
    const all = this.#away.get(key);
    all?.delete(waiting);
    if (all?.size !== 0) return;
    this.#away.delete(key);
    this.#tell('Info', `Worker "${worker}" answers again.`);
  }

  #tell(level: 'Info' | 'Warning', message: string): void {
    sayLine(this.#execution, ROOT_ACTIVITY, { level, message });
  }

  async #lose(pool: string, generation: number, message: string): Promise<void> {
    this.#leases.delete(`${pool}:${generation}`);
    await this.#execution.post({ events: [{ type: 'worker-lost', pool, generation, message }] });
  }

  /** What a restarted worker has thrown away had not been opened: it is staged anew. */
  #findGoneStaging(attempt: string, pool: string, generation: number): void {
    const signal = this.#execution.stopSignal;
    this.#chain(attempt, async () => {
      try {
        const { lease, patiently } = await this.#call(pool, generation, signal);
        const known = await patiently(() => lease.connection.list(signal));
        if (known.some((candidate) => candidate.attempt === attempt)) return;
        await this.#execution.post({ events: [{ type: 'staging-gone', attempt }] });
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof WorkerLost)) throw error;
        await this.#lose(pool, generation, error.message);
      }
    });
  }
}

/** Orders with the same subject are carried out in the order in which they were given. */
function subjectOf(order: Exclude<Order, { kind: 'abandon' }>): string {
  switch (order.kind) {
    case 'lease':
    case 'release-lease':
    case 'end-lane':
      return `pool:${order.pool}`;
    case 'acquire':
      return `image:${order.image}`;
    case 'acquire-package':
      return `package:${order.package}`;
    case 'cancel':
      // Opening waits for services to become healthy, and a cancel does not wait for that.
      return `cancel:${order.attempt}`;
    default:
      return order.attempt;
  }
}
