/**
 * Makes an image present on a worker, with lines in the log while that takes time. What a release has fixed comes by its
 * digest; what it has not is fixed by whoever has it first.
 */
import { ArgonautError, kindOf, messageOf } from '@argonaut/contracts';
import type { ImageDigests, ImageRequest, PresentImage, TellProgress } from '@argonaut/contracts/attempt';
import type { CommandOf } from '@argonaut/orchestrator';
import { imageTitle } from '@argonaut/runner/images';
import type { Call } from './call.ts';
import { serverLine } from './change.ts';
import { engineBack, isEngineAway } from './engine-back.ts';
import type { Entry } from './execution-side.ts';
import { isAway, WorkerLost } from './patience.ts';
import type { NamedImage } from './ports.ts';
import { sayLine } from './say-line.ts';

/** What a registry says to who asks, rather than about what is asked for. */
const REFUSED: ReadonlySet<string> = new Set(['Unauthorised', 'Forbidden']);

export async function acquireImage(order: CommandOf<'acquire'>, call: Call): Promise<Entry> {
  const { execution, lease, signal } = call;
  const { ports, task } = execution;
  const { image, acquisition, activity, pool, feed, reference, pull, build } = order;
  const context = { task, pool };
  const named: NamedImage = {
    reference,
    ...(feed === undefined ? {} : { feed }),
    ...(pull === undefined ? {} : { pull }),
    ...(build === undefined ? {} : { build }),
  };
  const beganMs = ports.now();
  let pullingSinceMs: number | undefined;
  const tell: TellProgress = (line) => {
    if (line.pulling) pullingSinceMs ??= ports.now();
    sayLine(execution, activity, line);
  };
  let asked: ImageRequest | undefined;
  try {
    const { warnings = [], ...request } = await ports.images.request(named, context, signal);
    asked = request;
    for (const message of warnings) tell({ level: 'Warning', message });
    // Credentials may have been changed, or have run out, while the worker was away.
    const anew = async (): Promise<ImageRequest> => {
      const { warnings: _told, ...later } = await ports.images.request(named, context, signal);
      return later;
    };
    let found = await acquire(call, activity, request, anew, tell);
    const others = await fixedMeanwhile(call, order, { request, found, named });
    for (const [what, digest] of Object.entries(others)) {
      const message = `Another task has fixed ${what} to ${digest} meanwhile; that is used.`;
      tell({ level: 'Info', message });
    }
    if (Object.keys(others).length > 0) {
      asked = fixedTo(await anew(), others);
      found = await acquire(call, activity, asked, anew, tell);
    }
    const { bases: _, ...acquired } = found;
    const what = acquired.digest ?? acquired.local;
    const message = `${imageTitle(acquired.reference)} is ready (${what}).`;
    const endedMs = ports.now();
    const timings = {
      resolve: (pullingSinceMs ?? endedMs) - beganMs,
      ...(pullingSinceMs === undefined ? {} : { pull: endedMs - pullingSinceMs }),
    };
    return {
      frames: [
        serverLine(activity, 'Verbose', message, endedMs),
        { type: 'timing', activity, timings, span: { beganMs, endedMs }, image: acquired.local },
      ],
      events: [{ type: 'acquired', image, acquisition, acquired }],
    };
  } catch (error) {
    if (signal.aborted || error instanceof WorkerLost) throw error;
    const failure = {
      error: error instanceof Error ? error : new Error(messageOf(error)),
      worker: lease.name,
      ...(asked?.digest === undefined ? {} : { digest: asked.digest }),
      ...(asked?.build?.digests === undefined ? {} : { baseDigests: asked.build.digests }),
    };
    const explained = isEngineAway(error)
      ? `The image ${reference} could not be fetched, because the engine of the worker "${lease.name}" does not answer: ${execution.told(error)}`
      : execution.told((await ports.images.explain?.(named, failure, context, signal)) ?? error);
    // Tried again by themselves, refused credentials would lock an account.
    const final = REFUSED.has(kindOf(error) ?? '') ? { final: true } : {};
    return { events: [{ type: 'acquire-failed', image, acquisition, message: explained, ...final }] };
  }
}

interface Acquisition {
  readonly named: NamedImage;
  readonly request: ImageRequest;
  readonly found: PresentImage;
}

/**
 * What was found is fixed for the release from here on, unless somebody was quicker.
 * @returns the digests of others that hold instead: of the image, or of what it is built from
 */
async function fixedMeanwhile(
  { execution: { ports, task } }: Call,
  { pool, reference }: CommandOf<'acquire'>,
  { named, request, found: { digest, bases } }: Acquisition,
): Promise<ImageDigests> {
  const context = { task, pool };
  if (request.build !== undefined) {
    const known = request.build.digests ?? {};
    const open = Object.entries(bases ?? {}).filter(([base]) => !Object.hasOwn(known, base));
    if (open.length === 0) return {};
    const held = await ports.images.builtFrom?.(named, Object.fromEntries(open), context);
    const others = Object.entries(held ?? {}).filter(([base, holds]) => holds !== bases?.[base]);
    return Object.fromEntries(others);
  }
  if (digest === undefined || request.digest !== undefined) return {};
  const held = (await ports.images.acquired?.(named, digest, context)) ?? digest;
  return held === digest ? {} : { [reference]: held };
}

function fixedTo(request: ImageRequest, digests: ImageDigests): ImageRequest {
  const { build } = request;
  if (build !== undefined)
    return { ...request, build: { ...build, digests: { ...build.digests, ...digests } } };
  const [digest] = Object.values(digests);
  return digest === undefined ? request : { ...request, digest };
}

/** An engine that is being restarted is waited for, as when a step is prepared. Whatever is tried again is asked `anew`. */
async function acquire(
  call: Call,
  activity: string,
  first: ImageRequest,
  anew: () => Promise<ImageRequest>,
  tell: TellProgress,
): Promise<PresentImage> {
  const { lease, signal, patiently } = call;
  let request: ImageRequest | undefined = first;
  const once = () =>
    patiently(async () => {
      const asked = request ?? (await anew());
      request = undefined;
      return lease.connection.acquire(asked, tell, signal);
    }, isWorkerAway);
  try {
    return await once();
  } catch (error) {
    if (!isEngineAway(error)) throw error;
    await engineBack(call, activity);
    return await once();
  }
}

/** Nobody could be reached. A registry that is away, or that limits us, is no reason to wait for the worker. */
function isWorkerAway(error: unknown): boolean {
  const engineAnswered = error instanceof ArgonautError && error.details.engineMessage !== undefined;
  return isAway(error) && !engineAnswered;
}
