/**
 * Removes images from workers that tasks of this server have used: some seconds after a task has let a worker go, and now and
 * then. Nobody waits for it, and what goes wrong is a line in the server's log.
 */
import { messageOf } from '@argonaut/contracts';
import type { ImageCleanUpReport, ImageMarks } from '@argonaut/contracts/attempt';
import type { LeaseRequest, WorkerDirectory, WorkerLease } from '../../execution/index.ts';
import type { Services } from '../../services.ts';
import { policiesIn } from '../policies/queries.ts';
import { workersIn } from '../queries.ts';
import { marksOf } from './marks.ts';
import { plannedImages } from './planned.ts';

/** The next task often follows at once, and wants the same images. */
const AFTER_USE_MS = 10_000;
const EVERY_MS = 15 * 60_000;
const DEADLINE_MS = 10 * 60_000;
/** What was used in the last hour is likely to be used again, however full the disk is. */
const MINIMUM_AGE_MS = 60 * 60_000;

export class ImageCleaner {
  readonly #services: Services;
  readonly #names = new Map<string, string>();
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  readonly #running = new Map<string, Promise<void>>();
  /** What was said last about a worker, so that it is not said every time. */
  readonly #said = new Map<string, string>();
  readonly #schedule: NodeJS.Timeout;

  constructor(services: Services) {
    this.#services = services;
    this.#schedule = setInterval(() => {
      for (const worker of this.#names.keys()) this.#later(worker, 0);
    }, EVERY_MS).unref();
    services.stopping.addEventListener('abort', () => this.#stop(), { once: true });
  }

  /** The same directory; a worker that is let go is looked at a moment later. */
  watching(workers: WorkerDirectory): WorkerDirectory {
    const held = new Map<string, string>();
    const keyOf = ({ task, pool, generation }: LeaseRequest) => `${task} ${pool} ${generation}`;
    return {
      lease: async (request, signal): Promise<WorkerLease> => {
        const lease = await workers.lease(request, signal);
        held.set(keyOf(request), lease.worker);
        this.#names.set(lease.worker, lease.name);
        return lease;
      },
      release: async (request) => {
        await workers.release(request);
        const worker = held.get(keyOf(request));
        held.delete(keyOf(request));
        if (worker !== undefined) this.#later(worker, AFTER_USE_MS);
      },
    };
  }

  /** Resolves when it is done; one at a time for each worker. Never rejects. */
  clean(worker: string): Promise<void> {
    const before = this.#running.get(worker);
    if (before !== undefined) return before;
    const run = this.#clean(worker)
      .catch((error: unknown) => {
        if (!this.#services.stopping.aborted)
          this.#services.log.warn({ worker, error: messageOf(error) }, 'removing images');
      })
      .finally(() => this.#running.delete(worker));
    this.#running.set(worker, run);
    return run;
  }

  #later(worker: string, ms: number): void {
    if (this.#services.stopping.aborted || this.#waiting.has(worker)) return;
    const timer = setTimeout(() => {
      this.#waiting.delete(worker);
      void this.clean(worker);
    }, ms).unref();
    this.#waiting.set(worker, timer);
  }

  #stop(): void {
    clearInterval(this.#schedule);
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }

  async #clean(worker: string): Promise<void> {
    const { connections, stopping } = this.#services;
    const marks = await marksFor(this.#services, worker);
    if (marks === undefined) return;
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(DEADLINE_MS)]);
    const connection = await connections.to(worker, signal);
    const planned = await plannedImages(this.#services);
    const report = await connection.cleanUpImages({ marks, minimumAgeMs: MINIMUM_AGE_MS }, planned, signal);
    this.#tell(worker, marks, report);
  }

  #tell(worker: string, { unit, high }: ImageMarks, report: ImageCleanUpReport): void {
    const { log } = this.#services;
    const name = this.#names.get(worker) ?? worker;
    const level = (value: number) =>
      unit === 'percent' ? `${value.toFixed(1)} %` : `${(value / 1024 ** 3).toFixed(1)} GB`;
    const isNew = this.#said.get(worker) !== report.kind;
    this.#said.set(worker, report.kind);
    if (report.kind === 'room') return;
    if (report.kind === 'unmeasurable') {
      if (isNew)
        log.info(
          { worker },
          `The disk of the engine of "${name}" cannot be seen from here, so no images are removed there. Marks in bytes need no disk.`,
        );
      return;
    }
    const { before, after, removed } = report;
    if (removed.length > 0) {
      const images = removed.map(({ image }) => image);
      log.info(
        { worker, images },
        `Removed ${removed.length} image(s) that were unused for longest from "${name}": ${level(before)} before, ${level(after)} after.`,
      );
    }
    if (after >= high && (isNew || removed.length > 0))
      log.warn(
        { worker },
        `"${name}" is at ${level(after)}, and no more of its images may be removed: the others are in use, planned, used within the last hour, or not Argonaut's.`,
      );
  }
}

/** The policy of the worker's machine counts more than the server's setting. */
async function marksFor({ config, database }: Services, worker: string): Promise<ImageMarks | undefined> {
  const stored = await workersIn(database).find(worker);
  const policyId = stored?.document.MachinePolicyId;
  const policy = policyId ? await policiesIn(database).find(policyId) : undefined;
  return marksOf(policy?.document.ImageCleanUp?.trim() || config.imageCleanUp);
}
