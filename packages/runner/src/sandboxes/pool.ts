/**
 * Network sandboxes: containers that only wait, whose network namespace the containers of a lane join. Starting one
 * costs 160 to 200 ms, so a few wait in a pool. A sandbox serves one lane and is then removed: its namespace may hold
 * what the lane left there.
 *
 * Labels cannot change after a container was created, so a sandbox carries the runner's labels and its role only; which
 * lane has it is in the journal, and shown in its name, which can change.
 */
import { randomBytes } from 'node:crypto';
import { InfrastructureFailure, NotFound } from '@argonaut/contracts';
import { sandboxArguments } from '@argonaut/init';
import { labels } from '../attempts/container-config.ts';
import type { Clock } from '../ports/clock.ts';
import type { ContainerConfig, Engine } from '../ports/engine.ts';
import type { SandboxImage } from './sandbox-image.ts';

/** A sandbox ends by itself in the end, should nobody be left to remove it; lanes are never that long. */
const lifeMs = 21 * 24 * 3600_000;
/** Older ones are not handed out, so that every lane has two weeks. */
const oldestMs = 7 * 24 * 3600_000;
const makeDeadlineMs = 60_000;
/** An engine that is killed comes back within seconds; what is not removed by then is swept at the next start. */
const removalPatienceMs = 20_000;
const firstPauseMs = 250;
const longestPauseMs = 2_000;

export interface SandboxPoolOptions {
  readonly engine: Engine;
  readonly image: () => Promise<SandboxImage>;
  /** Labels of the runner. */
  readonly owner: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** How many wait; 0 makes each one when it is needed. */
  readonly size: number;
  /** Something in the background failed; the next lane will say so itself. */
  readonly onProblem: (error: unknown) => void;
}

interface Waiting {
  readonly id: string;
  readonly madeAt: number;
}

export class SandboxPool {
  readonly #options: SandboxPoolOptions;
  readonly #waiting: Waiting[] = [];
  /** Lane → its sandbox, also while it is being made: everybody who asks for the lane gets the same. */
  readonly #lanes = new Map<string, Promise<string>>();
  readonly #background = new Set<Promise<void>>();
  #refilling = false;
  #closed = false;

  constructor(options: SandboxPoolOptions) {
    this.#options = options;
  }

