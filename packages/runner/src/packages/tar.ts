/** Tar archives, also compressed by gzip. They are read once, from the front, and counted while they are unpacked. */
import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { messageOf } from '@argonaut/contracts';
import tar from 'tar-stream';
import type { ArchiveFile } from './archive-file.ts';
import type { Archive, Entry } from './entries.ts';
import { PackageRefused } from './errors.ts';
import { excess, type UnpackLimits } from './limits.ts';

const KINDS: Readonly<Record<string, Entry['kind']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'hardlink',
};

export interface TarOptions {
  readonly packageName: string;
  readonly file: ArchiveFile;
  readonly limits: UnpackLimits;
  readonly gzip: boolean;
}

export function openTarArchive(options: TarOptions): Archive {
  const source = Readable.from(options.file.bytes());
  const extract = tar.extract();
  return {
    entries: () => read(source, extract, options),
    [Symbol.asyncDispose]: async () => {
      source.destroy();
      extract.destroy();
    },
  };
}

async function* read(source: Readable, extract: tar.Extract, options: TarOptions): AsyncGenerator<Entry> {
  const { packageName } = options;
  const unpack = options.gzip ? createGunzip() : new PassThrough();
  let failure: unknown;
  // Its failure reaches the loop below through the last stream, without its cause.
  const flow = pipeline(source, unpack, counter(options), extract as unknown as NodeJS.WritableStream).catch(
    (error: unknown) => {
      failure = error;
      extract.destroy();
    },
  );
  try {
    for await (const entry of extract) {
      const { name, type, mode, linkname, size } = entry.header;
      const kind = KINDS[type ?? 'file'] ?? 'other';
      const content = async () => Readable.from(entry);
      yield {
        name,
        kind,
        mode,
        ...(size === undefined ? {} : { size }),
        ...(linkname ? { target: linkname } : {}),
        content,
      };
      entry.resume();
    }
    await flow;
  } catch (error) {
    throw refusal(failure ?? error, packageName);
  }
  if (failure !== undefined) throw refusal(failure, packageName);
}

function counter({ packageName, file, limits }: TarOptions): Transform {
  let total = 0;
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      total += chunk.length;
      const problem = excess(limits, file.size, total);
      if (problem === undefined) done(null, chunk);
      else done(new PackageRefused(packageName, problem));
    },
  });
}

function refusal(error: unknown, packageName: string): unknown {
  if (error instanceof PackageRefused) return error;
  return new PackageRefused(packageName, `it is damaged (${messageOf(error)})`);
}
