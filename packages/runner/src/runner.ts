/**
 * The runner: runs attempts on one worker, through the ports it is given, and picks up what an earlier process left.
 * It is the `WorkerConnection` of the built-in worker, of a worker behind SSH (with other ports), and of an agent.
 */
import { Invalid, messageOf } from '@argonaut/contracts';
import type {
  AcquiredPackage,
  AttemptEvent,
  AttemptSpec,
  FollowOptions,
  ImageCleanUpReport,
  ImageCleanUpRules,
  ImageRequest,
  KnownAttempt,
  LateValues,
  OpenedAttempt,
  PackageRequest,
  PresentImage,
  ResolvedImage,
  StagedAttempt,
  TellLine,
  TellProgress,
  TerminalRequest,
  TerminalSession,
  WorkerConnection,
  WorkerDescription,
} from '@argonaut/contracts/attempt';
import { AttemptBook } from './attempts/book.ts';
import { ContainerAttempts } from './attempts/container-place.ts';
import { describeWorker } from './attempts/describe.ts';
import { Disposal, type RemovedAttempt } from './attempts/disposal.ts';
import { cancelAttempt, discardAttempt, finishAttempt, releaseAttempt } from './attempts/end.ts';
import { EngineRoom } from './attempts/engine-room.ts';
import { followAttempt } from './attempts/follow.ts';
import { Gates } from './attempts/gate.ts';
import { HostAttempts } from './attempts/host-place.ts';
import { LearntSecrets, learntSecrets } from './attempts/learnt-secrets.ts';
import { KeptLogs } from './attempts/log-files.ts';
import { freeMemoryBytes } from './attempts/memory.ts';
import { openAttempt } from './attempts/open.ts';
import { placeOf } from './attempts/places.ts';
import { type Proxies, proxiesOf, proxySecrets } from './attempts/proxies.ts';
import { recoverAttempts, recoverContainers } from './attempts/recovery.ts';
import { Services } from './attempts/services/services.ts';
import { Staging } from './attempts/stage.ts';
import { attemptsFolder } from './attempts/staging-directory.ts';
import type { AttemptRoom } from './attempts/surroundings.ts';
import { openTerminal } from './attempts/terminal.ts';
import { ImageAcquisition } from './images/acquisition.ts';
import { ImageCleanUp } from './images/clean-up.ts';
import { ImageUses } from './images/uses.ts';
import { PackageCache } from './packages/cache.ts';
import type { Engine, JournalEntry } from './ports/index.ts';
import type { RunnerOptions } from './runner-options.ts';

