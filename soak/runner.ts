/**
 * `argonaut run`, killed with SIGKILL at random moments and at its crash points, and resumed until its run is over. Some
 * runs are interrupted as well, so that cancelling is killed, too; their steps may end early, but never start twice.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@argonaut/contracts';
import { crashPoints } from '@argonaut/runner';
import { createDockerEngine, endpointFromDockerHost } from '@argonaut/runner/docker';
import type { Engine } from '@argonaut/runner/ports';
import { executionCrashPoints, FileRunStore, type KeptRun } from '@argonaut/server/execution';
import { readFrames } from '@argonaut/server/tasklog';
import { Desk, type Ended } from '../packages/cli/test/command-under-test.ts';
import { Random } from '../packages/orchestrator/test/random.ts';
import { containersOf, leftAfterPatience, processesWith } from './left-behind.ts';
import { expectedOf, randomSteps, type SoakStep } from './scenario.ts';
import { scriptText, sha256, streamText } from './scripts.ts';
import type { Tally } from './tally.ts';

export const what =
  '`argonaut run` was killed with SIGKILL at random moments and at crash points, and resumed; some runs were interrupted (cancelled) as well.';

/** All there are in such a process: a process file has no packages. */
export const points: readonly string[] = [...crashPoints, ...executionCrashPoints].filter(
  (point) => !point.includes('package'),
);

/** Exit codes of `argonaut run`: its README lists them. */
const SUCCESS = 0;
const NOT_FOUND = 3;
const SCRIPT_FAILED = 10;
const INFRASTRUCTURE_FAILED = 11;
const CANCELLED = 12;

const IMAGE = 'argonaut-test/busybox:1';
/** Kills of one run before it is left in peace. */
const MOST_KILLS_OF_A_RUN = 4;
/** A run that nobody kills takes about so long; random moments are drawn from a little more. */
const LONGEST_MOMENT_MS = 3_000;

export async function soak(tally: Tally, kills: number, seed: number): Promise<void> {
  const engine = createDockerEngine(endpointFromDockerHost(process.env.DOCKER_HOST));
  try {
    for (let nth = 0; tally.kills < kills; nth++) {
      const one = new KilledRun(tally, engine, (seed + nth * 7_919) % 2 ** 31);
      await one.play(nth === 0 ? 0 : kills - tally.kills);
      process.stderr.write(
        `${tally.kills} kills, ${tally.tasks} runs, ${tally.violations.length} violations\n`,
      );
    }
  } finally {
    await engine.close();
  }
}

export interface DyingEngine {
  /** Of the command, besides the usual. */
  readonly environment: Readonly<Record<string, string>>;
  /** What was killed when; the killer goes on writing. */
  readonly history: string[];
}

/** One run of `argonaut run` with random steps, from its start to the checks of everything that it left. */
export class KilledRun {
  readonly #tally: Tally;
  readonly #engine: Engine;
  readonly #seed: number;
  readonly #random: Random;
  readonly #steps: readonly SoakStep[];
  readonly #interrupted: boolean;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #history: string[];
  readonly #engineDies: boolean;

  /** @param dying for runs on an engine that is killed: then a step may not be started at all, and says so. */
  constructor(tally: Tally, engine: Engine, seed: number, dying?: DyingEngine) {
    this.#environment = dying?.environment ?? {};
    this.#history = dying?.history ?? [];
    this.#engineDies = dying !== undefined;
    this.#tally = tally;
    this.#engine = engine;
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#steps = randomSteps(this.#random, { retries: true, packages: false });
    this.#interrupted = this.#random.chance(0.2);
  }

