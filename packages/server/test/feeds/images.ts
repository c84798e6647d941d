/** Images made of a few bytes, and a handler that serves them as a registry does. */

import { createHash } from 'node:crypto';
import { type Handler, refuse, reply } from './stub.ts';

export interface Content {
  readonly body: Buffer;
  readonly digest: string;
  readonly mediaType: string;
}

export interface Image {
  readonly manifest: Content;
  readonly config: Content;
  readonly layer: Content;
  /** Configuration and layers. */
  readonly downloadSize: number;
}

export interface PlatformFields {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';

export function content(mediaType: string, value: unknown): Content {
  const body = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  return { mediaType, body, digest: `sha256:${createHash('sha256').update(body).digest('hex')}` };
}

export function makeImage(platform: PlatformFields, layerText = 'a layer'): Image {
  const config = content(OCI_CONFIG, { ...platform, config: {}, rootfs: { type: 'layers', diff_ids: [] } });
  const layer = content(OCI_LAYER, Buffer.from(layerText));
  const manifest = content(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor(config),
    layers: [descriptor(layer)],
  });
  return { manifest, config, layer, downloadSize: config.body.length + layer.body.length };
}

export function makeIndex(entries: readonly { image: Image; platform: PlatformFields }[]): Content {
  return content(OCI_INDEX, {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: entries.map(({ image, platform }) => ({ ...descriptor(image.manifest), platform })),
  });
}

export function descriptor({ mediaType, digest, body }: Content): object {
  return { mediaType, digest, size: body.length };
}

export interface Repository {
  readonly tags: Readonly<Record<string, Content>>;
  /** Manifests that only a digest names. */
  readonly manifests?: readonly Content[];
  readonly blobs?: readonly Content[];
}

/** Serves repositories as Debian's `docker-registry` does, without authentication. */
export function serve(
  repositories: Readonly<Record<string, Repository>>,
  { tellsDigests = true }: { readonly tellsDigests?: boolean } = {},
): Handler {
  return ({ method, path }, response) => {
    const { pathname } = new URL(path, 'http://stub');
    if (pathname === '/v2/')
      return reply(response, 200, {}, { 'docker-distribution-api-version': 'registry/2.0' });
    if (pathname === '/v2/_catalog') return reply(response, 200, { repositories: Object.keys(repositories) });
    const [, name = '', kind, reference = ''] =
      /^\/v2\/(.+)\/(tags|manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    const repository = repositories[name];
    if (kind === 'tags') {
      if (repository === undefined)
        return refuse(response, 404, 'NAME_UNKNOWN', 'repository name not known to registry');
      return reply(response, 200, { name, tags: Object.keys(repository.tags) });
    }
    const found = repository && find(repository, kind ?? '', reference);
    if (found === undefined)
      return refuse(response, 404, kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN');
    response.writeHead(200, {
      'content-type': found.mediaType,
      'content-length': String(found.body.length),
      ...(tellsDigests ? { 'docker-content-digest': found.digest } : {}),
    });
    response.end(method === 'HEAD' ? undefined : found.body);
  };
}

function find(repository: Repository, kind: string, reference: string): Content | undefined {
  const byDigest = (contents: readonly Content[]) => contents.find(({ digest }) => digest === reference);
  if (kind === 'blobs') return byDigest(repository.blobs ?? []);
  return (
    repository.tags[reference] ??
    byDigest(Object.values(repository.tags)) ??
    byDigest(repository.manifests ?? [])
  );
}
