/**
 * Makes room on a worker: when its images have reached the high mark, those that were unused for longest go until the low
 * mark is reached. Never one that a container stands on, that is planned, or that somebody else has named.
 */
import { kindOf } from '@argonaut/contracts';
import type {
  ImageCleanUpReport,
  ImageCleanUpRules,
  ImageMarks,
  RemovedImage,
} from '@argonaut/contracts/attempt';
import type { Clock } from '../ports/clock.ts';
import type { Engine } from '../ports/engine.ts';
import type { Files } from '../ports/files.ts';
import type { ImageKnowledge } from './knowledge.ts';
import { keepName } from './names.ts';
import { bytesOfOurs, type RemovableImage, removableImages } from './to-remove.ts';
import type { ImageUses } from './uses.ts';

export interface ImageCleanUpOptions {
  readonly engine: Engine;
  readonly files: Files;
  readonly clock: Clock;
  readonly knowledge: ImageKnowledge;
  readonly uses: ImageUses;
  /** Our names of images that attempts of this worker were made for. */
  readonly inAttempts: () => ReadonlySet<string>;
}

type Measure = (removedBytes: number) => Promise<number | undefined>;

export class ImageCleanUp {
  readonly #options: ImageCleanUpOptions;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: ImageCleanUpOptions) {
    this.#options = options;
  }

  /** `planned`: our names, or digests, of images that tasks will use here, or build from. One clean-up at a time. */
  run(
    rules: ImageCleanUpRules,
    planned: readonly string[],
    signal: AbortSignal,
  ): Promise<ImageCleanUpReport> {
    const run = this.#running.then(() => this.#run(rules, planned, signal));
    this.#running = run.catch(() => {});
    return run;
  }

  async #run(
    { marks, minimumAgeMs }: ImageCleanUpRules,
    planned: readonly string[],
    signal: AbortSignal,
  ): Promise<ImageCleanUpReport> {
    const { engine, clock, uses, inAttempts } = this.#options;
    const measure = await this.#measureFor(marks, signal);
    const before = await measure(0);
    if (before === undefined) return { kind: 'unmeasurable' };
    if (before < marks.high) return { kind: 'room', level: before };

    const [images, containers] = await Promise.all([
      engine.listImages(signal),
      engine.listContainers({}, signal),
    ]);
    const candidates = removableImages({
      images,
      inUse: new Set(containers.map(({ imageId }) => imageId)),
      planned: new Set([
        ...inAttempts(),
        ...planned.map((name) => (isDigest(name) ? keepName(name) : name)),
        ...uses.builtFrom(new Set(planned.filter(isDigest))),
      ]),
      usedMs: (local) => uses.usedMs(local),
      nowMs: clock.now(),
      minimumAgeMs,
    });
    const removed: RemovedImage[] = [];
    let level = before;
    for (const candidate of candidates) {
      if (level <= marks.low) break;
      if (!(await this.#remove(candidate, signal))) continue;
      removed.push({
        image: candidate.names[0] ?? candidate.local,
        sizeBytes: candidate.sizeBytes,
        unusedMs: clock.now() - candidate.usedMs,
      });
      level = (await measure(removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))) ?? level;
    }
    return { kind: 'cleaned', before, after: level, removed };
  }

  /** Per cent of the fullest disk that holds images, or bytes of the images that are ours. */
  async #measureFor({ unit }: ImageMarks, signal: AbortSignal): Promise<Measure> {
    const { engine, files } = this.#options;
    if (unit === 'bytes') {
      const bytes = bytesOfOurs(await engine.listImages(signal));
      return async (removedBytes) => bytes - removedBytes;
    }
    const { imageDirectories } = await engine.version(signal);
    return async () => {
      const spaces = await Promise.all(imageDirectories.map((path) => files.space(path, signal)));
      const used = spaces.flatMap((space) =>
        space === undefined || space.totalBytes === 0 ? [] : [100 * (1 - space.freeBytes / space.totalBytes)],
      );
      return used.length === 0 ? undefined : Math.max(...used);
    };
  }

  /** Name by name, never by force: the engine itself keeps what a container or another image stands on. */
  async #remove({ local, names, usedMs }: RemovableImage, signal: AbortSignal): Promise<boolean> {
    const { engine, knowledge, uses } = this.#options;
    // Somebody may have come for it since.
    if (uses.usedMs(local) > usedMs) return false;
    try {
      for (const name of names) await engine.removeImage(name, signal);
    } catch (error) {
      if (kindOf(error) === 'Conflict') return false;
      throw error;
    }
    for (const name of names) {
      knowledge.forget(name);
      uses.forget(name);
    }
    return true;
  }
}

function isDigest(name: string): boolean {
  return !name.includes('/');
}