  /** @param mostKills 0 for a run in peace, which shows which points there are. */
  async play(mostKills: number): Promise<void> {
    await using desk = await Desk.make();
    const file = await desk.file(processFile(this.#steps, desk.ledger));
    const wanted = Math.min(mostKills, 1 + this.#random.below(MOST_KILLS_OF_A_RUN));
    let ended = await this.#live(desk, [file], wanted > 0);
    for (let kills = 1; ; kills++) {
      const [run] = await desk.runs();
      if (run === undefined) return this.#checkNothingBegan(desk);
      // An interrupt ends a process that is not listening yet.
      if (ended.end !== 'SIGKILL' && ended.end !== 'SIGINT') break;
      ended = await this.#live(desk, ['--resume', run], kills < wanted);
      if (ended.end === NOT_FOUND) return this.#checkNothingBegan(desk);
    }
    await this.#check(desk, ended);
  }

  /** One process from its start to its end, killed on the way if the dice say so. */
  async #live(desk: Desk, args: readonly string[], mayBeKilled: boolean): Promise<Ended> {
    const log = join(desk.directory, 'points');
    await rm(log, { force: true });
    const point = mayBeKilled && this.#random.chance(0.5) ? this.#drawPoint() : undefined;
    const moment = mayBeKilled && point === undefined ? this.#random.below(LONGEST_MOMENT_MS) : undefined;
    const started = desk.start(args, {
      ...this.#environment,
      ARGONAUT_CRASH_LOG: log,
      ...(point === undefined ? {} : { ARGONAUT_CRASH_AT: point }),
    });
    const over = new AbortController();
    const after = (ms: number, signal: NodeJS.Signals): void => {
      sleep(ms, undefined, { signal: over.signal }).then(
        () => started.child.kill(signal),
        () => {},
      );
    };
    if (moment !== undefined) after(moment, 'SIGKILL');
    if (this.#interrupted) after(300 + this.#random.below(LONGEST_MOMENT_MS / 2), 'SIGINT');
    const ended = await started.ended;
    over.abort();
    const passed = (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
    this.#tally.passed(passed);
    if (ended.end === 'SIGKILL') {
      if (point !== undefined) this.#tally.killed('crash point', point.split(':')[0] ?? point);
      else this.#tally.killed('random moment', passed.at(-1) ?? 'the start');
      this.#history.push(point ?? `${moment} ms`);
    }
    return ended;
  }

  /** `<point>:<pass>`: one of those that were hit least so far. */
  #drawPoint(): string | undefined {
    const known = points.filter((point) => this.#tally.passesOf(point) > 0 && this.#canPass(point));
    const fewest = Math.min(...known.map((point) => this.#tally.hitsOf(point)));
    const choices = known.filter((point) => this.#tally.hitsOf(point) === fewest);
    if (choices.length === 0) return undefined;
    const point = this.#random.pick(choices);
    return `${point}:${1 + this.#random.below(this.#tally.passesOf(point))}`;
  }

  #canPass(point: string): boolean {
    return this.#interrupted || !point.startsWith('cancel.');
  }

  /** Killed before the run was stored, or before it could begin: then it is as if it had never been asked for. */
  async #checkNothingBegan(desk: Desk): Promise<void> {
    const started = Object.keys(await desk.starts());
    if (started.length > 0) this.#wrong(`A run that never began has started ${started.join(', ')}.`);
  }

  async #check(desk: Desk, { end, out, err }: Ended): Promise<void> {
    this.#tally.tasks += 1;
    const [run = ''] = await desk.runs();
    await using store = new FileRunStore(join(desk.directory, 'data', 'runs'));
    const kept = await store.read(run);
    const expected = expectedOf(this.#steps);
    const cancelled = this.#interrupted && kept.state.result === 'Canceled';
    const code = cancelled ? CANCELLED : expected.failed ? SCRIPT_FAILED : SUCCESS;
    // The interrupt may come when a failure has already been entered, or nothing is left to cancel.
    const right =
      end === code ||
      // Also when a step that runs always, or after a failure, has failed by itself then.
      (this.#engineDies && (end === INFRASTRUCTURE_FAILED || end === SCRIPT_FAILED)) ||
      (this.#interrupted && (end === CANCELLED || end === SCRIPT_FAILED));
    if (!right) this.#wrong(`It ended with ${end}, not ${code}: ${(out + err).slice(-2_000)}`);

    const starts = await desk.starts();
    for (const { name } of this.#steps) {
      const counted = starts[name] ?? 0;
      const wanted = expected.starts.get(name) ?? 0;
      this.#tally.starts += counted;
      // Without the engine a step is not started, which changes what follows.
      const most = Math.max(wanted, 1);
      const allowed = this.#interrupted || this.#engineDies ? counted <= most : counted === wanted;
      if (!allowed) this.#wrong(`${name} was started ${counted} times, not ${wanted}.`);
    }
    await this.#checkStreams(store, run, kept, starts);
    const left = await leftAfterPatience(async () => [
      ...(await containersOf(this.#engine, run).catch((error) => [messageOf(error)])),
      ...(await processesWith(run)),
      ...((await exists(desk.runPath(run, 'worker'))) ? ['its working directory'] : []),
    ]);
    if (left.length > 0) this.#wrong(`Left behind: ${left.join(', ')}.`);
  }

  /** Every attempt has the exit code and the streams of its script; one that was ended early, a beginning of them. */
  async #checkStreams(
    store: FileRunStore,
    run: string,
    kept: KeptRun,
    starts: Readonly<Record<string, number>>,
  ): Promise<void> {
    const stored = await streamsOf(store, run);
    const told = new Map<string, number>();
    for (const { id, action, outcome } of Object.values(kept.state.attempts)) {
      const step = this.#steps.find((_, index) => action === String(index + 1));
      if (step === undefined) throw new Error(`Attempt ${id} is of no step of ours.`);
      if (outcome === undefined || (this.#engineDies && outcome.result === 'NotStarted')) continue;
      const nth = (told.get(step.name) ?? 0) + 1;
      told.set(step.name, nth);
      const early = outcome.result === 'Cancelled' || (this.#interrupted && outcome.exitCode === undefined);
      const code = step.retried && nth === 1 ? 7 : step.exitCode;
      if (!early && outcome.exitCode !== code) {
        this.#wrong(`${id} (${step.name}) ended with ${JSON.stringify(outcome)}, not code ${code}.`);
      }
      for (const [stream, seed] of [
        ['stdout', step.outSeed],
        ['stderr', step.errSeed],
      ] as const) {
        const written = streamText(seed, step.lines);
        const text = stored.get(`${id} ${stream}`) ?? '';
        this.#tally.streams += 1;
        this.#tally.bytes += text.length;
        if (sha256(text) === sha256(written) || (early && written.startsWith(text))) continue;
        this.#wrong(`${stream} of ${id} (${step.name}): ${text.length} bytes stored of ${written.length}.`);
      }
    }
    for (const [name, count] of Object.entries(starts)) {
      if (count > (told.get(name) ?? 0))
        this.#wrong(`${name} was started ${count} times by ${told.get(name) ?? 0} attempts.`);
    }
  }

  #wrong(text: string): void {
    this.#tally.violation(this.#seed, this.#history, text);
  }
}

/** Whole streams by `<attempt> <stream>`. */
async function streamsOf(store: FileRunStore, run: string): Promise<ReadonlyMap<string, string>> {
  const parts = new Map<string, Buffer[]>();
  await using log = await store.log(run);
  if (log === undefined) return new Map();
  for await (const { frame } of readFrames(log)) {
    if (frame.type !== 'text' || frame.source === 'server') continue;
    const key = `${frame.activity} ${frame.source}`;
    // The reader may use its memory again.
    const bytes = Buffer.from(frame.bytes);
    const known = parts.get(key);
    if (known === undefined) parts.set(key, [bytes]);
    else known.push(bytes);
  }
  return new Map([...parts].map(([key, pieces]) => [key, Buffer.concat(pieces).toString('latin1')]));
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

/** Steps count their starts in a directory that they share with this process. */
function processFile(steps: readonly SoakStep[], ledger: string): string {
  const entries = steps.map(({ name, parallel, when, place, retried, ...script }) => {
    const seen = place === 'host' ? ledger : '/ledger';
    return {
      name,
      when,
      ...(parallel ? { parallel } : {}),
      ...(place === 'host' ? {} : { image: IMAGE, volumes: [`${ledger}:/ledger`] }),
      ...(place === 'no network' ? { network: 'none' } : {}),
      ...(retried ? { retries: { max: 1, backoff: '50ms' } } : {}),
      run: scriptText({
        ...script,
        countStart: `echo x >> ${seen}/${name}`,
        ...(retried ? { failFirst: { startsSoFar: `wc -l < ${seen}/${name}` } } : {}),
      }),
    };
  });
  // JSON is YAML.
  return JSON.stringify({ name: 'soak', steps: entries }, null, 2);
}
