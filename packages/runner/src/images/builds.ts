/**
 * Images that are built on the worker from a Dockerfile alone. An image is named by what it is made from, so the second run
 * builds nothing; the images it begins from are acquired as all others are (by digest, with the request's credentials,
 * kept under names of ours), and the build itself needs no registry and sees no credentials.
 */
import { ArgonautError, Invalid, NotFound } from '@argonaut/contracts';
import type {
  AcquiredImage,
  ImageBuild,
  ImageDigests,
  ImageRequest,
  PresentImage,
  TellProgress,
} from '@argonaut/contracts/attempt';
import { engineMessageOf, isConnectionError } from '../docker/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine, EngineVersion } from '../ports/engine.ts';
import { BuildReport } from './build-report.ts';
import {
  askedArguments,
  type BaseImage,
  baseImages,
  forPlatform,
  type Instruction,
  instructionsOf,
  platformArguments,
  refuseHereDocuments,
  withBases,
} from './dockerfile.ts';
import type { ImageKnowledge } from './knowledge.ts';
import { builtName } from './names.ts';
import { parseReference } from './reference.ts';
import { SharedPulls } from './shared-pulls.ts';
import type { ImageUses } from './uses.ts';

/** Compilers may be silent for long, so only the whole is limited. */
const buildDeadlineMs = 60 * 60_000;

export interface ImageBuildsOptions {
  readonly engine: Engine;
  readonly knowledge: ImageKnowledge;
  readonly uses: ImageUses;
  readonly clock: Clock;
  readonly version: (signal: AbortSignal) => Promise<EngineVersion>;
  /** Makes an image present that a Dockerfile begins from. */
  readonly acquire: (
    request: ImageRequest,
    onProgress: TellProgress,
    signal: AbortSignal,
  ) => Promise<AcquiredImage>;
}

/** An image to begin from, as it is here now. */
interface Begun {
  readonly base: BaseImage;
  readonly image: AcquiredImage;
}

interface ToBuild {
  readonly local: string;
  readonly begun: readonly Begun[];
  readonly version: EngineVersion;
  /** For the worker's platform. */
  readonly dockerfile: string;
}

export class ImageBuilds {
  readonly #options: ImageBuildsOptions;
  readonly #shared = new SharedPulls<void>();

  constructor(options: ImageBuildsOptions) {
    this.#options = options;
  }

  /**
   * What is fixed by a digest decides the name alone, so an image that is here needs no registry. What is not fixed is
   * what it was when this was asked for last; with `always` what it is now.
   * @throws Invalid with the line of the Dockerfile that failed and what it printed last; the error about an image to
   *   begin from says in `details.base` which one
   */
  async acquire(
    request: ImageRequest,
    build: ImageBuild,
    onProgress: TellProgress,
    signal: AbortSignal,
  ): Promise<PresentImage> {
    const { uses } = this.#options;
    const version = await this.#options.version(signal);
    refuseHereDocuments(build.dockerfile);
    const bases = baseImages(build.dockerfile, build.arguments, platformArguments(version));
    const dockerfile = forPlatform(build.dockerfile, version, build.arguments);
    const tagged = new Set(bases.filter(isTagged).map(({ reference }) => reference));
    const fixed = ofThose(tagged, Object.entries(build.digests ?? {}));
    const asked = builtName(build, version, fixed);
    const isFixed = [...tagged].every((reference) => Object.hasOwn(fixed, reference));

    const known = isFixed ? asked : request.policy === 'always' ? undefined : uses.lastOf(asked);
    const meant = isFixed ? fixed : known === undefined ? undefined : uses.basesOf(known);
    if (known !== undefined && meant !== undefined && (await this.#isHere(known, signal))) {
      return this.#acquired(request, version, { local: known, asked, bases: meant });
    }
    if (request.policy === 'never') {
      throw new NotFound(
        `${request.reference} is not on the worker, and its policy is "never". Choose another policy, so that it may be built.`,
      );
    }
    const begun: Begun[] = [];
    for (const base of bases) {
      begun.push({ base, image: await this.#begin(base, request, build, onProgress, signal) });
    }
    const identities = begun.map(({ base, image }) => [base.reference, image.digest ?? image.local] as const);
    const local = builtName(build, version, ofThose(tagged, identities));
    if (!(await this.#isHere(local, signal))) {
      await this.#shared.share(local, onProgress, signal, async (tell, building) => {
        const deadline = AbortSignal.any([building, AbortSignal.timeout(buildDeadlineMs)]);
        await this.#build(request, build, { local, begun, version, dockerfile }, tell, deadline);
      });
    }
    const digests = begun.flatMap(({ base, image: { digest } }) =>
      digest === undefined ? [] : [[base.reference, digest] as const],
    );
    return this.#acquired(request, version, { local, asked, bases: ofThose(tagged, digests) });
  }

  async #isHere(local: string, signal: AbortSignal): Promise<boolean> {
    const present = await this.#options.engine.inspectImage(local, signal);
    if (present !== undefined) this.#options.knowledge.remember(local, present);
    return present !== undefined;
  }

  #acquired(
    { reference }: ImageRequest,
    { os, architecture }: EngineVersion,
    { local, asked, bases }: { readonly local: string; readonly asked: string; readonly bases: ImageDigests },
  ): PresentImage {
    this.#options.uses.noteBuilt(local, bases, asked === local ? undefined : asked);
    return { reference, local, os, architecture, bases };
  }

