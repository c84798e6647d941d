/**
 * Unpacks an archive into a directory of its own. Whole or not at all: whatever is refused, fails or is cancelled leaves
 * no directory. Every file is made new (`O_EXCL`, which follows no link), links are made last, owners and special bits
 * of the archive are not taken over.
 */
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ArgonautError, messageOf, NotFound } from '@argonaut/contracts';
import type { Files } from '../ports/files.ts';
import { ArchiveFile } from './archive-file.ts';
import type { Archive, Entry } from './entries.ts';
import { checkLinkTarget, checkPath } from './entry-path.ts';
import { PackageRefused, shown } from './errors.ts';
import { DEFAULT_LIMITS, excess, type UnpackLimits } from './limits.ts';
import { openTarArchive } from './tar.ts';

/** Whoever runs the step may use what is its own: only the worker's user may enter the directory above. */
const DIRECTORY_MODE = 0o777;
const FILE_MODE = 0o666;
/** Files up to this size are written several at once: on a worker that is far away each takes four answers. */
const SMALL = 256 * 1024;
const AT_ONCE = 16;

export interface UnpackOptions {
  /** Where both the archive and the directory are. */
  readonly files: Files;
  /** What messages call it: `Acme.Web 1.0.0`. */
  readonly packageName: string;
  /** Absolute path of the archive. What it is, its first bytes say; only `.nupkg` is known by its name. */
  readonly file: string;
  readonly extension: string;
  /** Absolute path; must not exist. Its parent must, and only the worker's user may write there. */
  readonly into: string;
  readonly limits?: UnpackLimits;
  readonly signal: AbortSignal;
}

export interface Unpacked {
  readonly files: number;
  /** Of all files together. */
  readonly bytes: number;
}

/** @throws PackageRefused (the archive), InfrastructureFailure (the worker), the signal's reason */
export async function unpackPackage(options: UnpackOptions): Promise<Unpacked> {
  const { files, file, into, packageName, signal } = options;
  await using opened = await files.openFile(file, signal);
  if (!opened) throw new NotFound(`The file of the package "${packageName}" is not on the worker.`);
  const archiveFile = await ArchiveFile.of(opened, signal);
  await using archive = await openArchive(options, archiveFile);
  try {
    await files.makeDirectory(into, DIRECTORY_MODE, signal);
    const unpacking = new Unpacking(options, archiveFile.size);
    try {
      for await (const entry of archive.entries()) {
        signal.throwIfAborted();
        await unpacking.add(entry);
      }
    } finally {
      await unpacking.written();
    }
    await unpacking.makeLinks();
    return unpacking.result;
  } catch (error) {
    await files.remove(into, AbortSignal.timeout(CLEANUP_MS)).catch(() => {});
    signal.throwIfAborted();
    throw error;
  }
}

const CLEANUP_MS = 60_000;

class Unpacking {
  readonly #options: UnpackOptions;
  readonly #limits: UnpackLimits;
  readonly #archiveBytes: number;
  /** What every path in the archive is. */
  readonly #kinds = new Map<string, 'file' | 'directory' | 'link'>([['', 'directory']]);
  readonly #links: { readonly path: string; readonly target: string }[] = [];
  readonly #writing = new Set<Promise<void>>();
  #failure: unknown;
  #entries = 0;
  #files = 0;
  #bytes = 0;

  constructor(options: UnpackOptions, archiveBytes: number) {
    this.#options = options;
    this.#archiveBytes = archiveBytes;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
  }

  get result(): Unpacked {
    return { files: this.#files, bytes: this.#bytes };
  }

  async add(entry: Entry): Promise<void> {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries)
      throw this.#refused(`it has more than ${this.#limits.entries} entries`);
    const path = this.#checked(entry.name);
    if (entry.kind === 'other') throw this.#about(entry, 'is neither a file, a directory nor a link');
    if (entry.kind === 'directory' || path === '') {
      await this.#directory(path);
      return;
    }
    await this.#directory(dirname(path) === '.' ? '' : dirname(path));
    this.#claim(path, entry.kind === 'symlink' ? 'link' : 'file');
    if (entry.kind === 'file') await this.#write(path, entry);
    else if (entry.kind === 'symlink') this.#remember(path, entry);
    else await this.#share(path, entry);
  }

