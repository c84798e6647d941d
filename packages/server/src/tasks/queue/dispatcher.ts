/**
 * Takes tasks from the queue and works on them: as many at once as the cap allows, those of an earlier process first of
 * all as soon as it starts. One loop, woken by commits (`wake`), by the clock (the next due task), and by its own tasks.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { messageOf } from '@argonaut/contracts';
import type { Lease } from '../../database/index.ts';
import { isFenced } from '../../execution/index.ts';
import type { Services } from '../../services.ts';
import { stoppedSpaces } from '../../spaces/queries.ts';
import { forgetEvent, sentEvents } from '../events.ts';
import type { TaskKind } from '../kinds.ts';
import { TaskChronicle } from '../runs/chronicle.ts';
import { DatabaseRunStore } from '../runs/run-store.ts';
import { expireTasks } from './expiry.ts';
import { RunningTask, type SharedPorts, type Surroundings } from './running-task.ts';

/**
 * How long a lease lasts without renewal, in milliseconds. With one process per database (SQLite) only a new process asks,
 * and it takes everything at once; several servers share a task's lease so that the next one resumes within seconds.
 */
const LEASE_MS = { sqlite: 60_000, postgres: 4_500 } as const;
/** The loop looks at the queue at least so often: a safety net for a wake that was lost. */
const IDLE_MS = 2_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

export class Dispatcher {
  readonly #services: Services;
  readonly #kinds: ReadonlyMap<string, TaskKind>;
  readonly #surroundings: Surroundings;
  readonly #store: DatabaseRunStore;
  readonly #owner = `${hostname()}-${randomUUID()}`;
  readonly #leaseMs: number;
  readonly #running = new Map<string, RunningTask>();
  readonly #ends = new Set<Promise<void>>();
  readonly #failures = new Map<string, number>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #stopped = false;
  #turn: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(services: Services, kinds: readonly TaskKind[], ports: SharedPorts) {
    this.#services = services;
    this.#kinds = new Map(kinds.map((kind) => [kind.name, kind]));
    this.#store = new DatabaseRunStore(services, new TaskChronicle(services, this.#kinds));
    this.#leaseMs = LEASE_MS[services.database.kind];
    this.#surroundings = {
      services,
      kinds: this.#kinds,
      store: this.#store,
      ports,
      node: hostname(),
      onRoom: () => this.#poke(),
    };
  }

  start(): void {
    this.#unsubscribe = this.#services.coordination.onWake(() => this.#poke());
    this.#renewal = setInterval(() => {
      this.#renew().catch((error) => this.#services.log.error({ error: messageOf(error) }, 'lease renewal'));
    }, this.#leaseMs / 3);
    this.#poke();
  }

  /** Takes no more tasks and gives up those that it has; their steps go on, and the next process picks them up. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    clearTimeout(this.#timer);
    clearInterval(this.#renewal);
    for (const retry of this.#retries) clearTimeout(retry);
    for (const task of this.#running.values()) task.stop(new Error('The server is stopping.'));
    await this.#turn;
    await Promise.all(this.#ends);
  }

  #poke(): void {
    this.#again = true;
    this.#turn ??= this.#loop();
  }

  async #loop(): Promise<void> {
    // Whoever pokes may be inside a transaction or a commit; we begin after it.
    await new Promise(setImmediate);
    let wait = IDLE_MS;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        wait = await this.#lookAround();
      } catch (error) {
        if (!this.#stopped) this.#services.log.error({ error: messageOf(error) }, 'task queue');
      }
    }
    this.#turn = undefined;
    if (this.#stopped) return;
    if (this.#again) return this.#poke();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poke(), wait);
  }

  /** Returns for how long nothing is to be done unless somebody wakes us, in milliseconds. */
  async #lookAround(): Promise<number> {
    const { database, coordination } = this.#services;
    const nextExpiry = await expireTasks(this.#services, this.#kinds);
    await this.#deliverEvents();
    while (!this.#stopped && this.#occupied() < this.#services.config.taskCap) {
      const lease = await coordination.claim(this.#owner, this.#leaseMs, await stoppedSpaces(database));
      if (lease === undefined) break;
      this.#begin(lease);
    }
    const now = this.#services.now().getTime();
    const moments = [nextExpiry, await coordination.nextDue()].filter((moment) => moment !== undefined);
    return Math.max(0, Math.min(IDLE_MS, ...moments.map((moment) => moment.getTime() - now)));
  }

  #occupied(): number {
    return [...this.#running.values()].filter(({ waiting }) => !waiting).length;
  }

  #begin(lease: Lease): void {
    const before = this.#running.get(lease.task);
    before?.stop(new Error('Its lease ran out; it begins again with a new one.'));
    const task = new RunningTask(lease, this.#surroundings);
    this.#running.set(lease.task, task);
    const end = this.#follow(task).finally(() => {
      this.#ends.delete(end);
      if (this.#running.get(lease.task) === task) this.#running.delete(lease.task);
      this.#poke();
    });
    this.#ends.add(end);
  }

  async #follow(task: RunningTask): Promise<void> {
    const { log, coordination } = this.#services;
    const { task: id } = task.lease;
    try {
      if ((await task.run()) === 'done') this.#failures.delete(id);
    } catch (error) {
      if (this.#stopped) return;
      if (isFenced(error)) {
        log.warn({ task: id, error: messageOf(error) }, 'another server has the task');
        return;
      }
      const failures = (this.#failures.get(id) ?? 0) + 1;
      this.#failures.set(id, failures);
      const wait = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
      log.error(
        { task: id, error: messageOf(error), stack: error instanceof Error ? error.stack : '', wait },
        'task',
      );
      const retry = setTimeout(() => {
        this.#retries.delete(retry);
        coordination
          .release(task.lease, 'queued')
          .catch((cause) => log.error({ task: id, error: messageOf(cause) }, 'task'));
      }, wait);
      this.#retries.add(retry);
    }
  }

  async #deliverEvents(): Promise<void> {
    const events = await sentEvents(this.#services, [...this.#running.keys()]);
    for (const event of events) {
      // Not waited for: the task stores it among its own writes.
      const delivery = this.#running.get(event.task)?.deliver(event);
      delivery
        ?.then((stored) => (stored ? forgetEvent(this.#services, event.id) : undefined))
        .catch((error) => this.#services.log.error({ error: messageOf(error) }, 'task event'));
    }
  }

  async #renew(): Promise<void> {
    if (this.#running.size === 0) return;
    const { database, coordination } = this.#services;
    await database.transaction(async () => {
      for (const task of this.#running.values()) {
        if (await coordination.renew(task.lease, this.#leaseMs)) continue;
        task.stop(new Error('Another server has taken the task over.'));
      }
    });
  }
}
