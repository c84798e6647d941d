/**
 * Makes images present, before a step's turn: the registry is asked for the digest, the digest is pulled, a tag of ours
 * keeps it. One pull per digest, shared by everybody who waits for it. What is created later is created from that tag,
 * so a moved tag of the registry changes nothing any more.
 */
import { kindOf, messageOf, NotFound } from '@argonaut/contracts';
import type {
  AcquiredImage,
  ImageRequest,
  PresentImage,
  ResolvedImage,
  TellProgress,
} from '@argonaut/contracts/attempt';
import type { Clock } from '../ports/clock.ts';
import type { Engine, EngineVersion, ImageDetails } from '../ports/engine.ts';
import { ImageBuilds } from './builds.ts';
import type { ImageKnowledge } from './knowledge.ts';
import { keepName, keptDigest } from './names.ts';
import { checkArchitecture } from './platform.ts';
import { byDigest, digestsIn, parseReference } from './reference.ts';
import { RegistryAccess } from './registry-access.ts';
import type { ImageUses } from './uses.ts';

/** What a registry says that was reached: no image of the worker stands in for that. */
const ANSWERS: ReadonlySet<string> = new Set(['NotFound', 'Unauthorised', 'Forbidden', 'Cancelled']);

export interface ImageAcquisitionOptions {
  readonly engine: Engine;
  readonly knowledge: ImageKnowledge;
  readonly uses: ImageUses;
  readonly clock: Clock;
}

export class ImageAcquisition {
  readonly #engine: Engine;
  readonly #knowledge: ImageKnowledge;
  readonly #uses: ImageUses;
  readonly #registries: RegistryAccess<AcquiredImage>;
  readonly #builds: ImageBuilds;
  #version: EngineVersion | undefined;