  async #build(
    request: ImageRequest,
    build: ImageBuild,
    { local, begun, version, ...toBuild }: ToBuild,
    tell: TellProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const { engine, knowledge, clock } = this.#options;
    // Without a digest its name here is an id of the engine, which not every builder takes for an image.
    const names = begun.map(({ base, image }) => ({
      base,
      name: image.digest === undefined ? base.reference : image.local,
    }));
    const dockerfile = withBases(toBuild.dockerfile, names);
    const report = new BuildReport(request.reference, instructionsOf(build.dockerfile), tell, clock);
    try {
      await engine.buildImage(
        {
          name: local,
          dockerfile,
          platform: `${version.os}/${version.architecture}`,
          arguments: { ...askedArguments(dockerfile, platformArguments(version)), ...build.arguments },
          labels: {},
        },
        (output) => report.take(output),
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      throw buildError(error, request.reference, report);
    } finally {
      report.end();
    }
    const made = await engine.inspectImage(local, signal);
    if (!made)
      throw new NotFound(
        `${request.reference} was built, but the engine does not have it (pruned at once?).`,
      );
    knowledge.remember(local, made);
    report.done(made.sizeBytes);
  }

  async #begin(
    base: BaseImage,
    { policy }: ImageRequest,
    { credentials, digests }: ImageBuild,
    tell: TellProgress,
    signal: AbortSignal,
  ): Promise<AcquiredImage> {
    const { reference } = base;
    const { registry } = parsed(base);
    const own = credentials.find((candidate) => candidate.registry === registry);
    const digest = Object.hasOwn(digests ?? {}, reference) ? digests?.[reference] : undefined;
    const request = {
      reference,
      policy,
      ...(digest === undefined ? {} : { digest }),
      ...(own === undefined ? {} : { credentials: own }),
    };
    try {
      return await this.#options.acquire(request, tell, signal);
    } catch (error) {
      if (!(error instanceof ArgonautError)) throw error;
      const details = { ...error.details, base: reference };
      throw new ArgonautError(error.kind, error.message, { cause: error, details });
    }
  }
}

function isTagged(base: BaseImage): boolean {
  return parsed(base).digest === undefined;
}

function ofThose(
  references: ReadonlySet<string>,
  identities: readonly (readonly [string, string])[],
): ImageDigests {
  return Object.fromEntries(identities.filter(([reference]) => references.has(reference)));
}

function parsed({ reference, instruction }: BaseImage): ReturnType<typeof parseReference> {
  try {
    return parseReference(reference);
  } catch (cause) {
    throw new Invalid(
      `Line ${instruction.line} of the Dockerfile: "${reference}" is not an image reference.`,
      { cause },
    );
  }
}

/** The engine's words, the line they are about, and what the program printed last. */
function buildError(error: unknown, what: string, report: BuildReport): unknown {
  if (!(error instanceof ArgonautError) || isConnectionError(error)) return error;
  const { exitCode } = error.details;
  const { current, lastOutput } = report;
  const where =
    current === undefined
      ? ''
      : `line ${current.line} of its Dockerfile (${current.keyword} ${shortened(current.rest)}): `;
  const why =
    typeof exitCode === 'number' ? `the program ended with code ${exitCode}.` : `${engineMessageOf(error)}.`;
  const said = lastOutput === '' ? '' : ` Its last output:\n${lastOutput}`;
  const remedy = typeof exitCode === 'number' ? '' : remedyOf(engineMessageOf(error), current);
  return new Invalid(`${what} cannot be built: ${where}${why}${remedy}${said}`, {
    cause: error,
    details: { ...error.details, ...(current === undefined ? {} : { line: current.line }) },
  });
}

/** For what BuildKit would understand, or what would be there if the Dockerfile lay in a directory. */
function remedyOf(said: string, current: Instruction | undefined): string {
  if (/BuildKit/i.test(said)) return ' This build does not use BuildKit, so leave that out.';
  if (/no build stage/i.test(said)) return ' Begin it with FROM.';
  const { keyword = '', rest = '' } = current ?? {};
  const takesFiles = /^(COPY|ADD)$/.test(keyword) && !/(^|\s)--from=|:\/\//.test(rest);
  return takesFiles
    ? ' There are no files beside this Dockerfile: what it takes in has to come from an image (COPY --from=…), or be made by RUN.'
    : '';
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
