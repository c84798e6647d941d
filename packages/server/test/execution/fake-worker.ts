/**
 * A worker without an engine: it keeps attempts in memory as a real one keeps them in its journal, so it outlives the
 * shell that talks to it. It counts starts, and every verb passes a fuse that can blow before or after its effect.
 */
import { PassThrough } from 'node:stream';
import { ArgonautError, Conflict, NotFound } from '@argonaut/contracts';
import type {
  AcquiredImage,
  AcquiredPackage,
  AttemptEvent,
  AttemptPhase,
  AttemptSpec,
  DeclaredArtifact,
  FollowOptions,
  ImageCleanUpReport,
  ImageRequest,
  KnownAttempt,
  LateValues,
  OpenedAttempt,
  Outcome,
  OutputVariable,
  PackageRequest,
  ResolvedImage,
  ServiceReport,
  StagedAttempt,
  TellLine,
  TerminalRequest,
  TerminalSession,
  WorkerConnection,
  WorkerDescription,
} from '@argonaut/contracts/attempt';

/** What a step does when its gate opens. */
export interface Program {
  readonly writes?: readonly { readonly stream: 'stdout' | 'stderr'; readonly text: string }[];
  readonly outputs?: readonly OutputVariable[];
  readonly artifacts?: readonly DeclaredArtifact[];
  readonly exit?: number;
  /** Runs until it is cancelled. */
  readonly endless?: boolean;
  readonly resultMessage?: string;
  /** Services that end when it has written what it writes; told to everybody who follows, and with its end. */
  readonly servicesEnded?: readonly ServiceReport[];
}

interface Attempt {
  readonly spec: AttemptSpec;
  phase: AttemptPhase;
  epoch: number;
  starts: number;
  late?: LateValues;
  program?: Program;
  released?: boolean;
  readonly ended: PromiseWithResolvers<Outcome>;
}

export type Fuse = (point: string) => void;

export class FakeWorker implements WorkerConnection {
  readonly attempts = new Map<string, Attempt>();
  readonly lanesEnded: string[] = [];
  terminalsClosed = 0;
  /** Set to make every verb fail as if the machine were away. */
  away = false;
  fuse: Fuse = () => {};
  /** Undefined: it cannot tell. */
  freeBytes: number | undefined;
  readonly #programs: (title: string, late: LateValues) => Program;

  constructor(programs: (title: string, late: LateValues) => Program) {
    this.#programs = programs;
  }

  async describe(): Promise<WorkerDescription> {
    return { os: 'linux', architecture: 'amd64', warnings: [] };
  }

  async freeMemory(): Promise<number | undefined> {
    return this.freeBytes;
  }

  async list(): Promise<readonly KnownAttempt[]> {
    this.#answer('list');
    return [...this.attempts.values()]
      .filter(({ phase }) => phase !== 'finished')
      .map(({ spec, phase, epoch }) => ({ attempt: spec.attempt, task: spec.task, phase, epoch }));
  }

  async resolve({ reference }: ImageRequest): Promise<ResolvedImage> {
    return { reference, digest: `sha256:${'0'.repeat(64)}`, platforms: [] };
  }

  async acquire({ reference }: ImageRequest): Promise<AcquiredImage> {
    this.#answer('acquire');
    if (reference.includes('missing')) throw new NotFound(`There is no image ${reference}.`);
    return { reference, local: reference, os: 'linux', architecture: 'amd64' };
  }

  async cleanUpImages(): Promise<ImageCleanUpReport> {
    return { kind: 'unmeasurable' };
  }

  async acquirePackage({
    packageId,
    version,
    extension,
    sha256,
    extract,
  }: PackageRequest): Promise<AcquiredPackage> {
    this.#answer('acquire-package');
    return { packageId, version, extension, sha256, extract };
  }

  async stage(spec: AttemptSpec, epoch: number): Promise<StagedAttempt> {
    this.#answer('stage.before');
    const known = this.attempts.get(spec.attempt);
    if (known !== undefined && known.starts > 0) throw new Conflict(`${spec.attempt} was started already.`);
    const ended = Promise.withResolvers<Outcome>();
    this.attempts.set(spec.attempt, { spec, phase: 'staged', epoch, starts: 0, ended });
    this.fuse('stage.after');
    return { attempt: spec.attempt, work: '/argonaut/work', timings: { create: 1 } };
  }

  async open(attempt: string, epoch: number, late: LateValues, tell: TellLine): Promise<OpenedAttempt> {
    for (const { name } of late.services ?? []) tell({ level: 'Info', message: `Waiting for "${name}".` });
    this.#answer('open.before');
    const known = this.#require(attempt, epoch);
    if (known.phase === 'staged') {
      known.phase = 'go';
      known.starts += 1;
      known.late = late;
      known.program = this.#programs(known.spec.title, late);
      if (known.program.endless !== true) known.ended.resolve(outcomeOf(known.program.exit ?? 0));
    }
    this.fuse('open.after');
    return { lines: [] };
  }