  constructor({ engine, knowledge, uses, clock }: ImageAcquisitionOptions) {
    this.#engine = engine;
    this.#knowledge = knowledge;
    this.#uses = uses;
    this.#registries = new RegistryAccess({
      engine,
      clock,
      version: (signal) => this.#engineVersion(signal),
    });
    this.#builds = new ImageBuilds({
      engine,
      knowledge,
      uses,
      clock,
      version: (signal) => this.#engineVersion(signal),
      acquire: (request, onProgress, signal) => this.acquire(request, onProgress, signal),
    });
  }

  /** The digest and platforms of a reference, from its registry. */
  resolve(request: ImageRequest, signal: AbortSignal): Promise<ResolvedImage> {
    const { reference, digest } = request;
    return this.#registries.ask(
      digest === undefined ? reference : byDigest(reference, digest),
      request,
      () => {},
      signal,
    );
  }

  async acquire(request: ImageRequest, onProgress: TellProgress, signal: AbortSignal): Promise<PresentImage> {
    if (request.build !== undefined) return this.#builds.acquire(request, request.build, onProgress, signal);
    const image = await this.#acquire(request, onProgress, signal);
    // What a release was fixed to long ago is not what its tag means now: it counts as of then.
    const { reference, digest, meantMs } = request;
    if (digest === undefined) this.#uses.note(image.local, { reference });
    else this.#uses.note(image.local, meantMs === undefined ? undefined : { reference, meantMs });
    return image;
  }

  async #acquire(
    request: ImageRequest,
    onProgress: TellProgress,
    signal: AbortSignal,
  ): Promise<AcquiredImage> {
    const { reference, policy } = request;
    const digest = request.digest ?? parseReference(reference).digest;
    if (digest !== undefined) return this.#locked(request, digest, onProgress, signal);
    if (policy !== 'always') {
      const present = await this.#engine.inspectImage(reference, signal);
      if (present && (policy === 'never' || (await this.#runsHere(present, signal))))
        return this.#present(request, present, onProgress, signal);
      if (policy === 'never') throw notPresent(reference);
      if (present)
        onProgress({
          level: 'Verbose',
          message: `What the worker has as ${reference} is for ${present.os}/${present.architecture}; the registry is asked for the worker's own platform.`,
        });
    }
    return this.#newest(request, onProgress, signal);
  }

  /** Content that is named by its digest never changes: what is here needs no registry. */
  async #locked(
    request: ImageRequest,
    digest: string,
    onProgress: TellProgress,
    signal: AbortSignal,
  ): Promise<AcquiredImage> {
    const { reference, policy } = request;
    const here = await this.#here(reference, digest, policy, signal);
    if (here) return this.#keep(reference, digest, here, signal);
    if (policy === 'never') throw notPresent(byDigest(reference, digest));
    const resolved = await this.#registries.ask(byDigest(reference, digest), request, onProgress, signal);
    return this.#pull(request, resolved, onProgress, signal);
  }

  /** The content, when the worker has it and can run it: what was acquired once, or what somebody else has pulled. */
  async #here(
    reference: string,
    digest: string,
    policy: ImageRequest['policy'],
    signal: AbortSignal,
  ): Promise<ImageDetails | undefined> {
    const ours = await this.#engine.inspectImage(keepName(digest), signal);
    if (ours && (policy === 'never' || (await this.#runsHere(ours, signal)))) return ours;
    const pulled = await this.#engine.inspectImage(byDigest(reference, digest), signal);
    if (!pulled || policy === 'never') return pulled;
    // Of an index whose foreign platform alone was pulled the containerd store says nothing (29): that must be pulled.
    const saysPlatform = pulled.os !== '' && pulled.architecture !== '';
    return saysPlatform && (await this.#runsHere(pulled, signal)) ? pulled : undefined;
  }

  /** The registry says what the tag means now; only a registry that cannot be reached is done without. */
  async #newest(
    request: ImageRequest,
    onProgress: TellProgress,
    signal: AbortSignal,
  ): Promise<AcquiredImage> {
    const { reference } = request;
    let resolved: ResolvedImage;
    try {
      resolved = await this.#registries.ask(reference, request, onProgress, signal);
    } catch (error) {
      if (ANSWERS.has(kindOf(error) ?? '')) throw error;
      signal.throwIfAborted();
      const instead = await this.#lastKnown(reference, signal);
      if (!instead) throw error;
      onProgress({
        level: 'Warning',
        message: `The registry could not tell what ${reference} is now (${messageOf(error)}). The image that is on the worker is used.`,
      });
      const { image, digest } = instead;
      return digest === undefined
        ? this.#present({ ...request, policy: 'never' }, image, onProgress, signal)
        : this.#keep(reference, digest, image, signal);
    }
    const here = await this.#here(reference, resolved.digest, request.policy, signal);
    if (here) {
      onProgress({ level: 'Verbose', message: `Image ${reference} is up to date (${resolved.digest}).` });
      return this.#keep(reference, resolved.digest, here, signal);
    }
    return this.#pull(request, resolved, onProgress, signal);
  }

  /** What the reference meant when it was used here last; else what the engine has under that name and can run. */
  async #lastKnown(
    reference: string,
    signal: AbortSignal,
  ): Promise<{ readonly image: ImageDetails; readonly digest?: string } | undefined> {
    const local = this.#uses.lastOf(reference);
    const digest = local === undefined ? undefined : keptDigest(local);
    if (local !== undefined && digest !== undefined) {
      const image = await this.#engine.inspectImage(local, signal);
      if (image) return { image, digest };
    }
    const image = await this.#engine.inspectImage(reference, signal);
    return image && (await this.#runsHere(image, signal)) ? { image } : undefined;
  }

  #pull(
    request: ImageRequest,
    resolved: ResolvedImage,
    onProgress: TellProgress,
    signal: AbortSignal,
  ): Promise<AcquiredImage> {
    const { reference } = request;
    return this.#registries.pull(request, resolved, onProgress, signal, async (pulled, version, pulling) => {
      // The containerd store may show another platform of the index that is here as well (28.5); a container gets ours.
      const { os, architecture } = version;
      const named = resolved.platforms.some(
        (platform) => platform.os === os && platform.architecture === architecture,
      );
      const ours = named ? { ...pulled, os, architecture } : pulled;
      return this.#keep(reference, resolved.digest, ours, pulling);
    });
  }

  /** An image that is here under the name that was asked for, wherever it came from. */
  async #present(
    request: ImageRequest,
    image: ImageDetails,
    onProgress: TellProgress,
    signal: AbortSignal,
  ): Promise<AcquiredImage> {
    const { reference } = request;
    const digest = await this.#digestOf(request, image, signal);
    if (digest !== undefined) return this.#keep(reference, digest, image, signal);
    onProgress({
      level: 'Verbose',
      message: `Image ${reference} is on the worker only; it has no digest in a registry.`,
    });
    checkArchitecture(reference, image, await this.#engineVersion(signal));
    // By its id, so that a tag that is moved later changes nothing.
    return this.#acquired(reference, undefined, image.id, image);
  }

  /** Which of several digests of its repository the tag means, only the registry knows; one of an index is for all platforms. */
  async #digestOf(
    { reference, policy, credentials }: ImageRequest,
    image: ImageDetails,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const digests = digestsIn(image.repoDigests, reference);
    if (digests.length < 2 || policy === 'never') return digests[0];
    // Once: the content is here, so a registry that is away hinders nobody.
    const meant = await this.#engine.resolveImage(reference, credentials, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (kindOf(error) === undefined) throw error;
    });
    return digests.find((digest) => digest === meant?.digest) ?? digests[0];
  }

  async #keep(
    reference: string,
    digest: string,
    image: ImageDetails,
    signal: AbortSignal,
  ): Promise<AcquiredImage> {
    checkArchitecture(reference, image, await this.#engineVersion(signal));
    const local = keepName(digest);
    if (!image.repoTags.includes(local)) {
      const [repository = '', tag = ''] = splitKeepName(local);
      await this.#engine.tagImage(image.id, repository, tag, signal);
    }
    return this.#acquired(reference, digest, local, image);
  }

  async #acquired(
    reference: string,
    digest: string | undefined,
    local: string,
    image: ImageDetails,
  ): Promise<AcquiredImage> {
    this.#knowledge.remember(local, image);
    const { os, architecture } = image;
    return {
      reference,
      ...(digest === undefined ? {} : { digest }),
      local,
      os: os || (this.#version?.os ?? 'linux'),
      architecture: architecture || (this.#version?.architecture ?? ''),
    };
  }

  /** One digest names all platforms of an index, and perhaps only a foreign one of them is here. */
  async #runsHere({ os, architecture }: ImageDetails, signal: AbortSignal): Promise<boolean> {
    const worker = await this.#engineVersion(signal);
    if (os === '' || architecture === '') return true;
    return os === worker.os && architecture === worker.architecture;
  }

  async #engineVersion(signal: AbortSignal): Promise<EngineVersion> {
    this.#version ??= await this.#engine.version(signal);
    return this.#version;
  }
}

function splitKeepName(name: string): [string, string] {
  const colon = name.lastIndexOf(':');
  return [name.slice(0, colon), name.slice(colon + 1)];
}

function notPresent(reference: string): NotFound {
  return new NotFound(
    `Image ${reference} is not on the worker, and the pull policy is "never". Load it there, or choose another policy.`,
  );
}
