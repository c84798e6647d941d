/**
 * What manifests say: media types, and the platforms that an index lists or one image is for. Pure.
 * Formats: OCI image specification 1.1; Docker image manifest version 2, schema 2.
 */

import { createHash } from 'node:crypto';
import { count, type Json, jsonOf, list, record, text } from './answers.ts';
import { InvalidAnswer, type Subject } from './errors.ts';
import { NotAnImage } from './image-errors.ts';

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const imageTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const configTypes = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

/** Asks for indexes first: a registry that can choose must not choose a platform for us. */
export const MANIFEST_ACCEPT = [...indexTypes, ...imageTypes].join(', ');

/** Most bytes of a manifest; registries and engines refuse larger ones. */
export const MANIFEST_LIMIT = 4 << 20;

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** Such as `v7` for arm; `null` when the image does not say. */
  readonly variant: string | null;
  /** The manifest of this platform. */
  readonly digest: string;
  /** Bytes to download (configuration and layers, compressed); `null` where only the index was read. */
  readonly size: number | null;
}

export type Manifest =
  | { readonly kind: 'index'; readonly mediaType: string; readonly platforms: readonly Platform[] }
  | { readonly kind: 'image'; readonly mediaType: string; readonly config: string; readonly size: number };

/** `sha256:…` of some bytes, in the algorithm of `like`. */
export function digestOf(body: Buffer, like: string): string {
  const algorithm = like.startsWith('sha512:') ? 'sha512' : 'sha256';
  return `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`;
}

/** @throws NotAnImage, InvalidAnswer */
export function parseManifest(body: Buffer, contentType: string | null, subject: Subject): Manifest {
  const json = jsonOf(body);
  if (json === null) throw new InvalidAnswer(subject, 'the manifest is no JSON object');
  const mediaType = text(json.mediaType) ?? contentType?.split(';')[0]?.trim() ?? '';
  if (count(json.schemaVersion) === 1) {
    throw new NotAnImage(
      subject,
      'it was pushed in the retired manifest format "schema 1", which current engines refuse',
      'Build and push it again with a current tool.',
    );
  }
  if (indexTypes.includes(mediaType) || (!imageTypes.includes(mediaType) && Array.isArray(json.manifests))) {
    return parseIndex(json, mediaType, subject);
  }
  return parseImage(json, mediaType, subject);
}

function parseIndex(json: Json, mediaType: string, subject: Subject): Manifest {
  const platforms: Platform[] = [];
  for (const entry of list(json.manifests)) {
    const descriptor = record(entry);
    const platform = record(descriptor?.platform);
    const digest = text(descriptor?.digest);
    const os = text(platform?.os);
    const architecture = text(platform?.architecture);
    // Build attestations stand in the index as a platform "unknown/unknown"; nobody can run them.
    if (digest === null || os === null || architecture === null || os === 'unknown') continue;
    platforms.push({ os, architecture, variant: text(platform?.variant) || null, digest, size: null });
  }
  if (platforms.length === 0) {
    throw new NotAnImage(subject, 'its index lists no platform', 'Push an image for at least one platform.');
  }
  return { kind: 'index', mediaType, platforms };
}

function parseImage(json: Json, mediaType: string, subject: Subject): Manifest {
  const config = record(json.config);
  const digest = text(config?.digest);
  if (digest === null || !Array.isArray(json.layers)) {
    throw new InvalidAnswer(subject, `the manifest ("${mediaType}") has no configuration or no layers`);
  }
  const configType = text(config?.mediaType) ?? '';
  if (!configTypes.includes(configType)) {
    throw new NotAnImage(
      subject,
      `it is an artifact of the type "${text(json.artifactType) ?? configType}"`,
      'Choose an image; charts and other artifacts cannot be run.',
    );
  }
  const layers = list(json.layers).map((layer) => count(record(layer)?.size) ?? 0);
  const size = layers.reduce((sum, layer) => sum + layer, count(config?.size) ?? 0);
  return { kind: 'image', mediaType, config: digest, size };
}

/** The platform that an image's configuration says it is for. @throws InvalidAnswer */
export function platformOfConfig(config: Buffer, digest: string, size: number, subject: Subject): Platform {
  const json = jsonOf(config);
  const os = text(json?.os);
  const architecture = text(json?.architecture);
  if (!os || !architecture) throw new InvalidAnswer(subject, 'the image does not say its platform');
  return { os, architecture, variant: text(json?.variant) || null, digest, size };
}

/** `linux/arm/v7`: how Docker writes a platform. */
export function platformName(platform: Pick<Platform, 'os' | 'architecture' | 'variant'>): string {
  return [platform.os, platform.architecture, platform.variant].filter((part) => part !== null).join('/');
}
