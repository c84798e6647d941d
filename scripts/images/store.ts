/**
 * The built images in the cache, keyed by everything that they are made from. One directory holds all of
 * them: `build.json` says which, blobs lie beside it under their digests.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { catalogue, type ImageSpec, type TestImage, testImageNames } from './catalogue.ts';
import { EPOCH, Layer } from './layer.ts';
import { type Architecture, nativeArchitecture, Packages } from './packages.ts';
import { Roots } from './roots.ts';

/** The label by which an engine shows what a loaded image was made from. */
export const BUILD_LABEL = 'argonaut-test.build';

export interface Blob {
  /** `sha256:…` */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

export interface BuiltLayer {
  /** The tar, as engines load it; its digest is the layer's diff id. */
  readonly tar: Blob;
  /** The same, compressed, as registries keep it. */
  readonly compressed: Blob;
}

export interface BuiltImage {
  readonly name: TestImage;
  readonly architecture: Architecture;
  readonly config: Blob;
  readonly layers: readonly BuiltLayer[];
}

/** Outside every work tree, so that clones share it. */
export function cacheDirectory(environment = process.env): string {
  return (
    environment.ARGONAUT_CACHE ?? join(environment.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'argonaut')
  );
}

export class ImageStore {
  readonly key: string;
  readonly images: readonly BuiltImage[];
  readonly #directory: string;

  private constructor(key: string, directory: string, images: readonly BuiltImage[]) {
    this.key = key;
    this.#directory = directory;
    this.images = images;
  }

  /** Opens the store for the present catalogue, building it first when the cache does not have it. */
  static async open(report: (line: string) => void = () => {}): Promise<ImageStore> {
    const home = join(cacheDirectory(), 'images');
    const key = await keyOfSources();
    const directory = join(home, key);
    const images = (await readBuild(directory)) ?? (await build(home, key, report));
    return new ImageStore(key, directory, images);
  }

  image(name: TestImage): BuiltImage {
    const image = this.images.find((candidate) => candidate.name === name);
    if (!image) throw new Error(`no test image ${name}; see scripts/images/catalogue.ts`);
    return image;
  }

  read(blob: Blob): Promise<Buffer> {
    return readFile(pathOf(this.#directory, blob.digest));
  }

  stream(blob: Blob) {
    return createReadStream(pathOf(this.#directory, blob.digest));
  }
}

/** A change of the catalogue, of the scripts, or of the architecture makes other images. */
async function keyOfSources(): Promise<string> {
  const hash = createHash('sha256').update(nativeArchitecture());
  for (const file of ['catalogue.ts', 'layer.ts', 'packages.ts', 'roots.ts', 'store.ts', 'musl/hello.c']) {
    hash.update(`\0${file}\0`).update(await readFile(join(import.meta.dirname, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function readBuild(directory: string): Promise<BuiltImage[] | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, 'build.json'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const pathOf = (directory: string, digest: string) => join(directory, digest.replace(':', '-'));

/** Builds into a directory of its own and moves it into place whole, so that no reader sees half a build. */
async function build(home: string, key: string, report: (line: string) => void): Promise<BuiltImage[]> {
  const work = join(home, `building-${randomUUID()}`);
  await mkdir(work, { recursive: true });
  try {
    const builder = new Builder(work, key, new Roots(new Packages(join(home, 'packages'))));
    const images: BuiltImage[] = [];
    for (const name of testImageNames) {
      report(`building ${name}`);
      images.push(await builder.image(name, catalogue[name]));
    }
    await writeFile(join(work, 'build.json'), JSON.stringify(images, null, 2));
    await rename(work, join(home, key)).catch((error: NodeJS.ErrnoException) => {
      // Somebody else was faster; equal keys mean equal images.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  // Read back: when two built at once, the one in place counts.
  const built = await readBuild(join(home, key));
  if (!built) throw new Error(`the test images were built but ${join(home, key)} is not there`);
  return built;
}

class Builder {
  readonly #directory: string;
  readonly #key: string;
  readonly #roots: Roots;
  readonly #packed = new Map<Layer, Promise<BuiltLayer>>();

  constructor(directory: string, key: string, roots: Roots) {
    this.#directory = directory;
    this.#key = key;
    this.#roots = roots;
  }

  async image(name: TestImage, spec: ImageSpec): Promise<BuiltImage> {
    const root = await this.#roots.get(spec.root);
    const layers = await Promise.all(root.layers.map((layer) => this.#layer(layer)));
    if (spec.files) layers.push(await this.#pack(new Layer().extra(spec.files)));
    const config = {
      architecture: root.architecture,
      os: 'linux',
      created: EPOCH.toISOString(),
      config: { ...spec.settings, Labels: { [BUILD_LABEL]: this.#key } },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.tar.digest) },
      history: layers.map(() => ({ created: EPOCH.toISOString(), created_by: 'scripts/images/build.ts' })),
    };
    return {
      name,
      architecture: root.architecture,
      config: await this.#keep(Buffer.from(JSON.stringify(config))),
      layers,
    };
  }

  /** Images that stand on the same root share its layers, packed once. */
  #layer(layer: Layer): Promise<BuiltLayer> {
    const known = this.#packed.get(layer);
    if (known) return known;
    const packed = this.#pack(layer);
    this.#packed.set(layer, packed);
    return packed;
  }

  async #pack(layer: Layer): Promise<BuiltLayer> {
    const tar = await layer.tar();
    return {
      tar: await this.#keep(tar),
      compressed: await this.#keep(await promisify(gzip)(tar, { level: 3 })),
    };
  }

  async #keep(content: Buffer): Promise<Blob> {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    await writeFile(pathOf(this.#directory, digest), content);
    return { digest, size: content.length };
  }
}
