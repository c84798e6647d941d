/** A server with a feed whose registry is played, and a worker whose engine says what the test wants. */
import { ArgonautError, NotFound } from '@argonaut/contracts';
import type { AcquiredImage, ImageRequest, TellProgress } from '@argonaut/contracts/attempt';
import { expect } from 'vitest';
import { imageDirectory } from '../../src/connections/images.ts';
import { FakeWorker } from '../execution/fake-worker.ts';
import { type Content, makeImage, serve } from '../feeds/images.ts';
import { type Handler, type Stub, startStub } from '../feeds/stub.ts';
import { type FakeWork, fakeWork } from '../running/fake-work.ts';
import { makeProject, type StepWish } from '../running/project-under-test.ts';

/** What an engine passes on of a registry's answer, as the runner words it. */
export function registrySaid(
  kind: 'NotFound' | 'Unauthorised' | 'Unavailable' | 'InfrastructureFailure',
  said: string,
  details: Readonly<Record<string, unknown>> = {},
) {
  return new ArgonautError(kind, `The registry: ${said}.`, { details: { engineMessage: said, ...details } });
}

/** Knows what its registry's tags mean, and what was pulled. */
export class PullingWorker extends FakeWorker {
  /** Every request, in order. */
  readonly asked: ImageRequest[] = [];
  readonly present = new Set<string>();
  /** What the registry answers to this worker: the digest, or the error. */
  registry: (request: ImageRequest) => Promise<string> | string;

  constructor(registry: (request: ImageRequest) => Promise<string> | string) {
    super(() => ({}));
    this.registry = registry;
  }

  override async acquire(request: ImageRequest, _onProgress?: TellProgress): Promise<AcquiredImage> {
    this.asked.push(request);
    const { reference, policy } = request;
    let { digest } = request;
    if (digest === undefined || !this.present.has(digest)) {
      if (policy === 'never') throw new NotFound(`Image ${reference} is not on the worker.`);
      digest = await this.registry(request);
    }
    this.present.add(digest);
    return { reference, digest, local: `keep:${digest.slice(-8)}`, os: 'linux', architecture: 'amd64' };
  }
}

export interface ImagesUnderTest extends AsyncDisposable {
  readonly server: FakeWork;
  readonly stub: Stub;
  readonly worker: PullingWorker;
  readonly feed: string;
  /** What the registry has: image name, tag, content. */
  serves(images: Readonly<Record<string, Readonly<Record<string, Content>>>>): void;
  project(
    steps: readonly StepWish[],
    options?: Parameters<typeof makeProject>[2],
  ): ReturnType<typeof makeProject>;
  /** A step in an image of the feed. */
  step(image: string, more?: Partial<StepWish>): StepWish;
  /** A step whose image is built from this text. */
  built(dockerfile: string, more?: Partial<StepWish>): StepWish;
  /** @returns its id */
  environment(name: string): Promise<string>;
  /** Of the project as it is now. @returns its id */
  release(projectId: string): Promise<string>;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  deployed(releaseId: string, environmentId: string): Promise<any>;
  /** Asks for what the tag is now. */
  accept(release: string, body: object): ReturnType<FakeWork['call']>;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
  table(release: string): Promise<any[]>;
  /** Everything that stands in a task's log. */
  log(task: string): Promise<string>;
}

export const ANY: Content = makeImage({ os: 'linux', architecture: 'amd64' }).manifest;

export async function imagesUnderTest(handler: Handler = serve({})): Promise<ImagesUnderTest> {
  const stub = await startStub(handler);
  const worker = new PullingWorker(() => ANY.digest);
  const server = await fakeWork(undefined, {}, worker, (services) => ({ images: imageDirectory(services) }));
  const made = await server.call('POST', '/api/feeds', {
    Name: 'Our registry',
    FeedType: 'Docker',
    FeedUri: stub.origin,
    DownloadAttempts: 1,
  });
  return {
    server,
    stub,
    worker,
    feed: made.body.Id,
    serves(images) {
      stub.handler = serve(
        Object.fromEntries(
          Object.entries(images).map(([name, tags]) => [name, { tags, blobs: blobsOf(tags) }]),
        ),
      );
    },
    project: (steps, options) => makeProject(server, steps, options),
    step: (image, more = {}) => ({ name: image, script: 'true', image, feed: made.body.Id, ...more }),
    built: (Dockerfile, more = {}) => ({
      name: 'Builds',
      script: 'true',
      action: { Container: { Image: null, FeedId: null, GitUrl: null, Dockerfile } },
      ...more,
    }),
    environment: async (Name) => (await server.call('POST', '/api/environments', { Name })).body.Id,
    async release(projectId) {
      const answer = await server.call('POST', '/api/releases/create/v1', { ProjectName: projectId });
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      return answer.body.ReleaseId;
    },
    deployed: async (releaseId, environmentId) =>
      server.task((await server.deploy(releaseId, environmentId)).taskId),
    accept: (release, body) =>
      server.call('POST', `/api/argonaut/Spaces-1/releases/${release}/images/accept-current-digest`, body),
    table: async (release) =>
      (await server.get(`/api/argonaut/Spaces-1/releases/${release}/images`)).body.Items,
    log: async (task) => (await server.get(`/api/tasks/${task}/raw`)).body,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await stub[Symbol.asyncDispose]();
    },
  };
}

const images = new Map<string, ReturnType<typeof makeImage>>();

/** The manifest of an image that differs from others by this text. */
export function content(text: string): Content {
  const image = images.get(text) ?? makeImage({ os: 'linux', architecture: 'amd64' }, text);
  images.set(text, image);
  return image.manifest;
}

function blobsOf(tags: Readonly<Record<string, Content>>): Content[] {
  const digests = new Set(Object.values(tags).map(({ digest }) => digest));
  return [...images.values()]
    .filter(({ manifest }) => digests.has(manifest.digest))
    .map(({ config }) => config);
}

/** Of a digest table: image → digest. */
export const digests = (rows: readonly { readonly Image: string; readonly Digest: string | null }[]) =>
  Object.fromEntries(rows.map(({ Image, Digest }) => [Image, Digest]));
