/**
 * Takes a package in: the first file of a multipart body, whatever its part is called, streamed into a blob while it is
 * hashed. The archive is not looked into: a worker checks it when it unpacks it.
 */
import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { ArgonautError, Invalid } from '@argonaut/contracts';
import type { Services } from '../services.ts';
import { type PackageName, readFileName } from './file-name.ts';

/** 10 GiB: the largest package, in bytes. */
export const PACKAGE_LIMIT = 10 * 1024 ** 3;

/** How long an upload may stand still, in milliseconds. */
const STALL = 120_000;

export interface ReceivedFile {
  readonly name: PackageName;
  readonly blobKey: string;
  readonly size: number;
  readonly sha1: string;
  readonly sha256: string;
}

/**
 * @param wanted asked as soon as the name is known; false: the rest is read and thrown away
 * @returns undefined when it was not wanted
 * @throws Invalid without a file, or with a name that says nothing; TooLarge
 */
export async function receiveFile(
  services: Services,
  request: { readonly body: unknown; readonly contentType: string | undefined },
  wanted: (name: PackageName) => Promise<boolean>,
): Promise<ReceivedFile | undefined> {
  const { body, contentType } = request;
  if (!(body instanceof Readable) || !/^multipart\/form-data\b/i.test(contentType ?? '')) {
    throw new Invalid(
      'Send the package as multipart/form-data with one file, whose name is like "Acme.Web.1.0.0.zip".',
    );
  }
  const { fileName, content } = await firstFile(body, contentType ?? '');
  try {
    const name = readFileName(fileName);
    if (!(await wanted(name))) {
      for await (const _ of content);
      return undefined;
    }
    return await store(services, name, content);
  } catch (error) {
    // The client goes on sending; what nobody reads would keep it, and us, waiting.
    content.resume();
    throw error;
  }
}

async function store(services: Services, name: PackageName, content: Readable): Promise<ReceivedFile> {
  const [sha1, sha256] = [createHash('sha1'), createHash('sha256')];
  let size = 0;
  async function* measured(): AsyncGenerator<Buffer> {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > PACKAGE_LIMIT) {
        throw new ArgonautError('TooLarge', `The package is larger than ${PACKAGE_LIMIT} bytes. Split it.`);
      }
      sha1.update(chunk);
      sha256.update(chunk);
      yield chunk;
    }
  }
  const blobKey = `packages/${randomUUID()}`;
  await services.blobs.put(blobKey, Readable.from(measured(), { objectMode: false }));
  return { name, blobKey, size, sha1: sha1.digest('hex'), sha256: sha256.digest('hex') };
}

/** Its name without any directories, and its bytes, which fail when the body ends early or stands still. */
async function firstFile(
  body: Readable,
  contentType: string,
): Promise<{ fileName: string; content: Readable }> {
  // Loaded with the first upload: it takes some MB.
  const { Busboy } = await import('@fastify/busboy');
  return new Promise((resolve, reject) => {
    const parser = new Busboy({
      headers: { 'content-type': contentType },
      limits: { fields: 100, parts: 200 },
    });
    let content: Readable | undefined;
    let idle: NodeJS.Timeout | undefined;
    const fail = (error: Error) => {
      clearTimeout(idle);
      if (content === undefined) reject(error);
      else content.destroy(error);
    };
    const broken = (why: string) => new Invalid(`The upload could not be read: ${why}. Send it again.`);
    const watch = () => {
      clearTimeout(idle);
      idle = setTimeout(() => fail(broken(`nothing arrived for ${STALL / 1000} s`)), STALL);
    };
    parser.on('file', (_part, stream, fileName) => {
      if (content !== undefined || !fileName) return stream.resume();
      content = stream;
      // Whoever reads it hears of errors too; nobody may be reading yet.
      stream.on('error', () => {});
      resolve({ fileName, content: stream });
    });
    parser.once('finish', () => {
      clearTimeout(idle);
      if (content === undefined)
        reject(new Invalid('The request holds no file. Send the package as a file part.'));
    });
    parser.once('error', (error) => fail(broken(error instanceof Error ? error.message : 'it is damaged')));
    body.on('data', watch);
    body.once('error', (error) => fail(broken(error.message)));
    body.once('close', () => {
      if (!body.readableEnded) fail(broken('the connection ended in the middle'));
    });
    watch();
    body.pipe(parser);
  });
}
