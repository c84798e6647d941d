/**
 * Zip archives, and nupkg, which are zips whose names are percent-encoded. The directory at the end is read first, and
 * everything it claims is judged before a byte is unpacked; yauzl holds each entry to its claimed size.
 */

import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { InfrastructureFailure, messageOf } from '@argonaut/contracts';
import yauzl from 'yauzl';
import type { ArchiveFile } from './archive-file.ts';
import type { Archive, Entry } from './entries.ts';
import { PackageRefused, shown } from './errors.ts';
import { excess, type UnpackLimits } from './limits.ts';

/** Upper byte of "version made by": the attributes are POSIX's (PKWARE APPNOTE 4.4.2). */
const MADE_ON_UNIX = 3;
const TYPE_MASK = 0o170000;
const TYPES: ReadonlyMap<number, Entry['kind']> = new Map([
  [0, 'file'],
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
]);
/** Longest target of a link, in bytes (limits.h, PATH_MAX). */
const PATH_MAX = 4096;
/** Size of a local header without its names (PKWARE APPNOTE 4.3.7). */
const LOCAL_HEADER = 30;

export interface ZipOptions {
  readonly packageName: string;
  readonly file: ArchiveFile;
  readonly limits: UnpackLimits;
  /** Names as nupkg writes them: `a%20b`. */
  readonly percentEncoded: boolean;
}

/** @throws PackageRefused */
export async function openZipArchive(options: ZipOptions): Promise<Archive> {
  const { packageName, file } = options;
  const zip = await openZip(file).catch((error: unknown) => {
    if (error instanceof InfrastructureFailure) throw error;
    throw new PackageRefused(packageName, `it is no zip file that can be read (${messageOf(error)})`);
  });
  try {
    const directory = await readDirectory(zip, options);
    return {
      entries: () => convert(zip, directory, options),
      [Symbol.asyncDispose]: async () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

function openZip(file: ArchiveFile): Promise<yauzl.ZipFile> {
  const options = { lazyEntries: true, autoClose: false, strictFileNames: true, validateEntrySizes: true };
  return new Promise((resolve, reject) => {
    yauzl.fromRandomAccessReader(new ZipReader(file), file.size, options, (error, zip) =>
      error ? reject(error) : resolve(zip),
    );
  });
}

/** yauzl's way to read a file that it did not open itself. */
class ZipReader extends yauzl.RandomAccessReader {
  readonly #file: ArchiveFile;

  constructor(file: ArchiveFile) {
    super();
    this.#file = file;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#file.bytes(start, end), { objectMode: false });
  }

  override close(done: (error: Error | null) => void): void {
    done(null);
  }
}

/** All entries, after everything that they claim was found possible. */
async function readDirectory(zip: yauzl.ZipFile, options: ZipOptions): Promise<yauzl.Entry[]> {
  const { packageName, file, limits } = options;
  const tooMany = new PackageRefused(packageName, `it has more than ${limits.entries} entries`);
  if (zip.entryCount > limits.entries) throw tooMany;
  const entries = await new Promise<yauzl.Entry[]>((resolve, reject) => {
    const found: yauzl.Entry[] = [];
    zip.on('entry', (entry: yauzl.Entry) => {
      found.push(entry);
      if (found.length > limits.entries) reject(tooMany);
      else zip.readEntry();
    });
    zip.once('end', () => resolve(found));
    zip.once('error', (error: unknown) => reject(new PackageRefused(packageName, messageOf(error))));
    zip.readEntry();
  });
  const problem = excess(
    limits,
    file.size,
    entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0),
  );
  if (problem !== undefined) throw new PackageRefused(packageName, problem);
  refuseOverlaps(entries, packageName);
  return entries;
}

/** Entries that share bytes multiply them: https://www.bamsoftware.com/hacks/zipbomb/ */
function refuseOverlaps(entries: readonly yauzl.Entry[], packageName: string): void {
  const byPlace = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  let end = 0;
  for (const entry of byPlace) {
    if (entry.relativeOffsetOfLocalHeader < end) {
      throw new PackageRefused(packageName, `its entry "${shown(entry.fileName)}" shares bytes with another`);
    }
    end = entry.relativeOffsetOfLocalHeader + LOCAL_HEADER + entry.compressedSize;
  }
}

async function* convert(
  zip: yauzl.ZipFile,
  directory: readonly yauzl.Entry[],
  { packageName, percentEncoded }: ZipOptions,
): AsyncGenerator<Entry> {
  const openStream = (entry: yauzl.Entry) =>
    new Promise<Readable>((resolve, reject) => {
      zip.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream)));
    });
  for (const entry of directory) {
    const name = percentEncoded ? decoded(entry.fileName) : entry.fileName;
    if (entry.isEncrypted()) {
      throw new PackageRefused(
        packageName,
        `its entry "${shown(name)}" is encrypted`,
        'Build it without a password.',
      );
    }
    const content = async () => {
      try {
        return await openStream(entry);
      } catch (error) {
        throw new PackageRefused(packageName, `its entry "${shown(name)}" is damaged (${messageOf(error)})`);
      }
    };
    const isUnix = entry.versionMadeBy >>> 8 === MADE_ON_UNIX;
    const attributes = isUnix ? entry.externalFileAttributes >>> 16 : 0;
    const kind = name.endsWith('/') ? 'directory' : (TYPES.get(attributes & TYPE_MASK) ?? 'other');
    const mode = attributes === 0 ? undefined : attributes & 0o777;
    if (kind !== 'symlink') {
      yield { name, kind, mode, size: entry.uncompressedSize, content };
      continue;
    }
    if (entry.uncompressedSize > PATH_MAX) {
      throw new PackageRefused(packageName, `the target of its link "${shown(name)}" is too long`);
    }
    yield { name, kind, mode, target: await text(await content()), content: async () => Readable.from([]) };
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
