/**
 * Pushes built images to a registry over its HTTP API (OCI distribution specification 1.1, "Pushing").
 * No engine is involved, so a registry can also hold what this machine's engine could not run.
 */
import { createHash } from 'node:crypto';
import { repositoryOf, type TestImage, testImageNames } from './catalogue.ts';
import type { Blob, BuiltImage, ImageStore } from './store.ts';

export interface RegistryAddress {
  /** For example `127.0.0.1:5000`; plain HTTP. */
  readonly host: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** The image with one manifest for each architecture, see {@link RegistryWriter.pushMultiPlatform}. */
export const multiPlatformRepository = 'argonaut-test/multi';

const DOCKER = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};
const OCI = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

const CALL_DEADLINE_MS = 60_000;

export class RegistryWriter {
  readonly #address: RegistryAddress;
  readonly #store: ImageStore;

  constructor(address: RegistryAddress, store: ImageStore) {
    this.#address = address;
    this.#store = store;
  }

  /**
   * Pushes images as `<host>/argonaut-test/<name>:<tag>` with Docker's media types.
   * @returns the manifest digests by name
   */
  async push(names: readonly TestImage[] = testImageNames, tag = '1'): Promise<Map<TestImage, string>> {
    // Together: a registry spends most of an upload waiting for its disk.
    const digests = names.map(async (name): Promise<[TestImage, string]> => {
      const { digest } = await this.#pushImage(repositoryOf(name), this.#store.image(name), DOCKER, tag);
      return [name, digest];
    });
    return new Map(await Promise.all(digests));
  }

  /**
   * Pushes `<host>/argonaut-test/multi:<tag>`: an OCI index with busybox for amd64 and arm64.
   * @returns the digest of the index and of each platform's manifest
   */
  async pushMultiPlatform(tag = '1') {
    const repository = multiPlatformRepository;
    const images = [this.#store.image('busybox'), this.#store.image('foreign')];
    const manifests = [];
    for (const image of images) {
      const { digest, size } = await this.#pushImage(repository, image, OCI);
      const platform = { os: 'linux', architecture: image.architecture };
      manifests.push({ mediaType: OCI.manifest, digest, size, platform });
    }
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    const { digest } = await this.#putManifest(repository, tag, OCI_INDEX, index);
    return {
      repository,
      digest,
      platforms: manifests.map((manifest) => ({
        architecture: manifest.platform.architecture,
        digest: manifest.digest,
      })),
    };
  }

  async #pushImage(repository: string, image: BuiltImage, types: typeof DOCKER, tag?: string): Promise<Blob> {
    for (const { compressed } of image.layers) await this.#pushBlob(repository, compressed);
    await this.#pushBlob(repository, image.config);
    const manifest = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: { mediaType: types.config, ...image.config },
      layers: image.layers.map(({ compressed }) => ({ mediaType: types.layer, ...compressed })),
    };
    return this.#putManifest(repository, tag, types.manifest, manifest);
  }

  async #pushBlob(repository: string, blob: Blob): Promise<void> {
    const present = await this.#call('HEAD', `${repository}/blobs/${blob.digest}`, [200, 404]);
    if (present.status === 200) return;
    const upload = await this.#call('POST', `${repository}/blobs/uploads/`, [202]);
    const location = new URL(upload.headers.get('location') ?? '', `http://${this.#address.host}`);
    location.searchParams.set('digest', blob.digest);
    await this.#call('PUT', location, [201], 'application/octet-stream', await this.#store.read(blob));
  }

  async #putManifest(
    repository: string,
    tag: string | undefined,
    type: string,
    manifest: object,
  ): Promise<Blob> {
    const body = Buffer.from(JSON.stringify(manifest));
    const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
    await this.#call('PUT', `${repository}/manifests/${tag ?? digest}`, [201], type, body);
    return { digest, size: body.length };
  }

  async #call(method: string, path: string | URL, expected: number[], type?: string, body?: Buffer) {
    const { host, credentials } = this.#address;
    const url = typeof path === 'string' ? new URL(`/v2/${path}`, `http://${host}`) : path;
    const headers = new Headers();
    if (type) headers.set('content-type', type);
    if (credentials) {
      const { username, password } = credentials;
      headers.set('authorization', `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
    }
    const response = await fetch(url, {
      method,
      headers,
      signal: AbortSignal.timeout(CALL_DEADLINE_MS),
      ...(body ? { body: new Uint8Array(body) } : {}),
    });
    if (!expected.includes(response.status)) {
      const answer = (await response.text()).trim();
      throw new Error(`registry ${host}: ${method} ${url.pathname} answered ${response.status}: ${answer}`);
    }
    await response.arrayBuffer();
    return response;
  }
}