/** A worker connection with an end, and ways to wait for what goes on in the background. */
export interface Runner extends WorkerConnection, AsyncDisposable {
  /** Resolves when the engine has been prepared and the sandbox pool is full. For tests and `argonaut run`. */
  warm(signal: AbortSignal): Promise<void>;
  /** Resolves when everything that was finished or discarded is gone. */
  settled(): Promise<void>;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const startDeadlineMs = 60_000;

export async function createRunner(options: RunnerOptions): Promise<Runner> {
  const { files, clock, journal, dataDirectory } = options;
  const onProblem = (error: unknown): void => options.onProblem?.(messageOf(error));
  const signal = AbortSignal.timeout(startDeadlineMs);
  const attemptsDirectory = `${dataDirectory}/${attemptsFolder}`;
  await files.makeDirectory(attemptsDirectory, 0o700, signal);
  const gates = new Gates(files, clock);
  const proxies = proxiesOf(options.proxies ?? {});
  const engineRoom = options.engine && makeEngineRoom(options, options.engine, proxies, onProblem);
  const places = {
    host: new HostAttempts({
      files,
      processes: options.processes,
      clock,
      dataDirectory,
      memoryDirectory: options.memoryDirectory ?? '/dev/shm',
      environment: { ...proxies, ...(options.hostEnvironment ?? { PATH: defaultPath }) },
    }),
    container: engineRoom && new ContainerAttempts(engineRoom, clock),
  };
  const book = await AttemptBook.open(journal, clock);
  const secrets = proxySecrets(proxies);
  const services =
    engineRoom &&
    places.container &&
    new Services({ place: places.container, room: engineRoom, files, gates, clock, secrets });
  const onRemoved = (removed: RemovedAttempt): void => options.onRemoved?.(removed);
  const disposal = new Disposal({ book, files, clock, gates, places, services, onProblem, onRemoved });
  const logs = new KeptLogs(files);
  const room: AttemptRoom = {
    book,
    files,
    clock,
    gates,
    disposal,
    logs,
    learnt: new LearntSecrets(),
    packages: new PackageCache(files, dataDirectory),
    places,
    services,
    secrets,
    attemptsDirectory,
    onProblem,
  };
  engineRoom?.onReady((ready) =>
    recoverContainers(room, engineRoom.engine, engineRoom.sandboxes, engineRoom.owner, ready),
  );
  await recoverAttempts(room, signal);
  // In the background: an engine that is down must not keep the worker from its plain steps.
  engineRoom?.ready(signal).catch(onProblem);
  const uses = await ImageUses.open({ files, clock, dataDirectory, onProblem }, signal);
  return new LocalRunner(options, room, engineRoom, uses);
}

function makeEngineRoom(
  options: RunnerOptions,
  engine: Engine,
  proxies: Proxies,
  onProblem: (error: unknown) => void,
): EngineRoom {
  return new EngineRoom({
    engine,
    files: options.files,
    clock: options.clock,
    server: options.server,
    dataDirectory: options.dataDirectory,
    hostDataDirectory: options.hostDataDirectory ?? options.dataDirectory,
    poolSize: options.poolSize ?? 2,
    proxies,
    onProblem,
  });
}

class LocalRunner implements Runner {
  readonly #options: RunnerOptions;
  readonly #room: AttemptRoom;
  readonly #engineRoom: EngineRoom | undefined;
  readonly #staging: Staging;
  readonly #uses: ImageUses;
  readonly #images: ImageAcquisition | undefined;
  readonly #imageCleanUp: ImageCleanUp | undefined;

  constructor(
    options: RunnerOptions,
    room: AttemptRoom,
    engineRoom: EngineRoom | undefined,
    uses: ImageUses,
  ) {
    this.#options = options;
    this.#room = room;
    this.#engineRoom = engineRoom;
    this.#staging = new Staging(room);
    this.#uses = uses;
    const images = engineRoom && {
      engine: engineRoom.engine,
      knowledge: engineRoom.images,
      uses,
      clock: room.clock,
    };
    this.#images = images && new ImageAcquisition(images);
    this.#imageCleanUp =
      images &&
      new ImageCleanUp({ ...images, files: room.files, inAttempts: () => imagesOf(room.book.entries()) });
  }

