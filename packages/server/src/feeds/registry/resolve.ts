/**
 * From a tag to content that cannot change: the digest, and the platforms it can run on. Every byte that is used
 * is checked against its digest.
 *
 * A HEAD request asks for the digest first: it is quick, and Docker Hub does not count it as a pull. What a digest
 * means never changes, so it is read once per client.
 */

import { apiRepository } from './endpoint.ts';
import { InvalidAnswer, RegistryError } from './errors.ts';
import { DigestMismatch, DigestNotFound, RepositoryNotFound, TagNotFound } from './image-errors.ts';
import { listTags } from './listing.ts';
import {
  digestOf,
  MANIFEST_ACCEPT,
  MANIFEST_LIMIT,
  type Manifest,
  type Platform,
  parseManifest,
  platformOfConfig,
} from './manifests.ts';
import { checkDigest, checkRepository, checkTag } from './reference.ts';
import type { Session } from './session.ts';
import { nearestTags } from './tags.ts';
import type { Answer, Call } from './transport.ts';

export interface ResolvedImage {
  /** What was asked for: of the index, if the image has several platforms. Pull by it. */
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of the manifest or index itself. */
  readonly size: number;
  /** At least one. */
  readonly platforms: readonly Platform[];
}

/** An image configuration holds history and environment; this is far above any that an engine makes, in bytes. */
const configLimit = 16 << 20;
/** Tags that are compared with one that is missing. */
const tagsCompared = 10_000;
/** Digests remembered per client. */
const mostRemembered = 500;

export interface Resolver {
  /** @throws any fault of this room */
  resolve(call: Call, repository: string, tagOrDigest: string): Promise<ResolvedImage>;
  /** Bytes to download for one platform of an index. */
  downloadSize(call: Call, repository: string, digest: string): Promise<number>;
}

export function createResolver(session: Session): Resolver {
  const remembered = new Map<string, ResolvedImage>();

  async function resolve(call: Call, repository: string, tagOrDigest: string): Promise<ResolvedImage> {
    const name = apiRepository(session.endpoint, checkRepository(repository, repository));
    const reference = tagOrDigest.includes(':')
      ? checkDigest(`${repository}@${tagOrDigest}`, tagOrDigest)
      : checkTag(`${repository}:${tagOrDigest}`, tagOrDigest);
    const digest = await headDigest(session, call, name, reference);
    const known = digest === null ? undefined : remembered.get(`${name}@${digest}`);
    if (known !== undefined) return known;
    const resolved = await read(session, call, name, digest ?? reference);
    if (remembered.size >= mostRemembered) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(`${name}@${resolved.digest}`, resolved);
    return resolved;
  }

  async function downloadSize(call: Call, repository: string, digest: string): Promise<number> {
    const { manifest } = await readManifest(
      session,
      call,
      apiRepository(session.endpoint, repository),
      digest,
    );
    if (manifest.kind === 'image') return manifest.size;
    throw new InvalidAnswer(call.subject, `${digest} should be the image of one platform and is an index`);
  }

  return { resolve, downloadSize };
}

/** The digest by HEAD; `null` when the registry does not tell it that way. */
async function headDigest(
  session: Session,
  call: Call,
  name: string,
  reference: string,
): Promise<string | null> {
  const answer = await ask(session, call, 'HEAD', name, reference);
  if (answer.status === 404) await throwMissing(session, call, name, reference);
  const digest = answer.status === 200 ? answer.headers.get('docker-content-digest') : null;
  if (digest === null || !/^sha(?:256:[a-f0-9]{64}|512:[a-f0-9]{128})$/.test(digest)) return null;
  if (reference.includes(':') && digest !== reference && digest.slice(0, 6) === reference.slice(0, 6)) {
    throw new DigestMismatch(call.subject, reference, digest);
  }
  return reference.includes(':') ? reference : digest;
}

async function read(session: Session, call: Call, name: string, reference: string): Promise<ResolvedImage> {
  const { manifest, digest, size } = await readManifest(session, call, name, reference);
  const { mediaType } = manifest;
  if (manifest.kind === 'index') return { digest, mediaType, size, platforms: manifest.platforms };
  const config = await session.ask(
    {
      method: 'GET',
      url: session.url(`${name}/blobs/${manifest.config}`),
      scope: scopeOf(name),
      limit: configLimit,
    },
    call,
  );
  if (config.status !== 200) {
    throw new InvalidAnswer(
      call.subject,
      `its manifest names a configuration that is not there (status ${config.status})`,
    );
  }
  verify(call, config.body, manifest.config);
  return {
    digest,
    mediaType,
    size,
    platforms: [platformOfConfig(config.body, digest, manifest.size, call.subject)],
  };
}

async function readManifest(
  session: Session,
  call: Call,
  name: string,
  reference: string,
): Promise<{ manifest: Manifest; digest: string; size: number }> {
  const answer = await ask(session, call, 'GET', name, reference);
  if (answer.status === 404) await throwMissing(session, call, name, reference);
  if (answer.status !== 200)
    throw new InvalidAnswer(call.subject, `status ${answer.status} for its manifest`);
  const expected = reference.includes(':') ? reference : answer.headers.get('docker-content-digest');
  if (expected !== null) verify(call, answer.body, expected);
  const manifest = parseManifest(answer.body, answer.headers.get('content-type'), call.subject);
  return { manifest, digest: expected ?? digestOf(answer.body, 'sha256:'), size: answer.body.length };
}

function ask(
  session: Session,
  call: Call,
  method: 'GET' | 'HEAD',
  name: string,
  reference: string,
): Promise<Answer> {
  const url = session.url(`${name}/manifests/${reference}`);
  return session.ask(
    { method, url, scope: scopeOf(name), accept: MANIFEST_ACCEPT, limit: MANIFEST_LIMIT },
    call,
  );
}

function scopeOf(name: string): string {
  return `repository:${name}:pull`;
}

function verify(call: Call, body: Buffer, expected: string): void {
  const actual = digestOf(body, expected);
  if (actual !== expected) throw new DigestMismatch(call.subject, expected, actual);
}

/**
 * Says what is missing, the image or the tag. The error code of the answer does not tell: distribution answers
 * `MANIFEST_UNKNOWN` for both. The list of tags does.
 */
async function throwMissing(session: Session, call: Call, name: string, reference: string): Promise<never> {
  const tags = await tagsIfListable(session, call, name);
  if (reference.includes(':')) throw new DigestNotFound(call.subject, reference);
  throw new TagNotFound(call.subject, reference, tags && nearestTags(reference, tags));
}

async function tagsIfListable(session: Session, call: Call, name: string): Promise<readonly string[] | null> {
  try {
    return (await listTags(session, call, name, tagsCompared)).names;
  } catch (error) {
    if (!(error instanceof RegistryError) || error instanceof RepositoryNotFound) throw error;
    return null;
  }
}
