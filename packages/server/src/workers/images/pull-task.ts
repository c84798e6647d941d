/**
 * The task `PullImages`: every usable worker of a pool gets images before anybody needs them, all workers at once, one image
 * after the other on each. Done again from the start after a crash, what is there costs nothing.
 */
import { messageOf } from '@argonaut/contracts';
import type { AcquireProgress, ImageRequest, LogLevel, TellProgress } from '@argonaut/contracts/attempt';
import { PoolImage } from '@argonaut/contracts/rest';
import { Value } from 'typebox/value';
import { BUILT_IN_WORKER } from '../../connections/index.ts';
import type { Stored } from '../../database/index.ts';
import { imageReference } from '../../feeds/index.ts';
import type { Services } from '../../services.ts';
import type { LogFrame } from '../../tasklog/index.ts';
import { type ServerWork, startTask, type TaskKind } from '../../tasks/index.ts';
import type { Task } from '../../tasks/queries.ts';
import { checkImageSource, pullPolicy, sourceOf } from '../pools/policy/images.ts';
import { poolsIn } from '../pools/queries.ts';
import { workersOfPool } from '../queries.ts';

/** A whole pool may pull gigabytes over a slow line; a registry that never answers must end some day. */
const IMAGE_DEADLINE_MS = 60 * 60_000;

interface Place {
  readonly space: string;
  readonly pool: string;
}

interface PoolWorker {
  readonly id: string;
  readonly name: string;
  /** Why it gets none; absent for one that can be used. */
  readonly unusable?: string;
}

/** In the caller's transaction, if there is one. */
export function startPull(
  services: Services,
  wanted: {
    readonly space: string;
    readonly pool: { readonly id: string; readonly name: string };
    readonly images: readonly PoolImage[];
    /** What it is for, if somebody has not simply asked. */
    readonly reason?: string;
    readonly relatedIds?: readonly string[];
  },
): Promise<Stored<Task>> {
  const { space, pool, images, reason, relatedIds = [] } = wanted;
  return startTask(services, {
    space,
    name: 'PullImages',
    description: `Pull ${images.length === 1 ? images[0]?.Image : `${images.length} images`} to the workers of ${pool.name}${reason === undefined ? '' : ` for ${reason}`}`,
    arguments: { WorkerPoolId: pool.id, Images: images },
    tag: null,
    relatedIds: [pool.id, ...relatedIds],
  });
}

export const pullImagesTask: TaskKind = {
  name: 'PullImages',
  async perform(services, task, work) {
    const { WorkerPoolId, Images } = task.document.Arguments;
    const images = Array.isArray(Images) ? Images.filter((image) => Value.Check(PoolImage, image)) : [];
    const pool = String(WorkerPoolId);
    const place = { space: task.spaceId, pool };
    const workers = await workersFor(services, pool, task.spaceId);
    const failures = (
      await Promise.all(workers.map((worker) => pullAll(services, place, worker, images, work)))
    ).flat();
    work.signal.throwIfAborted();
    if (failures.length === 0) return;
    throw new Error(`Not every worker has every image: ${failures.join('; ')}. The log says why.`);
  },
};

/** An empty default pool means the machine of the server, as for steps. */
async function workersFor(
  { database }: Services,
  pool: string,
  space: string,
): Promise<readonly PoolWorker[]> {
  const stored = await poolsIn(database).get(pool, space);
  const members = await workersOfPool(database, pool);
  if (members.length === 0) {
    if (stored.document.IsDefault === true) return [BUILT_IN_WORKER];
    throw new Error(`The worker pool "${stored.document.Name}" has no workers. Add one to it.`);
  }
  return members.map(({ id, document }) => {
    const status = document.Health?.status ?? 'Unknown';
    const why =
      document.IsDisabled === true
        ? 'it is disabled'
        : status === 'Unhealthy' || status === 'Unavailable'
          ? `it is ${status.toLowerCase()}`
          : undefined;
    return { id, name: document.Name, ...(why === undefined ? {} : { unusable: why }) };
  });
}

/** What could not be had, as `image on worker`. A worker that cannot be used now is told, and is no failure. */
async function pullAll(
  services: Services,
  place: Place,
  worker: PoolWorker,
  images: readonly PoolImage[],
  work: ServerWork,
): Promise<readonly string[]> {
  const timeMs = () => services.now().getTime();
  const activity = worker.id;
  const say = (level: LogLevel, text: string): LogFrame => ({
    type: 'text',
    activity,
    source: 'server',
    level,
    timeMs: timeMs(),
    bytes: Buffer.from(`${text}\n`),
  });
  await work.log([
    { type: 'activity', activity, parent: 'task', name: `Pull on ${worker.name}`, kind: 'step' },
    { type: 'status', activity, status: 'Running', timeMs: timeMs() },
  ]);
  if (worker.unusable !== undefined) {
    await work.log([
      say('Warning', `Nothing is pulled on ${worker.name}: ${worker.unusable}.`),
      { type: 'status', activity, status: 'Skipped', timeMs: timeMs() },
    ]);
    return [];
  }
  const failed: string[] = [];
  for (const image of images) {
    // In order behind each other, and all of them durable before the next image.
    let told: Promise<unknown> = Promise.resolve();
    const tell = ({ level, message }: AcquireProgress): void => {
      told = told.then(() => work.log([say(level, message)])).catch(() => {});
    };
    try {
      const message = await pull(services, place, worker, image, tell, work.signal);
      await told;
      await work.log([say('Info', message)]);
    } catch (error) {
      work.signal.throwIfAborted();
      await told;
      failed.push(`${image.Image} on ${worker.name}`);
      await work.log([say('Error', messageOf(error))]);
    }
  }
  await work.log([
    { type: 'status', activity, status: failed.length === 0 ? 'Success' : 'Failed', timeMs: timeMs() },
  ]);
  return failed;
}

async function pull(
  services: Services,
  { space, pool }: Place,
  worker: PoolWorker,
  { FeedId, Image, Digest }: PoolImage,
  tell: TellProgress,
  signal: AbortSignal,
): Promise<string> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(IMAGE_DEADLINE_MS)]);
  const image = await imageReference(services, space, FeedId, Image);
  const { reference, credentials, warnings } = image;
  // The pool may have been limited, or the feed changed, since somebody asked.
  const source = sourceOf(image);
  await checkImageSource(services.database, pool, source);
  for (const message of warnings) tell({ level: 'Warning', message });
  const request: ImageRequest = {
    reference,
    policy: await pullPolicy(services.database, pool, undefined, source),
    ...(credentials === undefined ? {} : { credentials }),
    ...(Digest ? { digest: Digest } : {}),
  };
  const connection = await services.connections.to(worker.id, deadline);
  const acquired = await connection.acquire(request, tell, deadline);
  return `${worker.name} has ${acquired.reference} (${acquired.digest ?? acquired.local}).`;
}
