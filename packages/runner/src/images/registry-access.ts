/**
 * What is asked of registries, through the engine: what a reference means, and the content itself. One question, and one
 * pull, for everybody who waits for the same; credentials that are refused are refused for all who have equal ones.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { NotFound } from '@argonaut/contracts';
import type {
  ImageRequest,
  RegistryCredentials,
  ResolvedImage,
  TellProgress,
} from '@argonaut/contracts/attempt';
import { engineMessageOf } from '../docker/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine, EngineVersion, ImageDetails } from '../ports/engine.ts';
import { checkPlatforms } from './platform.ts';
import { PullReport } from './progress.ts';
import { byDigest, parseReference, repositoryName } from './reference.ts';
import { isSettled, registryError, withRetries } from './registry-trouble.ts';
import { SharedPulls } from './shared-pulls.ts';

export interface RegistryAccessOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly version: (signal: AbortSignal) => Promise<EngineVersion>;
}

/** `T`: what becomes of a pulled image. */
export class RegistryAccess<T> {
  readonly #options: RegistryAccessOptions;
  readonly #questions = new SharedPulls<ResolvedImage>();
  readonly #pulls = new SharedPulls<T>();
  /** Of this process only: what is made with it tells credentials apart and says nothing of them. */
  readonly #seal = randomBytes(32);

  constructor(options: RegistryAccessOptions) {
    this.#options = options;
  }

  /** The digest and platforms of a reference. Errors say which reference, what is wrong and what to do. */
  ask(
    reference: string,
    { credentials }: Pick<ImageRequest, 'credentials'>,
    onProgress: TellProgress,
    signal: AbortSignal,
  ): Promise<ResolvedImage> {
    const { engine, clock } = this.#options;
    const who = this.#who(credentials);
    const question = JSON.stringify([reference, who]);
    return this.#questions.share(
      question,
      onProgress,
      signal,
      async (tell, asking) => {
        const what = ['asking', `Asking the registry for ${reference}`] as const;
        try {
          return await withRetries(clock, asking, tell, what, () =>
            engine.resolveImage(reference, credentials, asking),
          );
        } catch (error) {
          asking.throwIfAborted();
          throw registryError(error, reference, credentials !== undefined);
        }
      },
      { who, from: reference },
    );
  }

  /** @param done what is to be done with it, once for all who wait */
  pull(
    request: ImageRequest,
    resolved: ResolvedImage,
    onProgress: TellProgress,
    signal: AbortSignal,
    done: (pulled: ImageDetails, version: EngineVersion, pulling: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#pulls.share(
      resolved.digest,
      onProgress,
      signal,
      async (tell, pulling) => {
        const version = await this.#options.version(pulling);
        checkPlatforms(request.reference, resolved, version);
        return done(await this.#pull(request, resolved, tell, pulling), version, pulling);
      },
      {
        who: this.#who(request.credentials),
        from: repositoryName(parseReference(request.reference)),
      },
    );
  }

  async #pull(
    request: ImageRequest,
    { digest }: ResolvedImage,
    tell: TellProgress,
    pulling: AbortSignal,
  ): Promise<ImageDetails> {
    const { engine, clock } = this.#options;
    const { reference, credentials } = request;
    const exact = byDigest(reference, digest);
    const report = new PullReport(reference, digest, tell, clock);
    const pull = () =>
      engine.pullImage(exact, credentials ? { credentials } : {}, (line) => report.take(line), pulling);
    try {
      await withRetries(clock, pulling, tell, ['pulling', `Pulling ${reference}`], async () => {
        try {
          await pull();
        } catch (error) {
          if (!isTakenByOtherPlatform(error)) throw error;
          await engine.removeImage(exact, pulling);
          await pull();
        }
      });
    } catch (error) {
      pulling.throwIfAborted();
      // The status of a failed pull says little; `/distribution` tells the reasons apart.
      if (!isSettled(error)) await this.ask(exact, request, tell, pulling);
      throw registryError(error, reference, credentials !== undefined, 'pulling');
    }
    const pulled = await engine.inspectImage(exact, pulling);
    if (!pulled)
      throw new NotFound(`Image ${exact} was pulled, but the engine does not have it (pruned at once?).`);
    report.done(pulled.sizeBytes);
    return pulled;
  }

  /** Equal for equal credentials. */
  #who(credentials: RegistryCredentials | undefined): string {
    if (credentials === undefined) return '';
    const { username, password } = credentials;
    return createHmac('sha256', this.#seal)
      .update(JSON.stringify([username, password.reveal()]))
      .digest('hex');
  }
}

/**
 * The classic image store has one image under a digest. When somebody pulled another platform of the index, it gives
 * the name to nothing else (20.10 and 28.5 alike), and a pull fails after all layers came.
 */
function isTakenByOtherPlatform(error: unknown): boolean {
  return /cannot overwrite digest/i.test(engineMessageOf(error));
}
