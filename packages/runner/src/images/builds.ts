/**
 * Images that are built on the worker from a Dockerfile alone. An image is named by what it is made from, so the second run
 * builds nothing; the images it begins from are acquired as all others are (by digest, with the request's credentials,
 * kept under names of ours), and the build itself needs no registry and sees no credentials.
 */
import { createHash } from 'node:crypto';
import { ArgonautError, Invalid, NotFound } from '@argonaut/contracts';
import type { AcquiredImage, ImageBuild, ImageRequest, TellProgress } from '@argonaut/contracts/attempt';
import { engineMessageOf, isConnectionError } from '../docker/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Engine, EngineVersion } from '../ports/engine.ts';
import { BuildReport } from './build-report.ts';
import { baseImages, instructionsOf, withBases } from './dockerfile.ts';
import type { ImageKnowledge } from './knowledge.ts';
import { builtRepository } from './names.ts';
import { parseReference } from './reference.ts';
import { SharedPulls } from './shared-pulls.ts';

/** Compilers may be silent for long, so only the whole is limited. */
const buildDeadlineMs = 60 * 60_000;

export interface ImageBuildsOptions {
  readonly engine: Engine;
  readonly knowledge: ImageKnowledge;
  readonly clock: Clock;
  readonly version: (signal: AbortSignal) => Promise<EngineVersion>;
  /** Makes an image present that a Dockerfile begins from. */
  readonly acquire: (
    request: ImageRequest,
    onProgress: TellProgress,
    signal: AbortSignal,
  ) => Promise<AcquiredImage>;
}

type Platform = Pick<EngineVersion, 'os' | 'architecture'>;

/** The content decides the name: Dockerfile, arguments, platform. */
export function builtName(build: Pick<ImageBuild, 'dockerfile' | 'arguments'>, platform: Platform): string {
  const facts = [
    build.dockerfile,
    Object.entries(build.arguments).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    platform.os,
    platform.architecture,
  ];
  return `${builtRepository}:${createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 40)}`;
}

export class ImageBuilds {
  readonly #options: ImageBuildsOptions;
  readonly #shared = new SharedPulls<AcquiredImage>();

  constructor(options: ImageBuildsOptions) {
    this.#options = options;
  }

  /**
   * `always`: the images it begins from are asked for anew, and what they changed is built anew.
   * @throws Invalid with the line of the Dockerfile that failed and what it printed last
   */
  async acquire(
    request: ImageRequest,
    build: ImageBuild,
    onProgress: TellProgress,
    signal: AbortSignal,
  ): Promise<AcquiredImage> {
    const { engine } = this.#options;
    const version = await this.#options.version(signal);
    const local = builtName(build, version);
    const present = request.policy === 'always' ? undefined : await engine.inspectImage(local, signal);
    if (present !== undefined) {
      this.#options.knowledge.remember(local, present);
      return acquired(request, local, version);
    }
    if (request.policy === 'never') {
      throw new NotFound(
        `${request.reference} is not on the worker, and its policy is "never". Choose another policy, so that it may be built.`,
      );
    }
    return this.#shared.share(local, onProgress, signal, async (tell, building) => {
      const deadline = AbortSignal.any([building, AbortSignal.timeout(buildDeadlineMs)]);
      await this.#build(request, build, local, version, tell, deadline);
      return acquired(request, local, version);
    });
  }

  async #build(
    request: ImageRequest,
    build: ImageBuild,
    local: string,
    version: EngineVersion,
    tell: TellProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const { engine, knowledge, clock } = this.#options;
    const dockerfile = await this.#withAcquiredBases(request, build, tell, signal);
    const report = new BuildReport(request.reference, instructionsOf(build.dockerfile), tell, clock);
    try {
      await engine.buildImage(
        {
          name: local,
          dockerfile,
          platform: `${version.os}/${version.architecture}`,
          arguments: build.arguments,
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

  async #withAcquiredBases(
    request: ImageRequest,
    build: ImageBuild,
    tell: TellProgress,
    signal: AbortSignal,
  ): Promise<string> {
    const names: Parameters<typeof withBases>[1][number][] = [];
    for (const base of baseImages(build.dockerfile, build.arguments)) {
      const { registry } = parsedBase(base.reference, base.instruction.line);
      const credentials = build.credentials.find((candidate) => candidate.registry === registry);
      const image = await this.#options.acquire(
        {
          reference: base.reference,
          policy: request.policy,
          ...(credentials === undefined ? {} : { credentials }),
        },
        tell,
        signal,
      );
      // Without a digest its name here is an id of the engine, which not every builder takes for an image.
      names.push({ base, name: image.digest === undefined ? base.reference : image.local });
    }
    return withBases(build.dockerfile, names);
  }
}

function parsedBase(reference: string, line: number): ReturnType<typeof parseReference> {
  try {
    return parseReference(reference);
  } catch (cause) {
    throw new Invalid(`Line ${line} of the Dockerfile: "${reference}" is not an image reference.`, { cause });
  }
}

function acquired(request: ImageRequest, local: string, { os, architecture }: Platform): AcquiredImage {
  return { reference: request.reference, local, os, architecture };
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
  return new Invalid(`${what} cannot be built: ${where}${why}${said}`, {
    cause: error,
    details: { ...error.details, ...(current === undefined ? {} : { line: current.line }) },
  });
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