  /** Resolves when every file is there. */
  async written(): Promise<void> {
    await Promise.all(this.#writing);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Last, so that nothing was ever written through one. */
  async makeLinks(): Promise<void> {
    const { files, into, signal } = this.#options;
    for (const { path, target } of this.#links) await files.makeLink(join(into, path), target, signal);
  }

  async #directory(path: string): Promise<void> {
    const known = this.#kinds.get(path);
    if (known === 'directory') return;
    if (known !== undefined) throw this.#refused('it has a file and a directory of one name');
    const above = dirname(path);
    await this.#directory(above === '.' ? '' : above);
    this.#kinds.set(path, 'directory');
    const { files, into, signal } = this.#options;
    await files.makeDirectory(join(into, path), DIRECTORY_MODE, signal);
  }

  #claim(path: string, kind: 'file' | 'link'): void {
    const known = this.#kinds.get(path);
    if (known === 'directory') throw this.#refused('it has a file and a directory of one name');
    if (known !== undefined) throw this.#refused('it has two entries of one name');
    this.#kinds.set(path, kind);
  }

  async #write(path: string, entry: Entry): Promise<void> {
    const { files, into, signal } = this.#options;
    const mode = FILE_MODE | ((entry.mode ?? 0) & 0o111);
    const content = this.#counted(entry);
    this.#files += 1;
    if (entry.size === undefined || entry.size > SMALL) {
      await files.createFile(join(into, path), mode, content, signal);
      return;
    }
    const bytes = await buffer(content);
    const writing = files
      .createFile(join(into, path), mode, [bytes], signal)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    if (this.#writing.size >= AT_ONCE) await Promise.race(this.#writing);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async *#counted(entry: Entry): AsyncGenerator<Uint8Array> {
    const { signal } = this.#options;
    try {
      const content = await entry.content();
      for await (const chunk of content as AsyncIterable<Uint8Array>) {
        signal.throwIfAborted();
        this.#bytes += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      if (error instanceof ArgonautError || signal.aborted) throw error;
      throw this.#about(entry, `is damaged (${messageOf(error)})`);
    }
  }

  #remember(path: string, entry: Entry): void {
    const target = entry.target ?? '';
    const { problem } = checkLinkTarget(path, target);
    if (problem !== undefined) throw this.#about(entry, `is a link to "${shown(target)}", which ${problem}`);
    this.#links.push({ path, target });
  }

  /** A second name of a file that this archive has brought, never of one that was there before: as a file of its own. */
  async #share(path: string, entry: Entry): Promise<void> {
    const target = this.#checked(entry.target ?? '');
    if (target === path || this.#kinds.get(target) !== 'file')
      throw this.#about(entry, `is a link to "${shown(target)}", which is no file before it`);
    await this.written();
    const { files, into, signal } = this.#options;
    const { size = 0 } = (await files.stat(join(into, target), signal)) ?? {};
    this.#bytes += size;
    const problem = excess(this.#limits, this.#archiveBytes, this.#bytes);
    if (problem !== undefined) throw this.#refused(problem);
    await files.copy(join(into, target), join(into, path), signal);
    this.#files += 1;
  }

  #checked(name: string): string {
    const checked = checkPath(name, this.#limits.depth);
    if ('problem' in checked) throw this.#refused(`the name "${shown(name)}" in it ${checked.problem}`);
    return checked.path;
  }

  #about(entry: Entry, clause: string): PackageRefused {
    return this.#refused(`its entry "${shown(entry.name)}" ${clause}`);
  }

  #refused(reason: string): PackageRefused {
    return new PackageRefused(this.#options.packageName, reason);
  }
}

/** By its first bytes. @throws PackageRefused */
async function openArchive(options: UnpackOptions, file: ArchiveFile): Promise<Archive> {
  const { packageName, limits = DEFAULT_LIMITS, extension } = options;
  const head = await file.head(512);
  const starts = (...bytes: number[]) => bytes.every((byte, at) => head[at] === byte);
  const common = { packageName, file, limits };
  if (starts(0x50, 0x4b, 3, 4) || starts(0x50, 0x4b, 5, 6)) {
    // Loaded with the first zip: its library takes some MB.
    const { openZipArchive } = await import('./zip.ts');
    return openZipArchive({ ...common, percentEncoded: extension.toLowerCase() === '.nupkg' });
  }
  if (starts(0x1f, 0x8b)) return openTarArchive({ ...common, gzip: true });
  // The mark of POSIX and of GNU; archives from before 1988 have none.
  if (Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar')
    return openTarArchive({ ...common, gzip: false });
  throw new PackageRefused(
    packageName,
    'it is neither a zip (also nupkg, jar), a tar nor a tar.gz file',
    'Push it in one of these forms, or let the step take it without unpacking.',
  );
}