  async discard(attempt: string, epoch: number): Promise<void> {
    this.#answer('discard.before');
    const known = this.attempts.get(attempt);
    if (known === undefined || known.phase === 'finished') return;
    if (this.#require(attempt, epoch).phase !== 'staged') throw new Conflict(`${attempt} has been opened.`);
    known.phase = 'finished';
    this.fuse('discard.after');
  }

  async *follow(
    attempt: string,
    epoch: number,
    { cursor }: FollowOptions,
    signal: AbortSignal,
  ): AsyncGenerator<AttemptEvent> {
    this.#answer('follow');
    const known = this.#require(attempt, epoch);
    const { writes = [], outputs = [], artifacts = [], resultMessage } = known.program ?? {};
    let position = 0;
    for (const [index, { stream, text }] of writes.entries()) {
      const bytes = Buffer.from(text);
      position += bytes.length;
      if (position <= cursor) continue;
      this.#answer('follow.chunk');
      const last = index === writes.length - 1;
      yield {
        type: 'log',
        cursor: position,
        runs: [{ stream, level: stream === 'stdout' ? 'Info' : 'Error', timeMs: position, bytes }],
        outputs: last ? outputs : [],
        artifacts: last ? artifacts : [],
        ...(last && resultMessage !== undefined ? { resultMessage } : {}),
      };
    }
    const services = known.program?.servicesEnded ?? [];
    for (const service of services) yield { type: 'service-ended', service };
    const outcome = await Promise.race([known.ended.promise, rejection(signal)]);
    known.phase = 'ended';
    this.#answer('follow.ended');
    yield { type: 'ended', outcome, services };
    const held = outcome.result === 'Failed' && known.spec.holdOnFailureMs > 0 && known.released !== true;
    yield { type: 'confirmed', outcome, ...(held ? { held } : {}) };
  }

  async *read(_attempt: string, path: string): AsyncGenerator<Uint8Array> {
    this.#answer('read');
    if (path.includes('missing')) throw new NotFound(`There is no file ${path}.`);
    yield Buffer.from(`content of ${path}`);
  }

  async cancel(attempt: string, epoch: number): Promise<void> {
    this.#answer('cancel');
    const known = this.#require(attempt, epoch);
    const message = 'It was ended by TERM.';
    known.ended.resolve({ result: 'Cancelled', cause: 'cancelled', message, infrastructure: false });
  }

  async release(attempt: string): Promise<void> {
    const known = this.attempts.get(attempt);
    if (known !== undefined) known.released = true;
  }

  /** Shows what is typed, and ends with `exit`. */
  async terminal(attempt: string, request: TerminalRequest): Promise<TerminalSession> {
    this.#answer('terminal');
    if (!this.attempts.has(attempt)) throw new NotFound(`There is no attempt ${attempt}.`);
    const shown = new PassThrough();
    shown.write(`${request.term} ${request.columns}x${request.rows} `);
    return {
      container: 'c0ffee',
      shell: request.shell ?? '/bin/sh',
      output: shown,
      write: async (bytes) => {
        if (Buffer.from(bytes).toString() === 'exit') shown.end();
        else shown.write(bytes);
      },
      resize: async ({ columns, rows }) => {
        shown.write(`${columns}x${rows} `);
      },
      exitCode: async () => 7,
      close: async () => {
        this.terminalsClosed += 1;
        shown.end();
      },
    };
  }

  async finish(attempt: string, epoch: number): Promise<void> {
    this.#answer('finish.before');
    const known = this.attempts.get(attempt);
    if (known === undefined || known.phase === 'finished') return;
    if (this.#require(attempt, epoch).phase !== 'ended') throw new Conflict(`${attempt} has not ended.`);
    known.phase = 'finished';
    this.fuse('finish.after');
  }

  async endLane(lane: string): Promise<void> {
    this.lanesEnded.push(lane);
  }

  /** As a worker that was restarted: what had not been opened is thrown away. */
  restart(): void {
    for (const attempt of this.attempts.values()) {
      if (attempt.phase === 'staged') attempt.phase = 'finished';
    }
  }

  #answer(point: string): void {
    if (this.away) throw new ArgonautError('Unavailable', 'The worker does not answer.');
    this.fuse(point);
  }

  #require(attempt: string, epoch: number): Attempt {
    const known = this.attempts.get(attempt);
    if (known === undefined || known.phase === 'finished') throw new NotFound(`No attempt ${attempt} here.`);
    if (epoch < known.epoch) throw new Conflict(`${attempt} belongs to epoch ${known.epoch}, not ${epoch}.`);
    known.epoch = epoch;
    return known;
  }
}

function outcomeOf(exitCode: number): Outcome {
  return exitCode === 0
    ? {
        result: 'Succeeded',
        cause: 'exited',
        message: 'It ended with exit code 0.',
        infrastructure: false,
        exitCode,
      }
    : {
        result: 'Failed',
        cause: 'exited',
        message: `Exit code ${exitCode}.`,
        infrastructure: false,
        exitCode,
      };
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