  /** The lane's sandbox; from the pool when one waits there, else made now. */
  take(lane: string, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const known = this.#lanes.get(lane);
    if (known) return known;
    // Not the caller's signal: others may wait for the same sandbox.
    const taken = this.#fromPool(lane) ?? this.#make();
    this.#lanes.set(lane, taken);
    taken.catch(() => {
      if (this.#lanes.get(lane) === taken) this.#lanes.delete(lane);
    });
    return taken;
  }

  #fromPool(lane: string): Promise<string> | undefined {
    for (let found = this.#waiting.shift(); found; found = this.#waiting.shift()) {
      const { id, madeAt } = found;
      if (this.#options.clock.monotonic() - madeAt > oldestMs) {
        this.#later(() => this.#remove(id));
        continue;
      }
      this.#later(() =>
        this.#options.engine.renameContainer(id, laneName(lane), AbortSignal.timeout(makeDeadlineMs)),
      );
      return Promise.resolve(id);
    }
    return undefined;
  }

  /** After a restart: the lane goes on in the sandbox that its containers are in. */
  adopt(lane: string, id: string): void {
    if (!this.#lanes.has(lane)) this.#lanes.set(lane, Promise.resolve(id));
  }

  /**
   * The lane's sandbox turned out to be dead: the next `take` gets another. What waits is not trusted any more either: an
   * engine that came back has most likely ended all of them.
   */
  forget(lane: string, id: string): void {
    if (!this.#lanes.delete(lane)) return;
    this.#later(() => this.#remove(id));
    for (const waiting of this.#waiting.splice(0)) this.#later(() => this.#remove(waiting.id));
  }

  /** The lane is over. */
  endLane(lane: string): void {
    const known = this.#lanes.get(lane);
    this.#lanes.delete(lane);
    if (known) this.#later(async () => this.#remove(await known));
    this.refill();
  }

  /** Makes up for what was taken, one after the other, in the background. */
  refill(): void {
    if (this.#refilling || this.#closed) return;
    this.#refilling = true;
    this.#later(async () => {
      try {
        while (this.#waiting.length < this.#options.size && !this.#closed) {
          const id = await this.#make();
          this.#waiting.push({ id, madeAt: this.#options.clock.monotonic() });
        }
      } finally {
        this.#refilling = false;
      }
    });
  }

  /** Removes another container of the runner in the background, with the same patience. */
  putAway(name: string): void {
    this.#later(() => this.#remove(name));
  }

  /** Resolves when the pool is full or cannot be filled. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  /** Removes what waits. Sandboxes of lanes stay: their containers go on. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
    for (const { id } of this.#waiting.splice(0)) this.#later(() => this.#remove(id));
    await this.settled();
  }

  async #make(): Promise<string> {
    const { engine, owner } = this.#options;
    const image = await this.#options.image();
    const name = `argonaut-sandbox-${randomBytes(6).toString('hex')}`;
    const deadline = (): AbortSignal => AbortSignal.timeout(makeDeadlineMs);
    const config = sandboxConfig(image.name, owner);
    const create = (): Promise<{ readonly id: string }> =>
      engine.createContainer(name, config, deadline()).catch((error: unknown) => {
        // An engine that dies inside the call may have made it all the same.
        if (!(error instanceof NotFound)) this.#later(() => this.#remove(name));
        throw error;
      });
    const { id } = await create().catch(async (error: unknown) => {
      if (!(error instanceof NotFound)) throw error;
      await engine.loadImage(await image.tar(), deadline());
      return create();
    });
    try {
      await engine.startContainer(id, deadline());
    } catch (cause) {
      this.#later(() => this.#remove(id));
      throw new InfrastructureFailure(
        `Cannot start a network sandbox: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
    return id;
  }

  /** Tried again for a while: nobody else would remove it before the next start, and it lives for weeks. */
  async #remove(idOrName: string): Promise<void> {
    const { engine, clock } = this.#options;
    const end = clock.monotonic() + removalPatienceMs;
    for (let pause = firstPauseMs; ; pause = Math.min(2 * pause, longestPauseMs)) {
      try {
        return await engine.removeContainer(idOrName, AbortSignal.timeout(makeDeadlineMs));
      } catch (error) {
        if (clock.monotonic() > end) throw error;
      }
      await clock.sleep(pause, AbortSignal.timeout(makeDeadlineMs));
    }
  }

  #later(work: () => Promise<void>): void {
    const running = work()
      .catch(this.#options.onProblem)
      .finally(() => this.#background.delete(running));
    this.#background.add(running);
  }
}

function laneName(lane: string): string {
  const readable = lane.replaceAll(/[^a-zA-Z0-9_.-]/g, '-').slice(0, 60);
  return `argonaut-lane-${readable}-${randomBytes(3).toString('hex')}`;
}

function sandboxConfig(image: string, owner: Readonly<Record<string, string>>): ContainerConfig {
  return {
    Image: image,
    Cmd: sandboxArguments({ deadlineMs: lifeMs }),
    Healthcheck: { Test: ['NONE'] },
    StopSignal: 'SIGTERM',
    Labels: { ...owner, [labels.role]: 'sandbox' },
    HostConfig: {
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      // One process needs one, but until then it is runc's, whose threads count as well: with 4 a start failed now and then.
      PidsLimit: 64,
      ReadonlyRootfs: true,
      IpcMode: 'private',
      LogConfig: { Type: 'none' },
      Init: false,
      RestartPolicy: { Name: 'no' },
    },
  };
}
