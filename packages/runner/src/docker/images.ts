/** The engine's image calls. */
import type { Readable } from 'node:stream';
import { NotFound, TimedOut } from '@argonaut/contracts';
import type { RegistryCredentials, ResolvedImage } from '@argonaut/contracts/attempt';
import type { ImageDetails, PullProgress } from '../ports/engine.ts';
import { registryAuth } from './auth.ts';
import type { EngineCalls } from './calls.ts';
import { answerError } from './errors.ts';
import { list, number, record, text, texts } from './json.ts';
import { lines } from './json-lines.ts';
import { programSettings } from './program-settings.ts';

const pullHeadDeadlineMs = 120_000;
/** A pull may stand still while a large layer is unpacked; then nothing is sent for minutes. */
const pullStallMs = 15 * 60_000;
const registryDeadlineMs = 30_000;

function segment(reference: string): string {
  return reference.split('/').map(encodeURIComponent).join('/');
}

function details(value: unknown): ImageDetails {
  const image = record(value);
  return {
    id: text(image.Id),
    repoTags: texts(image.RepoTags),
    repoDigests: texts(image.RepoDigests),
    os: text(image.Os),
    architecture: text(image.Architecture),
    ...programSettings(record(image.Config)),
    sizeBytes: number(image.Size),
  };
}

export async function inspectImage(
  calls: EngineCalls,
  reference: string,
  signal: AbortSignal,
): Promise<ImageDetails | undefined> {
  const found = await calls.find(
    { method: 'GET', path: `/images/${segment(reference)}/json`, subject: `looking at image ${reference}` },
    signal,
  );
  return found === undefined ? undefined : details(found);
}

/** Images in any state, without the configuration that only `inspectImage` tells. */
export async function listImages(calls: EngineCalls, signal: AbortSignal): Promise<readonly ImageDetails[]> {
  const found = await calls.json({ method: 'GET', path: '/images/json', subject: 'listing images' }, signal);
  return list(found).map(details);
}

export async function resolveImage(
  calls: EngineCalls,
  reference: string,
  credentials: RegistryCredentials | undefined,
  signal: AbortSignal,
): Promise<ResolvedImage> {
  const answer = record(
    await calls.json(
      {
        method: 'GET',
        path: `/distribution/${segment(reference)}/json`,
        subject: `asking the registry for ${reference}`,
        headers: registryAuth(reference, credentials),
        deadlineMs: registryDeadlineMs,
      },
      signal,
    ),
  );
  const digest = text(record(answer.Descriptor).digest);
  if (digest === '') throw new NotFound(`The registry names no digest for ${reference}.`);
  return {
    reference,
    digest,
    platforms: list(answer.Platforms).map((entry) => {
      const platform = record(entry);
      return { os: text(platform.os), architecture: text(platform.architecture) };
    }),
  };
}

/** Errors of the registry come in the stream, behind a 200. */
export async function pullImage(
  calls: EngineCalls,
  reference: string,
  options: { readonly platform?: string; readonly credentials?: RegistryCredentials },
  onProgress: (line: PullProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const subject = `pulling ${reference}`;
  const stall = new StallWatch(subject);
  const watched = AbortSignal.any([signal, stall.signal]);
  try {
    await pull(calls, reference, options, subject, stall.passing(onProgress), watched);
  } finally {
    stall.end();
  }
}

async function pull(
  calls: EngineCalls,
  reference: string,
  options: { readonly platform?: string; readonly credentials?: RegistryCredentials },
  subject: string,
  onProgress: (line: PullProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const answer = await calls.send(
    {
      method: 'POST',
      path: '/images/create',
      query: { fromImage: reference, platform: options.platform },
      subject,
      headers: registryAuth(reference, options.credentials),
      deadlineMs: pullHeadDeadlineMs,
    },
    signal,
  );
  const broken = (cause: Error): Error =>
    signal.aborted ? (signal.reason as Error) : calls.broken(subject, cause);
  for await (const line of lines(answer, broken)) {
    const entry = record(line);
    if (entry.error !== undefined || entry.errorDetail !== undefined) {
      const detail = record(entry.errorDetail);
      throw answerError(subject, number(detail.code) || 500, text(detail.message) || text(entry.error));
    }
    const progress = record(entry.progressDetail);
    const id = text(entry.id);
    onProgress({
      status: text(entry.status),
      ...(id ? { layer: id } : {}),
      ...(progress.current !== undefined ? { currentBytes: number(progress.current) } : {}),
      ...(progress.total !== undefined ? { totalBytes: number(progress.total) } : {}),
    });
  }
}

/** Ends a pull that has said nothing for very long: neither registries nor engines do that by themselves. */
class StallWatch {
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(subject: string) {
    this.#timer = setTimeout(() => {
      const minutes = pullStallMs / 60_000;
      this.#stop.abort(new TimedOut(`${subject}: nothing has moved for ${minutes} minutes.`));
    }, pullStallMs);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  passing(onProgress: (line: PullProgress) => void): (line: PullProgress) => void {
    return (line) => {
      this.#timer.refresh();
      onProgress(line);
    };
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

export async function tagImage(
  calls: EngineCalls,
  reference: string,
  repository: string,
  tag: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.done(
    {
      method: 'POST',
      path: `/images/${segment(reference)}/tag`,
      query: { repo: repository, tag },
      subject: `tagging image ${reference}`,
    },
    signal,
  );
}

export async function removeImage(calls: EngineCalls, reference: string, signal: AbortSignal): Promise<void> {
  await calls.done(
    {
      method: 'DELETE',
      path: `/images/${segment(reference)}`,
      subject: `removing image ${reference}`,
      accept: [404],
    },
    signal,
  );
}

export async function loadImage(calls: EngineCalls, tar: Readable, signal: AbortSignal): Promise<void> {
  const subject = 'loading an image';
  const answer = await calls.send(
    {
      method: 'POST',
      path: '/images/load',
      query: { quiet: '1' },
      subject,
      body: tar,
      headers: { 'content-type': 'application/x-tar' },
    },
    signal,
  );
  for await (const line of lines(answer, (cause) => calls.broken(subject, cause))) {
    const entry = record(line);
    if (entry.error !== undefined) throw answerError(subject, 500, text(entry.error));
  }
}
