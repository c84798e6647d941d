/**
 * The connection of a worker that a task holds, for as long as it holds it. The way to a worker is made anew when its endpoint
 * or its account changes; whoever had kept the old one would never reach the worker again, and give up steps that run there.
 */
import { ArgonautError, kindOf, messageOf } from '@argonaut/contracts';
import type {
  AcquiredPackage,
  AttemptEvent,
  FollowOptions,
  ImageCleanUpReport,
  KnownAttempt,
  OpenedAttempt,
  PresentImage,
  ResolvedImage,
  StagedAttempt,
  TerminalSession,
  WorkerConnection,
  WorkerDescription,
} from '@argonaut/contracts/attempt';
import type { Connections } from './connections.ts';

/** What a worker itself answers. After everything else it is asked whether there is another way to it now. */
const ANSWERS: ReadonlySet<string | undefined> = new Set(['NotFound', 'Invalid', 'Conflict']);

type Parameters<Verb extends keyof WorkerConnection> = globalThis.Parameters<
  NonNullable<WorkerConnection[Verb]>
>;

export class LeasedConnection implements WorkerConnection {
  readonly #connections: Connections;
  readonly #worker: string;
  #current: WorkerConnection | undefined;

  constructor(connections: Connections, worker: string, current: WorkerConnection) {
    this.#connections = connections;
    this.#worker = worker;
    this.#current = current;
  }

  describe(signal: AbortSignal): Promise<WorkerDescription> {
    return this.#ask(signal, (way) => way.describe(signal));
  }

  freeMemory(signal: AbortSignal): Promise<number | undefined> {
    return this.#ask(signal, async (way) => way.freeMemory?.(signal));
  }

  list(signal: AbortSignal): Promise<readonly KnownAttempt[]> {
    return this.#ask(signal, (way) => way.list(signal));
  }

  resolve(...given: Parameters<'resolve'>): Promise<ResolvedImage> {
    return this.#ask(given[1], (way) => way.resolve(...given));
  }

  acquire(...given: Parameters<'acquire'>): Promise<PresentImage> {
    return this.#ask(given[2], (way) => way.acquire(...given));
  }

  acquirePackage(...given: Parameters<'acquirePackage'>): Promise<AcquiredPackage> {
    return this.#ask(given[2], (way) => way.acquirePackage(...given));
  }

  stage(...given: Parameters<'stage'>): Promise<StagedAttempt> {
    return this.#ask(given[2], (way) => way.stage(...given));
  }

  open(...given: Parameters<'open'>): Promise<OpenedAttempt> {
    return this.#ask(given[4], (way) => way.open(...given));
  }

  discard(...given: Parameters<'discard'>): Promise<void> {
    return this.#ask(given[2], (way) => way.discard(...given));
  }

  follow(
    attempt: string,
    epoch: number,
    options: FollowOptions,
    signal: AbortSignal,
  ): AsyncIterable<AttemptEvent> {
    return this.#hear(signal, (way) => way.follow(attempt, epoch, options, signal));
  }

  read(attempt: string, path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#hear(signal, (way) => way.read(attempt, path, signal));
  }

  terminal(...given: Parameters<'terminal'>): Promise<TerminalSession> {
    return this.#ask(given[2], (way) => way.terminal(...given));
  }

  cancel(...given: Parameters<'cancel'>): Promise<void> {
    return this.#ask(given[3], (way) => way.cancel(...given));
  }

  release(...given: Parameters<'release'>): Promise<void> {
    return this.#ask(given[2], (way) => way.release(...given));
  }

  finish(...given: Parameters<'finish'>): Promise<void> {
    return this.#ask(given[2], (way) => way.finish(...given));
  }

  cleanUpImages(...given: Parameters<'cleanUpImages'>): Promise<ImageCleanUpReport> {
    return this.#ask(given[2], (way) => way.cleanUpImages(...given));
  }

  endLane(lane: string, signal: AbortSignal): Promise<void> {
    return this.#ask(signal, (way) => way.endLane(lane, signal));
  }

  async #ask<T>(signal: AbortSignal, verb: (way: WorkerConnection) => Promise<T>): Promise<T> {
    const way = await this.#way(signal);
    try {
      return await verb(way);
    } catch (error) {
      this.#doubt(way, error);
      throw error;
    }
  }

  async *#hear<T>(signal: AbortSignal, verb: (way: WorkerConnection) => AsyncIterable<T>): AsyncGenerator<T> {
    const way = await this.#way(signal);
    try {
      yield* verb(way);
    } catch (error) {
      this.#doubt(way, error);
      throw error;
    }
  }

  async #way(signal: AbortSignal): Promise<WorkerConnection> {
    if (this.#current !== undefined) return this.#current;
    try {
      this.#current = await this.#connections.to(this.#worker, signal);
      return this.#current;
    } catch (error) {
      signal.throwIfAborted();
      // Not the worker's own answer: an account that is not found says nothing about a step that runs there.
      throw new ArgonautError('Unavailable', messageOf(error), { cause: error });
    }
  }

  #doubt(way: WorkerConnection, error: unknown): void {
    if (this.#current === way && !ANSWERS.has(kindOf(error))) this.#current = undefined;
  }
}
