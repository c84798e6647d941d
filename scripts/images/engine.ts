/**
 * Loads built images into an engine through its API, as one archive in the format of `docker save`.
 * Layers that several images share are in it once.
 */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { repositoryOf, type TestImage, testImages } from './catalogue.ts';
import { BUILD_LABEL, type BuiltImage, type ImageStore } from './store.ts';

/** Loading everything takes a few seconds; an engine that needs longer than this is not well. */
const LOAD_DEADLINE_MS = 180_000;

/** Which of the store's images the engine lacks, or has from another build. */
export async function missingImages(docker: Docker, store: ImageStore): Promise<BuiltImage[]> {
  const present = await docker.listImages({ filters: { label: [`${BUILD_LABEL}=${store.key}`] } });
  const tags = new Set(present.flatMap((image) => image.RepoTags ?? []));
  return store.images.filter((image) => !tags.has(testImages[image.name]));
}

/** Loads what is missing and returns the names of what it loaded. */
export async function loadImages(docker: Docker, store: ImageStore): Promise<TestImage[]> {
  const missing = await missingImages(docker, store);
  if (missing.length === 0) return [];
  const archive = pack();
  const writing = writeArchive(archive, store, missing);
  const answer = await docker.loadImage(Readable.from(archive), {
    quiet: true,
    abortSignal: AbortSignal.timeout(LOAD_DEADLINE_MS),
  });
  const lines: string[] = [];
  answer.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
  await Promise.all([writing, finished(answer)]);
  const left = await missingImages(docker, store);
  if (left.length > 0) {
    const names = left.map((image) => image.name).join(', ');
    throw new Error(
      `the engine did not take the test images ${names}. It answered: ${lines.join('').trim()}`,
    );
  }
  // What the names pointed at before has none now.
  await docker.pruneImages({ filters: { dangling: ['true'], label: [BUILD_LABEL] } });
  return missing.map((image) => image.name);
}

async function writeArchive(archive: ReturnType<typeof pack>, store: ImageStore, images: BuiltImage[]) {
  const written = new Set<string>();
  const write = async (name: string, content: Buffer) => {
    if (written.has(name)) return;
    written.add(name);
    await new Promise<void>((resolve, reject) => {
      archive.entry({ name }, content, (error) => (error ? reject(error) : resolve()));
    });
  };
  const hex = (digest: string) => digest.replace('sha256:', '');
  for (const image of images) {
    await write(`${hex(image.config.digest)}.json`, await store.read(image.config));
    for (const { tar } of image.layers) await write(`${hex(tar.digest)}/layer.tar`, await store.read(tar));
  }
  const manifest = images.map((image) => ({
    Config: `${hex(image.config.digest)}.json`,
    RepoTags: [`${repositoryOf(image.name)}:1`],
    Layers: image.layers.map(({ tar }) => `${hex(tar.digest)}/layer.tar`),
  }));
  await write('manifest.json', Buffer.from(JSON.stringify(manifest)));
  archive.finalize();
}
