/**
 * What the contract tests stand on: a runner over the ports under test, and short words for what tests do with it. The
 * suites know nothing of the ports, so they run on local ones and on those behind SSH alike.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { Secret } from '@argonaut/contracts';
import {
  type AcquiredImage,
  type AttemptEvent,
  type AttemptSpec,
  accountedBytes,
  type FollowOptions,
  type LateValues,
  type LogChunk,
  type OpenedAttempt,
  type Outcome,
  type StagedAttempt,
} from '@argonaut/contracts/attempt';
import type { TestImage } from '../../../../scripts/images/catalogue.ts';
import { createRunner, openFileJournal, type Runner, type RunnerOptions } from '../../src/index.ts';
import { systemClock } from '../../src/local/index.ts';
import type { Engine, Files, Processes } from '../../src/ports/index.ts';

export interface PortsUnderTest {
  readonly engine: Engine;
  readonly files: Files;
  readonly processes: Processes;
  close(): Promise<void>;
}

export type OpenPorts = () => Promise<PortsUnderTest>;

/** What a program did, as the runner told it. */
export interface Told {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly chunks: readonly LogChunk[];
  readonly ended: Outcome;
  readonly confirmed: Outcome;
}

export interface RunOptions {
  readonly image?: TestImage;
  readonly spec?: Partial<AttemptSpec>;
  readonly place?: Partial<Extract<AttemptSpec['place'], { kind: 'container' }>>;
  readonly late?: Partial<LateValues>;
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A deadline for everything that a test waits for. */
export const patience = (ms = 60_000): AbortSignal => AbortSignal.timeout(ms);

export class Bench {
  readonly server = `test-${randomBytes(4).toString('hex')}`;
  readonly dataDirectory: string;
  readonly problems: string[] = [];
  readonly ports: PortsUnderTest;
  runner: Runner;
  readonly #runners: Runner[] = [];

  private constructor(ports: PortsUnderTest, dataDirectory: string) {
    this.ports = ports;
    this.dataDirectory = dataDirectory;
    // Set at once by `open`, the only one who makes a bench.
    this.runner = undefined as unknown as Runner;
  }

  static async open(openPorts: OpenPorts, options: Partial<RunnerOptions> = {}): Promise<Bench> {
    // Longer than 107 bytes with what comes below it: sockets must work there too.
    const dataDirectory = `/tmp/argonaut-contract-${randomBytes(16).toString('hex')}`;
    await mkdir(dataDirectory, { mode: 0o711 });
    const bench = new Bench(await openPorts(), dataDirectory);
    bench.runner = await bench.another(options);
    await bench.runner.warm(patience());
    return bench;
  }

  /** One more runner on the same data, engine and journal, as a new process would be. */
  async another(options: Partial<RunnerOptions> = {}): Promise<Runner> {
    const { engine, files, processes } = this.ports;
    const runner = await createRunner({
      engine,
      files,
      processes,
      clock: systemClock,
      journal: await openFileJournal(`${this.dataDirectory}/journal`),
      server: this.server,
      dataDirectory: this.dataDirectory,
      hostEnvironment: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/' },
      poolSize: 1,
      onProblem: (message) => this.problems.push(message),
      ...options,
    });
    this.#runners.push(runner);
    return runner;
  }

  /** Throws the runner away as a crash would, as far as that is possible in one process, and makes a new one. */
  async restart(): Promise<void> {
    this.runner = await this.another();
  }