  freeMemory(signal: AbortSignal): Promise<number | undefined> {
    return freeMemoryBytes(this.#room.files, signal);
  }

  describe(signal: AbortSignal): Promise<WorkerDescription> {
    return describeWorker(this.#options, this.#engineRoom, signal);
  }

  async list(): Promise<readonly KnownAttempt[]> {
    return this.#room.book
      .entries()
      .filter(({ phase }) => phase !== 'finished')
      .map(({ spec, phase, epoch, outcome }) => ({
        attempt: spec.attempt,
        task: spec.task,
        phase,
        epoch,
        ...(outcome ? { outcome } : {}),
      }));
  }

  resolve(image: ImageRequest, signal: AbortSignal): Promise<ResolvedImage> {
    return this.#acquisition(image).resolve(image, signal);
  }

  acquire(image: ImageRequest, onProgress: TellProgress, signal: AbortSignal): Promise<PresentImage> {
    return this.#acquisition(image).acquire(image, onProgress, signal);
  }

  async cleanUpImages(
    rules: ImageCleanUpRules,
    planned: readonly string[],
    signal: AbortSignal,
  ): Promise<ImageCleanUpReport> {
    return this.#imageCleanUp?.run(rules, planned, signal) ?? { kind: 'unmeasurable' };
  }

  #acquisition(image: ImageRequest): ImageAcquisition {
    return this.#images ?? noEngine(image.reference);
  }

  acquirePackage(
    request: PackageRequest,
    onProgress: TellProgress,
    signal: AbortSignal,
  ): Promise<AcquiredPackage> {
    return this.#room.packages.acquire(request, onProgress, signal);
  }

  stage(spec: AttemptSpec, epoch: number, signal: AbortSignal): Promise<StagedAttempt> {
    placeOf(this.#room.places, spec);
    return this.#room.book.locked(spec.attempt, () => this.#staging.stage(spec, epoch, signal));
  }

  async open(
    attempt: string,
    epoch: number,
    late: LateValues,
    tell: TellLine,
    signal: AbortSignal,
  ): Promise<OpenedAttempt> {
    await this.#servicesUp(attempt, epoch, late, tell, signal);
    const opened = await this.#room.book.locked(attempt, () =>
      openAttempt(this.#room, attempt, epoch, late, signal),
    );
    // Only now: before the first gate of a lane is open, a refill would delay its first line.
    this.#engineRoom?.sandboxes.refill();
    return opened;
  }

  /** Not under the attempt's lock: it may take minutes, for which a cancel must not wait. */
  async #servicesUp(
    attempt: string,
    epoch: number,
    late: LateValues,
    tell: TellLine,
    signal: AbortSignal,
  ): Promise<void> {
    const { book, services } = this.#room;
    if (!services || !book.get(attempt)?.spec.services) return;
    await book.admitUnlocked(attempt, epoch);
    const entry = book.require(attempt);
    if (entry.phase !== 'staged' || entry.cancelRequested) return;
    await services.up(entry, late, tell, signal);
  }

  discard(attempt: string, epoch: number): Promise<void> {
    return this.#room.book.locked(attempt, () => discardAttempt(this.#room, this.#staging, attempt, epoch));
  }

  follow(
    attempt: string,
    epoch: number,
    options: FollowOptions,
    signal: AbortSignal,
  ): AsyncIterable<AttemptEvent> {
    return followAttempt(this.#room, attempt, epoch, options, signal);
  }

  async *read(attempt: string, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const entry = this.#room.book.require(attempt);
    yield* placeOf(this.#room.places, entry.spec).read(entry, path, signal);
  }

  terminal(attempt: string, request: TerminalRequest, signal: AbortSignal): Promise<TerminalSession> {
    const entry = this.#room.book.require(attempt);
    const learn = () => learntSecrets(this.#room, entry, signal);
    return openTerminal(this.#engineRoom, entry, request, learn, signal);
  }

  cancel(attempt: string, epoch: number, graceMs: number, signal: AbortSignal): Promise<void> {
    return this.#room.book.locked(attempt, () => cancelAttempt(this.#room, attempt, epoch, graceMs, signal));
  }

  release(attempt: string, epoch: number, signal: AbortSignal): Promise<void> {
    return this.#room.book.locked(attempt, () => releaseAttempt(this.#room, attempt, epoch, signal));
  }

  finish(attempt: string, epoch: number): Promise<void> {
    return this.#room.book.locked(attempt, () => finishAttempt(this.#room, this.#staging, attempt, epoch));
  }

  async endLane(lane: string): Promise<void> {
    this.#engineRoom?.sandboxes.endLane(lane);
  }

  async warm(signal: AbortSignal): Promise<void> {
    await this.#engineRoom?.ready(signal);
    await this.#engineRoom?.sandboxes.settled();
  }

  async settled(): Promise<void> {
    await this.#room.disposal.allSettled();
    await this.#engineRoom?.sandboxes.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#room.disposal.close();
    await this.#room.logs.close();
    await this.#engineRoom?.sandboxes.close();
    await this.#uses.close();
  }
}

function imagesOf(entries: readonly JournalEntry[]): ReadonlySet<string> {
  return new Set(
    entries.flatMap(({ spec: { place, services = [] }, phase }) =>
      place.kind === 'container' && phase !== 'finished'
        ? [place.image.local, ...services.map(({ image }) => image.local)]
        : [],
    ),
  );
}

function noEngine(reference: string): never {
  throw new Invalid(`Image ${reference} cannot be used on this worker: it has no container engine.`);
}
