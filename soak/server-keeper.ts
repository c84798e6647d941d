/** Starts the server again whenever it is dead, each time with another death in store, until it has died often enough. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerUnderTest } from '../bench/server-under-test.ts';
import type { Random } from '../packages/orchestrator/test/random.ts';
import type { Tally } from './tally.ts';

/** From the first answer on. */
const LONGEST_MOMENT_MS = 2_500;
/** A crash point that is not passed by then is given up for a random moment. */
const POINT_WITHIN_MS = 6_000;
/** Longer than a start takes on a busy machine. */
const CALL_WITHIN_MS = 120_000;
const ASK_AGAIN_MS = 50;

export class ServerKeeper {
  /** What died of what, newest last. */
  readonly history: string[] = [];
  readonly #server: ServerUnderTest;
  readonly #tally: Tally;
  readonly #random: Random;
  readonly #points: readonly string[];
  readonly #mostKills: number;
  #stopped = false;

  constructor(
    server: ServerUnderTest,
    tally: Tally,
    random: Random,
    points: readonly string[],
    mostKills: number,
  ) {
    this.#server = server;
    this.#tally = tally;
    this.#random = random;
    this.#points = points;
    this.#mostKills = mostKills;
  }

  /** Keeps it alive, after a fashion, until `stop`. */
  async keep(): Promise<void> {
    while (!this.#stopped) await this.#oneLife();
  }

  /** Whoever lives now goes on living. */
  stop(): void {
    this.#stopped = true;
  }

  async #oneLife(): Promise<void> {
    const server = this.#server;
    const log = join(server.directory, 'points');
    await rm(log, { force: true });
    const inPeace = this.#tally.kills >= this.#mostKills;
    const point = !inPeace && this.#random.chance(0.5) ? this.#drawPoint() : undefined;
    const moment = point === undefined ? this.#random.below(LONGEST_MOMENT_MS) : POINT_WITHIN_MS;
    await server.start({
      ARGONAUT_CRASH_LOG: log,
      ...(point === undefined ? {} : { ARGONAUT_CRASH_AT: point }),
    });
    let byUs = false;
    if (!inPeace) {
      await Promise.race([server.exited, sleep(moment)]);
      byUs = server.running;
      await server.kill();
    } else {
      while (server.running && !this.#stopped) await Promise.race([server.exited, sleep(200)]);
      if (this.#stopped) return;
    }
    const passed = (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
    this.#tally.passed(passed);
    if (point !== undefined && !byUs && passed.at(-1) === point.split(':')[0]) {
      this.#tally.killed('crash point', passed.at(-1) ?? '');
      this.history.push(point);
    } else if (byUs) {
      this.#tally.killed('random moment', passed.at(-1) ?? 'the start');
      this.history.push(`${moment} ms`);
    } else {
      this.#tally.violation(0, this.history, `The server ended by itself: ${server.said.slice(-2_000)}`);
    }
  }

  /** `<point>:<pass>`: one of those that were hit least so far, early rather than late in a life. */
  #drawPoint(): string | undefined {
    const known = this.#points.filter((point) => this.#tally.passesOf(point) > 0);
    const fewest = Math.min(...known.map((point) => this.#tally.hitsOf(point)));
    const choices = known.filter((point) => this.#tally.hitsOf(point) === fewest);
    if (choices.length === 0) return undefined;
    const point = this.#random.pick(choices);
    return `${point}:${1 + this.#random.below(Math.min(8, this.#tally.passesOf(point)))}`;
  }

  /** Repeats what needs the server until it works: it may be dead at any moment, and then comes back. */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + CALL_WITHIN_MS;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(ASK_AGAIN_MS);
      }
    }
  }
}