  async close(): Promise<void> {
    await this.runner.settled();
    for (const runner of this.#runners) await runner[Symbol.asyncDispose]();
    for (const container of await this.containers())
      await this.ports.engine.removeContainer(container.id, patience());
    await this.ports.close();
    await rm(this.dataDirectory, { recursive: true, force: true });
  }

  image(name: TestImage): Promise<AcquiredImage> {
    return this.runner.acquire(
      { reference: `argonaut-test/${name}:1`, policy: 'if-not-present' },
      () => {},
      patience(),
    );
  }

  async spec(options: RunOptions = {}): Promise<AttemptSpec> {
    return {
      attempt: `t-${randomBytes(6).toString('hex')}`,
      task: 'ServerTasks-1',
      server: this.server,
      lane: 'lane-1',
      title: 'a step',
      place: {
        kind: 'container',
        image: await this.image(options.image ?? 'busybox'),
        network: 'none',
        ...options.place,
      },
      limits: {},
      interpreters: ['/bin/sh'],
      oneStream: false,
      serviceMessages: true,
      gateDeadlineMs: 120_000,
      holdOnFailureMs: 0,
      leftovers: 'end',
      ...options.spec,
    };
  }

  stage(spec: AttemptSpec, epoch = 1): Promise<StagedAttempt> {
    return this.runner.stage(spec, epoch, patience());
  }

  open(attempt: string, script: string, options: RunOptions = {}, epoch = 1): Promise<OpenedAttempt> {
    return this.runner.open(attempt, epoch, late(script, options), () => {}, patience());
  }

  follow(
    attempt: string,
    options: RunOptions & { readonly from?: Omit<FollowOptions, 'secrets'> } = {},
    epoch = 1,
    signal = patience(120_000),
  ): AsyncIterable<AttemptEvent> {
    const secrets = namedSecrets(options.secrets);
    return this.runner.follow(attempt, epoch, { cursor: 0, ...options.from, secrets }, signal);
  }

  async told(attempt: string, options: RunOptions & { readonly from?: Omit<FollowOptions, 'secrets'> } = {}) {
    return gather(this.follow(attempt, options));
  }

  finish(attempt: string, epoch = 1): Promise<void> {
    return this.runner.finish(attempt, epoch, patience());
  }

  /** Staged, opened, and it has printed something: then something is done to it. */
  async running(script: string, options: RunOptions = {}): Promise<string> {
    const spec = await this.spec(options);
    await this.stage(spec);
    await this.open(spec.attempt, script, options);
    for await (const event of this.follow(spec.attempt)) if (event.type === 'log') break;
    return spec.attempt;
  }

  /** Stage, open, follow to the end, finish. */
  async run(script: string, options: RunOptions = {}): Promise<Told & { readonly attempt: string }> {
    const spec = await this.spec(options);
    await this.stage(spec);
    await this.open(spec.attempt, script, options);
    const told = await this.told(spec.attempt, options);
    await this.finish(spec.attempt);
    return { ...told, attempt: spec.attempt };
  }

  /** Containers of attempts of this bench, in any state. */
  async containers() {
    const all = await this.ports.engine.listContainers({ 'argonaut.server': this.server }, patience());
    return all;
  }

  async attemptContainers() {
    return (await this.containers()).filter(({ labels }) => labels['argonaut.role'] === 'attempt');
  }

  async container(attempt: string) {
    return this.ports.engine.inspectContainer(`argonaut-${attempt}`, patience());
  }

  /** Where the attempt's staging lies, as the journal has it. */
  async directoryOf(attempt: string): Promise<string | undefined> {
    const journal = await openFileJournal(`${this.dataDirectory}/journal`);
    return (await journal.get(attempt))?.directory;
  }

  /** A directory outside of everything, mounted into the container: what is counted there, the product cannot touch. */
  async ledger(): Promise<{ readonly place: RunOptions['place']; readonly count: () => Promise<number> }> {
    const directory = `${this.dataDirectory}/ledger-${randomBytes(4).toString('hex')}`;
    await mkdir(directory, { mode: 0o777 });
    return {
      place: { docker: { Mounts: [{ Type: 'bind', Source: directory, Target: '/ledger' }] } },
      count: async () => {
        const text = await readFile(`${directory}/starts`, 'utf8').catch(() => '');
        return text.split('\n').filter((line) => line !== '').length;
      },
    };
  }
}

export function late(script: string, options: RunOptions = {}): LateValues {
  return {
    argv: ['{interpreter}', '{files}/script'],
    environment: {},
    files: [{ name: 'script', bytes: Buffer.from(script) }],
    secrets: namedSecrets(options.secrets),
    deadlineMs: 0,
    graceMs: 1_000,
    ...options.late,
  };
}

export function namedSecrets(secrets: Readonly<Record<string, string>> = {}) {
  return Object.entries(secrets).map(([name, value]) => ({ name, value: new Secret(value) }));
}

/** Checks on the way what every reader may rely on: positions grow, `ended` comes once, then `confirmed`, then the end. */
export async function gather(events: AsyncIterable<AttemptEvent>): Promise<Told> {
  const chunks: LogChunk[] = [];
  let ended: Outcome | undefined;
  let confirmed: Outcome | undefined;
  for await (const event of events) {
    if (event.type === 'notice' || event.type === 'service-ended') continue;
    if (event.type === 'log') {
      const before = chunks.at(-1);
      if (ended) throw new Error('a chunk after the end');
      if (before && accountedBytes(event) <= accountedBytes(before))
        throw new Error('a position that does not grow');
      chunks.push(event);
    } else if (event.type === 'ended') {
      if (ended) throw new Error('ended twice');
      ended = event.outcome;
    } else {
      if (confirmed) throw new Error('confirmed twice');
      confirmed = event.outcome;
    }
  }
  if (!ended || !confirmed) throw new Error('the story has no end');
  return { stdout: bytesOf(chunks, 'stdout'), stderr: bytesOf(chunks, 'stderr'), chunks, ended, confirmed };
}

export function bytesOf(chunks: readonly LogChunk[], stream: 'stdout' | 'stderr'): Buffer {
  return Buffer.concat(
    chunks.flatMap(({ runs }) => runs.filter((run) => run.stream === stream).map((run) => run.bytes)),
  );
}

/** Waits until something holds; the message says what did not come true. */
export async function eventually(what: string, holds: () => Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resume) => setTimeout(resume, 50));
  }
}
